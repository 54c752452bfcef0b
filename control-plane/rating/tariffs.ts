/**
 * Which prices hold for what: a service at those of its plan, a resource that fulfils one at those that its plan has for it, and at
 * the contract's for the rest. Pure.
 */
import type { Kind } from '#connectors/contract.ts'
import { canonical, sha256 } from '#connectors/contract.ts'
import { type Instant, type Interval, intersect, type OpenInterval, splitAt } from '../base/time.ts'
import type { Plan, PricedKind } from '../catalog/contract.ts'
import { isPercentage } from '../catalog/rules.ts'
import type { Attachment, ServiceTerms } from '../contracts/contract.ts'
import type { Offer } from './layers.ts'
import type { Price } from './rules.ts'
import { beside, joinedTimes, opened, outside, type Time, timesOf } from './times.ts'

/** A stretch in which something is sold by a plan: a service itself, or a resource that fulfils it. */
export interface Sold extends OpenInterval {
  from: Instant
  service_id: string
  plan: Plan
  trial_until: Instant | null
  anchored_at: Instant | null
  /** of the plan's book: those of an instant hold for all of the stretch, the others in their own time */
  prices: readonly Price[]
  is_as_of: boolean
  /** `kind.meter` of what the plan ever prices */
  offered: ReadonlySet<string>
}

const closed = ({ from, to }: OpenInterval): Interval => ({ from: from ?? -Infinity, to: to ?? Infinity })

const said = ({ service_id, plan_id, quantity, prices_as_of, trial_until, anchored_at }: ServiceTerms): string =>
  canonical([service_id, plan_id, quantity, prices_as_of, trial_until, ...(anchored_at === null ? [] : [anchored_at])])

/** Versions of one service that follow each other and say the same are one, under the id of the first: what changes nothing is no change. */
export function mergedVersions(versions: readonly ServiceTerms[]): ServiceTerms[] {
  const out: ServiceTerms[] = []
  for (const version of versions.toSorted((a, b) => a.from - b.from)) {
    const before = out.find((one) => one.to === version.from && said(one) === said(version))
    if (before) before.to = version.to
    else out.push({ ...version })
  }
  return out
}

/** What binds a segment of a service's line to the version that it was made from. */
export const serviceDigest = (version: ServiceTerms): string =>
  sha256(canonical([version.id, version.from, version.to, said(version)]))

/** The stretches in which a resource fulfils versions of services. */
export const fulfilled = (resource_id: string, attachments: readonly Attachment[], versions: readonly ServiceTerms[]) =>
  attachments
    .filter((one) => one.resource_id === resource_id)
    .flatMap((one) =>
      versions
        .filter((version) => version.service_id === one.service_id)
        .flatMap((version) => {
          const part = intersect(version, closed(one))
          return part ? [{ version, ...opened(part), from: part.from }] : []
        }),
    )

const covers = ({ plan }: Sold, kind: PricedKind): boolean => plan.included_kinds.some((one: Kind) => one === kind)

/** All prices of a resource, those that begin to hold first in front. */
export function tariffOf(kind: PricedKind, standard: readonly Price[], sold: readonly Sold[]): Price[] {
  const own = planPrices(kind, sold)
  const rest = standard
    .filter((price) => price.kind === kind)
    .flatMap((price) => {
      const planned = own.filter((one) => one.meter === price.meter).flatMap(timesOf)
      return beside(price, [...planned, ...sold.filter((one) => covers(one, kind))]) ?? []
    })
  const begin = (price: Price) => timesOf(price)[0]?.from ?? -Infinity
  return [...rest, ...own].toSorted((a, b) => begin(a) - begin(b))
}

/** Charged for whole billing periods of its service: in advance, or because they aren't calendar months. A percentage of a document is not. */
const isByPeriod = ({ kind, meter, model, terms }: Price, { anchored_at }: Sold): boolean =>
  kind === 'service' &&
  meter === 'fee' &&
  !isPercentage({ model }) &&
  (terms?.timing === 'advance' || anchored_at !== null)

/** Prices of plans, each with the stretches in which it holds for one service. */
function planPrices(kind: PricedKind, sold: readonly Sold[]): Price[] {
  const out = new Map<string, Price & { times: Time[] }>()
  for (const one of sold)
    for (const price of one.prices.filter((candidate) => candidate.kind === kind)) {
      const part = one.is_as_of ? closed(one) : intersect({ from: price.effective_at, to: price.ends_at }, closed(one))
      if (!part) continue
      const key = `${one.service_id}/${price.id}`
      const of = { service_id: one.service_id, plan: { id: one.plan.id, name: one.plan.name } }
      const known: Price & { times: Time[] } = out.get(key) ?? { ...price, of, times: [] }
      if (isByPeriod(price, one)) known.by_period = true
      out.set(key, { ...known, times: [...known.times, ...freeAndPaid(part, one.trial_until)] })
    }
  return [...out.values()].map((price) => ({ ...price, times: joinedTimes(price.times) }))
}

const freeAndPaid = (part: Interval, trial_until: Instant | null): Time[] =>
  splitAt(part, trial_until === null ? [] : [trial_until]).map((piece) => ({
    ...opened(piece),
    trial: trial_until !== null && piece.from < trial_until,
  }))

/** A stretch of a resource with the components that must have a price in it. */
export interface Expected extends Interval {
  offered: ReadonlySet<string>
  /** something is charged for it, even where none of its components is */
  isPaid: boolean
}

/** What must be priced of a resource when: under a plan also what that offers, and where it pays for the kind nothing else. */
export function expectedOf(
  kind: PricedKind,
  standard: readonly Offer[],
  sold: readonly Sold[],
  period: Interval,
): Expected[] {
  const inside = sold.flatMap((one): Expected[] => {
    const part = intersect(one, period)
    if (!part) return []
    if (kind === 'service' || covers(one, kind)) return [{ ...part, offered: one.offered, isPaid: true }]
    return offeredIn(part, standard).map((own) => ({ ...own, offered: one.offered.union(own.offered), isPaid: false }))
  })
  if (kind === 'service') return inside
  const rest = outside(period, inside).flatMap((part) => offeredIn(part, standard))
  return [...inside, ...rest.map((own) => ({ ...own, isPaid: false }))]
}

const offeredIn = (part: Interval, standard: readonly Offer[]): Offer[] =>
  standard.flatMap(({ offered, ...stretch }) => {
    const inside = intersect(stretch, part)
    return inside ? [{ ...inside, offered }] : []
  })
