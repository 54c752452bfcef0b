/** What invoices and their notes must come to: the bill of the same period by all that is known at the end. */
import type { Account, Instant, Truth } from '../truth.ts'
import { nextBill } from './bills.ts'
import { monthAround } from './calendar.ts'
import { type Known, worldOf } from './known.ts'
import { exact, majorText, minor, taxOn } from './money.ts'

interface Period {
  from: Instant
  to: Instant
}
/** An invoice and the notes on it, as they were issued. */
export interface Billed {
  account: string
  number: string
  period: Period
  rate: string
  documents: readonly {
    sign: bigint
    tax: string
    rates: readonly string[]
    lines: readonly { key: string; net: string }[]
  }[]
}

/** What differs, in words; periods that hold unpriced usage or a gap that nobody accepted are left as they were. */
export function noteDifferences(truth: Truth, billed: readonly Billed[]): string[] {
  const known: Known = { world: worldOf(truth), at: truth.end, decisions: truth.decisions }
  const wrong = billed.flatMap((one) => inInvoice(one, truth, known))
  return [...wrong, ...truth.accounts.flatMap((account) => inBetween(account, billed, known))]
}

const billFor = (account: Account, { from, to }: Period, known: Known) => nextBill(account, from, to, known)

function inInvoice({ account, number, period, rate, documents }: Billed, truth: Truth, known: Known): string[] {
  const { currency } = truth
  const buyer = truth.accounts.find(({ key }) => key === account)
  const due = buyer && billFor(buyer, period, known)
  if (!due || due.refused) return due ? [] : [`The oracle bills nothing in the period of ${number}.`]
  const wanted = new Map<string, bigint>()
  for (const { machine, component, net } of due.bill.lines)
    add(wanted, `${machine} ${component}`, minor(exact(net), currency))
  const found = new Map<string, bigint>()
  let tax = 0n
  for (const one of documents) {
    tax += one.sign * minor(exact(one.tax), currency)
    for (const { key, net } of one.lines) add(found, key, one.sign * minor(exact(net), currency))
  }
  const wrong: string[] = []
  const text = (amount: bigint) => majorText(amount, currency)
  for (const key of new Set([...wanted.keys(), ...found.keys()])) {
    const [is, was] = [wanted.get(key) ?? 0n, found.get(key) ?? 0n]
    if (is !== was) wrong.push(`${number} with its notes bills ${text(was)} for ${key}, expected ${text(is)}.`)
  }
  const net = [...wanted.values()].reduce((sum, one) => sum + one, 0n)
  if (tax !== taxOn(net, rate, currency))
    wrong.push(`${number} with its notes taxes ${text(tax)}, expected ${text(taxOn(net, rate, currency))}.`)
  if (documents.some(({ rates }) => rates.some((one) => one !== rate)))
    wrong.push(`A note on ${number} has another rate than ${rate}.`)
  return wrong
}

function add(sums: Map<string, bigint>, key: string, amount: bigint): void {
  sums.set(key, (sums.get(key) ?? 0n) + amount)
}

/** Between the beginning of a contract and its last invoice nothing that was used is left unbilled. */
function inBetween(account: Account, billed: readonly Billed[], known: Known): string[] {
  const own = billed.filter((one) => one.account === account.key).map(({ period }) => period)
  const wrong: string[] = []
  let from = account.contract_from
  for (const { from: begin, to } of own.toSorted((a, b) => a.from - b.from)) {
    while (from < begin) {
      const end = Math.min(begin, monthAround(from, account.zone).to)
      const missed = billFor(account, { from, to: end }, known)
      if (missed && !missed.refused && missed.bill.net !== majorText(0n, known.world.truth.currency))
        wrong.push(`${account.key} was never billed ${missed.bill.net} from ${new Date(from).toISOString()} on.`)
      from = end
    }
    from = to
  }
  return wrong
}
