/** What a quantity costs, by brute force: piece after piece is put into its tier, its package or its block. Slow, and simple to believe. */
import { type Exact, times } from './money.ts'

/** Quantities and bounds are whole pieces, of which `per_unit` make one priced unit. */
export interface Pieces {
  count: number
  per_unit: number
}
/** Amounts as exact decimals; null: without end. */
export type Model =
  | { kind: 'per_unit'; amount: Exact }
  | { kind: 'graduated' | 'volume'; tiers: readonly { up_to: number | null; unit: Exact; flat: Exact }[] }
  | { kind: 'package'; size: number; amount: Exact; free: number }
  | Steps
interface Steps {
  kind: 'all_tiers' | 'top_tier'
  tiers: readonly { block_size: number; blocks: number | null; amount: Exact }[]
}

const NOTHING: Exact = { num: 0n, den: 1n }
const plus = (a: Exact, b: Exact): Exact => ({ num: a.num * b.den + b.num * a.den, den: a.den * b.den })
const lessThan = (a: Exact, b: Exact): boolean => a.num * b.den < b.num * a.den
const often = (amount: Exact, count: number): Exact => times(amount, { num: BigInt(count), den: 1n })

/** Without the included pieces, which are used up first; then lifted to the minimum or cut at the maximum. */
export function costs(
  pieces: Pieces,
  model: Model,
  terms: { included: number; minimum: Exact | null; maximum: Exact | null },
): Exact {
  let left = 0
  for (let piece = 1; piece <= pieces.count; piece += 1) if (piece > terms.included) left += 1
  const amount = ofModel({ ...pieces, count: left }, model)
  if (terms.minimum && lessThan(amount, terms.minimum)) return terms.minimum
  return terms.maximum && lessThan(terms.maximum, amount) ? terms.maximum : amount
}

function ofModel({ count, per_unit }: Pieces, model: Model): Exact {
  const pieceOf = (unit: Exact): Exact => times(unit, { num: 1n, den: BigInt(per_unit) })
  if (model.kind === 'per_unit') return often(pieceOf(model.amount), count)
  if (model.kind === 'package') {
    let [bought, room] = [0, model.free]
    for (let piece = 1; piece <= count; piece += 1) {
      if (room === 0) [bought, room] = [bought + 1, model.size]
      room -= 1
    }
    return often(model.amount, bought)
  }
  if (model.kind === 'graduated' || model.kind === 'volume') {
    const { tiers } = model
    const tierOf = (piece: number) => tiers.findIndex(({ up_to }) => up_to === null || piece <= up_to)
    const inTier = tiers.map(() => 0)
    for (let piece = 1; piece <= count; piece += 1) inTier[tierOf(piece)]! += 1
    const reached = tierOf(count)
    return tiers.reduce((sum, { unit, flat }, index) => {
      if (model.kind === 'volume') return index === reached ? plus(sum, plus(often(pieceOf(unit), count), flat)) : sum
      const entered = index === 0 || inTier[index]! > 0
      return plus(sum, plus(often(pieceOf(unit), inTier[index]!), entered ? flat : NOTHING))
    }, NOTHING)
  }
  return ofBlocks(count, model as Steps)
}

function ofBlocks(count: number, { kind, tiers }: Steps): Exact {
  let [tier, opened, room, sum] = [0, 0, 0, NOTHING]
  for (let piece = 1; piece <= count; piece += 1) {
    if (room === 0) {
      const { blocks } = tiers[tier]!
      if (blocks !== null && opened === blocks) [tier, opened] = [tier + 1, 0]
      const { block_size, amount } = tiers[tier]!
      ;[opened, room, sum] = [opened + 1, block_size, plus(sum, amount)]
    }
    room -= 1
  }
  if (kind === 'all_tiers') return sum
  const { block_size, amount } = tiers[tier]!
  let blocks = 0
  for (let covered = 0; covered < count; covered += block_size) blocks += 1
  return often(amount, blocks)
}

/** A percentage on events whose amounts are whole cents: of each cent it is asked whether it is still free. */
export function takes(
  events: readonly number[],
  terms: { rate: Exact; fixed: Exact; free_events: number; free_cents: number; low: Exact | null; high: Exact | null },
): Exact {
  const ofCent = times(terms.rate, { num: 1n, den: 10_000n })
  let [before, sum] = [0, NOTHING]
  for (const [index, cents] of events.entries()) {
    const isEarly = terms.free_events === 0 || index < terms.free_events
    const hasFree = terms.free_events > 0 || terms.free_cents > 0
    let paid = 0
    for (let cent = 0; cent < cents; cent += 1) {
      const isFree = hasFree && isEarly && (terms.free_cents === 0 || before < terms.free_cents)
      if (!isFree) paid += 1
      before += 1
    }
    const isWhole = hasFree && isEarly && (terms.free_cents === 0 || before < terms.free_cents)
    if (isWhole) continue
    const amount = plus(often(ofCent, paid), terms.fixed)
    const raised = terms.low && lessThan(amount, terms.low) ? terms.low : amount
    sum = plus(sum, terms.high && lessThan(terms.high, raised) ? terms.high : raised)
  }
  return sum
}

/** What pieces cost by an index: each at what the index says in its hour, which is held within bounds before anything is multiplied. */
export function byIndex(
  hours: readonly { value: Exact; count: number }[],
  per_unit: number,
  terms: { factor: Exact; surcharge: Exact; floor: Exact | null; ceiling: Exact | null },
): Exact {
  let sum = NOTHING
  for (const { value, count } of hours)
    for (let piece = 0; piece < count; piece += 1) {
      let unit = plus(times(value, terms.factor), terms.surcharge)
      if (terms.floor && lessThan(unit, terms.floor)) unit = terms.floor
      if (terms.ceiling && lessThan(terms.ceiling, unit)) unit = terms.ceiling
      sum = plus(sum, times(unit, { num: 1n, den: BigInt(per_unit) }))
    }
  return sum
}
