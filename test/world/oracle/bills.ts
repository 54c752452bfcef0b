/** Bills by brute force: each account's period cut wherever anything changes, each piece priced by what held in it. */
import type { OutcomeBill, OutcomeGap, OutcomeLine, OutcomeVersion } from '../outcome.ts'
import type { Account, Instant, Machine } from '../truth.ts'
import { monthAround } from './calendar.ts'
import { ownerAt, type Price, priceAt, pricesOf, transfersOf } from './decided.ts'
import { coveredIn } from './eyes.ts'
import { isHeldBack, lossesOf, policyOf, told, type Unobserved } from './gaps.ts'
import type { Known } from './known.ts'
import { type Meter, METERS } from './meters.ts'
import { exact, type Exact, lowest, majorText, minor, taxOn, times } from './money.ts'
import { silences } from './silence.ts'
import { flowsOf, type Flow, type Gap, HOUR_MS, usageIn } from './usage.ts'
import { observed } from './versions.ts'

interface Period {
  from: Instant
  to: Instant
}
/** A stretch in which owner, price and the eye that counts are the same. */
interface Piece extends Period {
  price: Price | null
}
export interface Billed {
  bill: OutcomeBill
  /** owned usage for which no price held, or a gap that must be accepted first: nothing may be issued */
  refused: boolean
}

/**
 * From the end of the last invoice up to `as_of`, at most to the end of the first local month in which there is anything to bill;
 * null where nothing is left.
 */
export function nextBill(account: Account, last_to: Instant | null, as_of: Instant, known: Known): Billed | null {
  let found: Billed | null = null
  for (let from = last_to ?? account.contract_from; from < as_of; from = found.bill.period.to) {
    found = billOf(account, { from, to: Math.min(as_of, monthAround(from, account.zone).to) }, known)
    if (found.bill.lines.length > 0 || found.refused) break
  }
  return found
}

function billOf(account: Account, period: Period, known: Known): Billed {
  const { machines, currency, tax_rate } = known.world.truth
  const month = monthAround(period.from, account.zone)
  const lines: OutcomeLine[] = []
  let refused = false
  for (const machine of machines) {
    const made = linesOf(machine, account, period, month, known)
    lines.push(...made.lines)
    refused ||= made.refused
  }
  const sorted = lines.toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
  const net = lines.reduce((sum, line) => sum + minor(exact(line.net), currency), 0n)
  const tax = taxOn(net, tax_rate, currency)
  const [netText, taxText, total] = [net, tax, net + tax].map((amount) => majorText(amount, currency)) as Texts
  return { bill: { period, lines: sorted, net: netText, tax: taxText, total }, refused }
}
type Texts = [string, string, string]

const orderOf = (line: OutcomeLine): string =>
  [line.machine, line.component, new Date(line.price_from).toISOString()].join('\n')

function linesOf(machine: Machine, account: Account, period: Period, month: Period, known: Known) {
  const lines: OutcomeLine[] = []
  const owned = ownedPieces(machine, account, period, known)
  if (owned.length === 0) return { lines, refused: false }
  const { versions, born_after } = observed(machine, known)
  const sold = Object.keys(METERS).filter((name) => pricesOf(known, machine.kind, name).length > 0)
  const flows = flowsOf(machine, born_after, known, sold)
  const losses = lossesOf(machine, known)
  let refused = false
  for (const [name, meter] of Object.entries<Meter>(METERS)) {
    const prices = pricesOf(known, machine.kind, name)
    if (prices.length === 0) continue
    const pieces = owned.flatMap((piece) => pricedPieces(piece, prices))
    const sums = pieces.map((piece) =>
      meter.kind === 'allocation'
        ? heldIn(piece, meter, machine, versions, period.to, known)
        : usedIn(piece, flows.get(name) ?? { growths: [], unknown: [] }),
    )
    refused ||= sums.some((sum, index) => sum.quantity > 0n && !pieces[index]?.price)
    for (const price of new Set(prices)) {
      const own = sums.filter((_, index) => pieces[index]?.price === price)
      const gaps = told(
        own.flatMap((sum) => sum.gaps),
        losses,
        policyOf(price),
      )
      const line = lineOf(machine, name, meter, price, own, gaps, month, known.world.truth.currency)
      if (!line) continue
      lines.push(line)
      refused ||= isHeldBack(machine, name, account.key, gaps, known)
    }
  }
  const there = versions.some((version) => owned.some((piece) => overlap(version, piece) !== null))
  return { lines, refused: refused || (sold.length === 0 && there && !PARTS.has(machine.kind)) }
}

/** Kinds that are sold as part of something else. */
const PARTS = new Set(
  'site rack component cluster disk volume storage_pool nic network template snapshot node namespace workload pod'.split(
    ' ',
  ),
)

/** Cuts a period at the bounds that lie in it. */
function cutAt({ from, to }: Period, bounds: readonly Instant[]): Period[] {
  const inside = [...new Set(bounds)].filter((at) => from < at && at < to).toSorted((a, b) => a - b)
  const edges = [from, ...inside, to]
  return edges.slice(1).map((end, index) => ({ from: edges[index] ?? from, to: end }))
}

