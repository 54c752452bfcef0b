/** Invoices that were asked for while everything broke, and the next bills: beside what the oracle says, and proven by the verifier. */
import { type Bill, billOf } from './bill.ts'
import type { Fleet } from './fleet.ts'
import type { Ticks } from './oracle.ts'
import type { Site } from './site.ts'

interface Document {
  number?: string
  account_id: string
  period: { from: string; to: string }
  totals: { net: string; tax: string; total: string }
  lines: { resource: { name: string }; meter: string; quantity: string; net: string; unobserved_ms: number }[]
}
interface Issued extends Document {
  id: string
  number: string
  issued_at: string
}
export interface Observed {
  fleet: Fleet
  account_id: string
  ticks: Ticks
}

const minor = (text: string): bigint => BigInt(text.replace('.', ''))

/** All invoices with their lines, in the order of their numbers. */
export async function invoicesOf(site: Site): Promise<Issued[]> {
  const { items } = await site.must<{ items: Issued[] }>('GET', '/invoices?limit=500')
  const whole = await Promise.all(items.map(({ id }) => site.must<Issued>('GET', `/invoices/${id}`)))
  return whole.toSorted((a, b) => (a.number < b.number ? -1 : 1))
}

export async function documentDifferences(site: Site, observed: readonly Observed[], end: number): Promise<string[]> {
  const invoices = await invoicesOf(site)
  const wrong = numbering(invoices)
  for (const account_id of new Set(observed.map((one) => one.account_id))) {
    const own = observed.filter((one) => one.account_id === account_id)
    const issued = invoices.filter((invoice) => invoice.account_id === account_id)
    for (const [index, invoice] of issued.entries()) {
      wrong.push(...follows(invoice, issued[index - 1]), ...against(own, invoice, `invoice ${invoice.number}`))
    }
    const as_of = new Date(end).toISOString()
    if (issued.at(-1)?.period.to === as_of) continue
    const draft = await site.must<Document>('GET', `/accounts/${account_id}/draft?as_of=${as_of}`)
    const name = `the draft of ${own.map(({ fleet }) => fleet.host).join(' and ')}`
    wrong.push(...follows({ ...draft, number: name }, issued.at(-1)), ...against(own, draft, name))
  }
  return [...wrong, ...(await verified(site))]
}

/** Gapless, unique, in the order of issue. */
function numbering(invoices: readonly Issued[]): string[] {
  const numbers = invoices.map(({ number }) => Number(number.split('-').at(-1)))
  const wrong = numbers.flatMap((number, index) =>
    number === index + 1 ? [] : [`invoice ${index + 1} has the number ${invoices[index]?.number}`],
  )
  const late = invoices.filter(({ issued_at }, index) => issued_at < (invoices[index - 1]?.issued_at ?? ''))
  return [...wrong, ...late.map(({ number }) => `${number} was issued before the number before it`)]
}

const follows = ({ number, period }: Pick<Issued, 'number' | 'period'>, before: Issued | undefined): string[] =>
  !before || before.period.to === period.from
    ? []
    : [`${number} begins at ${period.from}, and the invoice before it ended at ${before.period.to}`]

function against(own: readonly Observed[], found: Document, name: string): string[] {
  const period = { from: Date.parse(found.period.from), to: Date.parse(found.period.to) }
  const expected = billOf(own, period)
  return [...lines(expected, found, name), ...totals(expected, found, name)]
}

function lines(expected: Bill, found: Document, name: string): string[] {
  const billed = new Map(
    found.lines
      .filter((line) => line.quantity !== '0')
      .map((line): [string, typeof line] => [`${line.resource.name} ${line.meter}`, line]),
  )
  return [...new Set([...expected.lines.keys(), ...billed.keys()])].flatMap((key) => {
    const [want, is] = [expected.lines.get(key), billed.get(key)]
    if (!want || !is) return [`${name}: the line ${key} is ${is ? 'billed and was not used' : 'missing'}`]
    const wrong = (what: string, a: unknown, b: unknown) =>
      String(a) === String(b) ? [] : [`${name}: ${what} of ${key}: expected ${a}, found ${b}`]
    return [
      ...wrong('quantity', want.quantity, is.quantity),
      ...wrong('net in cents', want.net_minor, minor(is.net)),
      ...(want.unobserved_ms === null ? [] : wrong('unobserved milliseconds', want.unobserved_ms, is.unobserved_ms)),
    ]
  })
}

function totals(expected: Bill, { totals: is }: Document, name: string): string[] {
  const { net_minor, tax_minor } = expected
  const wrong = (what: string, want: bigint, found: string) =>
    want === minor(found) ? [] : [`${name}: ${what} in cents: expected ${want}, found ${minor(found)}`]
  return [
    ...wrong('net', net_minor, is.net),
    ...wrong('tax', tax_minor, is.tax),
    ...wrong('total', net_minor + tax_minor, is.total),
  ]
}

/** Every document, recomputed by the product's own verifier: hashes, sums, leaves. */
const verified = (site: Site): Promise<string[]> =>
  site.command(['control-plane/cli.ts', 'verify']).then(
    () => [],
    (error: unknown) => [`the verifier objects: ${error instanceof Error ? error.message : String(error)}`],
  )
