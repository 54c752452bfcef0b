/** What decisions about prices make of bills: line by line from what stands on them, and summed by whoever asks. Pure. */
import { toMinor } from '../base/money.ts'
import type { StandingGroup, StandingInvoice } from '../billing/index.ts'
import { minorOf } from '../billing/rules.ts'
import { choicesOf } from '../catalog/rules.ts'
import { contentOf } from '../catalog/index.ts'
import type { Line, WhyNotRepriced } from '../rating/contract.ts'
import { chargesNothingUsed, repriced, WHOLE } from '../rating/index.ts'
import type { Figure, KeptMark } from './contract.ts'
import { type Content, isSame } from './rules.ts'

/** What is decided, by `<price book>/<kind>.<meter>`. */
export type Decisions = ReadonlyMap<string, Content>
/** The book of a price version, by which a line names its price. */
export type BookOf = (version_id: string) => string | undefined

/** One component of one bill before and after, in minor units. */
export interface Effect {
  component: string
  /** of the decision that it falls under; null: under none */
  key: string | null
  before: bigint
  after: bigint
  /** why it could not be said what it would be: it stays as it was billed */
  why: WhyNotRepriced | null
  lines: number
}

export const effectsOf = (
  { groups, zone }: Pick<StandingInvoice, 'groups' | 'zone'>,
  currency: string,
  decisions: Decisions,
  bookOf: BookOf,
): Effect[] =>
  groups
    .flatMap((group) => byBook(group, currency, bookOf))
    .map((group) => effectOf(group, { zone, currency, decisions, bookOf }))

/** One part for each price book that a component was charged from in its month; what their lines don't say of the net is the first one's. */
function byBook(group: StandingGroup, currency: string, bookOf: BookOf): StandingGroup[] {
  const parts = [...Map.groupBy(group.lines ?? [], ({ price }) => bookOf(price.id)).values()]
  if (parts.length < 2) return [group]
  const nets = parts.map((lines) => lines.reduce((sum, { net }) => sum + minorOf(net, currency), 0n))
  const rest = nets.reduce((left, net) => left - net, group.net)
  return parts.map((lines, index) => ({ ...group, lines, net: (nets[index] ?? 0n) + (index === 0 ? rest : 0n) }))
}

interface Terms {
  zone: string
  currency: string
  decisions: Decisions
  bookOf: BookOf
}
function effectOf({ component, net, lines }: StandingGroup, { zone, currency, decisions, bookOf }: Terms): Effect {
  const key = `${(lines?.[0] && bookOf(lines[0].price.id)) ?? ''}/${component}`
  const decided = decisions.get(key)
  const stays = { component, before: net, after: net, why: null, lines: lines?.length ?? 0 }
  if (!decided || !lines || lines.length === 0) return { ...stays, key: null }
  // billed by the rules of its time: where the price is the same, so is the bill
  if (lines.every((line) => isSame(contentOfLine(line), decided))) return { ...stays, key }
  const made = repriced(lines, decided, zone)
  return 'why' in made ? { ...stays, key, why: made.why } : { ...stays, key, after: toMinor(made.amount, currency) }
}

const contentOfLine = ({ price, meter }: Line): Content =>
  contentOf({
    model: price.model,
    per: price.per,
    unit: price.unit,
    amount: price.amount,
    terms: price.terms ?? null,
    gap_policy: price.gap_policy ?? (meter ? choicesOf(meter).gap_policies[0] : 'infer'),
  })

/** Whether a price charges a resource that used nothing: such a line may be on no bill yet. */
export const chargesUnused = (price: Content): boolean =>
  !price.model.endsWith('percentage') && chargesNothingUsed(price, WHOLE)

/** Minor units of what could not be computed, by its reason. */
export function marksOf(effects: readonly Effect[]): KeptMark[] {
  const marks = Map.groupBy(
    effects.filter(({ why }) => why !== null),
    ({ why }) => why as WhyNotRepriced,
  )
  return [...marks].map(([why, list]) => ({
    why,
    lines: list.reduce((sum, { lines }) => sum + lines, 0),
    net: list.reduce((sum, { before }) => sum + before, 0n).toString(),
  }))
}

export const total = <T>(list: readonly T[], of: (one: T) => bigint): bigint =>
  list.reduce((sum, one) => sum + of(one), 0n)

/** Sums of pairs by a name, in the order of the names. */
export function summed<T extends { before: bigint; after: bigint }>(
  list: readonly T[],
  by: (one: T) => string,
): { name: string; before: bigint; after: bigint }[] {
  return [...Map.groupBy(list, by)]
    .map(([name, group]) => ({
      name,
      before: total(group, ({ before }) => before),
      after: total(group, ({ after }) => after),
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** Of one account: its invoices, each with its effects, as they are kept. */
export function figuresOf(bills: readonly { month: string; effects: readonly Effect[] }[]): Figure[] {
  const all = bills.flatMap(({ month, effects }) => effects.map((effect) => ({ ...effect, month })))
  return summed(all, ({ month, component }) => `${month}/${component}`).map(({ name, before, after }) => ({
    month: name.slice(0, name.indexOf('/')),
    component: name.slice(name.indexOf('/') + 1),
    before: before.toString(),
    after: after.toString(),
  }))
}