/** The parts of the period in which the machine was this account's and its bill speaks for itself. */
function ownedPieces(machine: Machine, account: Account, period: Period, known: Known): Period[] {
  const covered = coveredIn(machine, known)
  const bounds = [
    ...transfersOf(known, machine.key).map((one) => one.effective_at),
    ...covered.flatMap(({ from, to }) => [from, to]),
  ]
  const own = cutAt(period, bounds).filter(
    ({ from }) =>
      ownerAt(machine, from, known) === account.key && !covered.some((span) => span.from <= from && from < span.to),
  )
  return own.reduce<Period[]>((out, piece) => {
    const before = out.at(-1)
    if (before?.to === piece.from) before.to = piece.to
    else out.push({ ...piece })
    return out
  }, [])
}

const pricedPieces = (whole: Period, prices: readonly Price[]): Piece[] =>
  cutAt(
    whole,
    prices.map((price) => price.effective_at),
  ).map((piece) => ({ ...piece, price: priceAt(prices, piece.from) }))

interface Quantity {
  quantity: bigint
  gaps: Unobserved[]
  unobserved_ms: number
  estimated: boolean
}

function overlap(a: { from: Instant; to: Instant | null }, b: Period): Period | null {
  const [from, to] = [Math.max(a.from, b.from), Math.min(a.to ?? b.to, b.to)]
  return from < to ? { from, to } : null
}

/** Base units × milliseconds held in the states that count. */
function heldIn(
  piece: Piece,
  meter: Meter,
  machine: Machine,
  versions: readonly OutcomeVersion[],
  billed_to: Instant,
  known: Known,
): Quantity {
  let [quantity, unobserved_ms] = [0n, 0]
  const gaps: Unobserved[] = []
  for (const version of versions) {
    const held = overlap(version, piece)
    if (!held || (meter.counts === 'running' && version.state !== 'running')) continue
    const size = meter.size === undefined ? 1n : BigInt(version.size[meter.size] ?? '0')
    if (size === 0n) continue
    const silent = silences(machine.realm, version.host, billed_to, known).flatMap((gap) => overlap(gap, held) ?? [])
    const silent_ms = covered(silent, held)
    const billed_ms = held.to - held.from - (isSkipped(piece) ? silent_ms : 0)
    quantity += (piece.price?.model === 'flat' ? 1n : size) * BigInt(billed_ms)
    unobserved_ms += silent_ms
    gaps.push(...silent.map((gap) => ({ ...gap, cause: 'silent' as const })))
  }
  return { quantity, gaps, unobserved_ms, estimated: false }
}

/** Nothing is billed of time in which nobody looked. */
const isSkipped = ({ price }: Piece): boolean => price !== null && policyOf(price) === 'skip'

function usedIn(piece: Piece, flow: Flow): Quantity {
  const { quantity, spread, estimated, gaps } = usageIn(flow, piece.from, piece.to)
  return {
    quantity: isSkipped(piece) ? quantity - spread : quantity,
    gaps,
    unobserved_ms: covered(gaps, piece),
    estimated,
  }
}

/** Milliseconds of a stretch that gaps cover, each counted once. */
const covered = (gaps: readonly Gap[], stretch: Period): number =>
  cutAt(
    stretch,
    gaps.flatMap(({ from, to }) => [from, to]),
  )
    .filter(({ from }) => gaps.some((gap) => gap.from <= from && from < gap.to))
    .reduce((sum, { from, to }) => sum + to - from, 0)

/** Gaps that a line tells one by one. */
const TOLD = 20

/** One rounding for a machine, component and price version, over all its pieces. */
function lineOf(
  machine: Machine,
  meterName: string,
  meter: Meter,
  price: Price,
  sums: readonly Quantity[],
  gaps: readonly OutcomeGap[],
  month: Period,
  currency: string,
): OutcomeLine | null {
  const quantity = sums.reduce((total, sum) => total + sum.quantity, 0n)
  const unobserved_ms = sums.reduce((total, sum) => total + sum.unobserved_ms, 0)
  if (quantity === 0n && unobserved_ms === 0) return null
  const amount = times(unitsOf(quantity, price, meter, month), exact(price.amount))
  return {
    machine: machine.key,
    component: `${machine.kind}.${meterName}`,
    price_from: price.effective_at,
    quantity: quantity.toString(),
    exact: lowest(amount),
    net: majorText(minor(amount, currency), currency),
    unobserved_ms,
    estimated: sums.some((sum) => sum.estimated),
    gaps: gaps.slice(0, TOLD),
    gaps_more: Math.max(0, gaps.length - TOLD),
  }
}

/** Priced units × periods of the price. */
function unitsOf(quantity: bigint, price: Price, meter: Meter, month: Period): Exact {
  const per = { hour: BigInt(HOUR_MS), month: BigInt(month.to - month.from), quantity: 1n }[price.per]
  const unit = price.model === 'flat' ? 1n : meter.units[price.unit]
  if (unit === undefined) throw new Error(`The truth prices ${price.meter} in ${price.unit}, which isn't a unit of it.`)
  return { num: quantity, den: unit * per }
}
