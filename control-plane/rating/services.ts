/** Services among the facts of a rating: each is rated like a resource, and what fulfils one has the prices of its plan. */
import type { Kind } from '#connectors/contract.ts'
import { sure } from '../base/problem.ts'
import { type Instant, type Interval, intersect } from '../base/time.ts'
import { offered, plansById, pricesAt } from '../catalog/index.ts'
import type { Attachment, ServiceTerms } from '../contracts/contract.ts'
import { type ContractInForce, servicesIn } from '../contracts/index.ts'
import { LIVE } from '../db/cut.ts'
import type { Context } from '../db/index.ts'
import { indexed } from './indexed.ts'
import type { Offer } from './layers.ts'
import type { Consumed, Facts, Price } from './rules.ts'
import { consumptionDigest } from './segments.ts'
import { type Expected, expectedOf, fulfilled, mergedVersions, serviceDigest, type Sold, tariffOf } from './tariffs.ts'
import { type Term, termsIn } from './terms.ts'
import { within } from './times.ts'
import { merged } from './versions.ts'

/** Facts with the services of the account: nothing is added where it has none in the period. */
export async function withServices(
  ctx: Context,
  facts: Facts,
  { contract, cut }: { contract: ContractInForce; cut: number },
  standard: readonly Offer[],
): Promise<Facts> {
  const known = await servicesIn(ctx, contract.account_id, facts.period, cut)
  const all = mergedVersions(known.versions)
  const versions = all.filter((one) => intersect(one, facts.period))
  if (versions.length === 0) return facts
  const sell = await seller(ctx, versions, facts.month, cut)
  const services = [...Map.groupBy(versions, (one) => one.service_id)].map(([id, own]) => ({
    resource: { id, kind: 'service' as const, name: sure(sell(sure(own.at(-1))).plan).name.en },
    own,
    sold: own.map(sell),
    began: sure(all.find((one) => one.service_id === id)).from,
  }))
  const [tariffs, expected] = [new Map<string, Price[]>(), new Map<string, Expected[]>()]
  for (const { resource, sold } of services) {
    tariffs.set(resource.id, tariffOf('service', [], sold))
    expected.set(resource.id, expectedOf('service', standard, sold, facts.period))
  }
  for (const { resource, sold } of attached(facts, known.attachments, versions, sell)) {
    tariffs.set(resource.id, tariffOf(resource.kind, facts.prices, sold))
    expected.set(resource.id, expectedOf(resource.kind, standard, sold, facts.period))
  }
  return {
    ...facts,
    resources: [...facts.resources, ...services.map(({ resource }) => resource)],
    owned: [...facts.owned, ...versions.map(ownedOf)],
    observed: [...facts.observed, ...versions.map(observedOf)],
    tariffs,
    expected,
    terms: await termsOf(ctx, facts, services, all, cut),
    consumed: services.flatMap((one) => setUpOf(facts.period, one)),
  }
}

/** The facts of each billing period of services, at its prices: also where nothing is charged by it any more, which may have been in advance. */
async function termsOf(
  ctx: Context,
  facts: Facts,
  services: readonly { resource: Facts['resources'][number] }[],
  all: readonly ServiceTerms[],
  cut: number,
): Promise<Term[]> {
  const byService = Map.groupBy(all, (one) => one.service_id)
  const spans = services.flatMap(({ resource }) => {
    const versions = sure(byService.get(resource.id))
    const [first, last] = [sure(versions[0]), sure(versions.at(-1))]
    const held = { from: first.from, to: last.to }
    const found = termsIn(held, first.anchored_at, facts.period, facts.zone)
    return found.map((span) => ({ ...span, resource, versions: versions.filter((one) => intersect(one, span)) }))
  })
  const out: Term[] = []
  for (const [, group] of Map.groupBy(spans, ({ basis }) => `${basis.from}/${basis.to}`)) {
    const { basis } = sure(group[0])
    const sell = await seller(
      ctx,
      group.flatMap(({ versions }) => versions),
      basis,
      cut,
    )
    for (const { resource, versions, from, to } of group) {
      const tariff = tariffOf('service', [], versions.map(sell)).filter((price) => price.by_period)
      const own = { owned: versions.map(ownedOf), observed: versions.map(observedOf), resources: [resource] }
      const nothing = { gaps: [], losses: [], accepted: [], prices: [], consumed: [] }
      const tariffs = new Map([[resource.id, tariff]])
      const of = { ...facts, ...own, ...nothing, tariffs, period: { from, to }, month: basis, by_period: true }
      out.push({ service_id: resource.id, basis, from, to, facts: of })
    }
  }
  return out
}

/** As what a version of a service is sold: its plan, and the prices that hold for it. */
async function seller(ctx: Context, versions: readonly ServiceTerms[], month: Interval, cut: number) {
  const plans = await plansById(
    ctx,
    versions.map((one) => one.plan_id),
  )
  const [prices, components] = [new Map<string, Price[]>(), new Map<string, Set<string>>()]
  const keyOf = ({ plan_id, prices_as_of }: ServiceTerms) => `${plan_id}/${prices_as_of ?? ''}`
  for (const version of versions) {
    const { price_book_id } = sure(plans.get(version.plan_id))
    const at = version.prices_as_of
    const window = at === null ? month : { from: at, to: at + 1 }
    if (!prices.has(keyOf(version))) {
      const held = merged(await pricesAt(ctx, price_book_id, window, cut))
      // prices may stay as agreed; what an index says never does
      prices.set(keyOf(version), [...(await indexed(ctx, held, month, cut))])
    }
    if (!components.has(version.plan_id)) components.set(version.plan_id, await offered(ctx, price_book_id))
  }
  return (version: ServiceTerms): Sold => ({
    from: version.from,
    to: version.to,
    service_id: version.service_id,
    plan: sure(plans.get(version.plan_id)),
    trial_until: version.trial_until,
    anchored_at: version.anchored_at,
    prices: sure(prices.get(keyOf(version))),
    is_as_of: version.prices_as_of !== null,
    offered: sure(components.get(version.plan_id)),
  })
}

/** Resources that fulfil services, with the stretches in which they do. */
const attached = (
  { resources }: Facts,
  attachments: readonly Attachment[],
  versions: readonly ServiceTerms[],
  sell: (version: ServiceTerms) => Sold,
) =>
  resources.flatMap((resource) => {
    const sold = fulfilled(resource.id, attachments, versions).map(({ version, from, to }) => ({
      ...sell(version),
      from,
      to,
    }))
    return sold.length > 0 ? [{ resource, sold }] : []
  })

const ownedOf = ({ id, service_id: resource_id, from, to }: ServiceTerms): Facts['owned'][number] => ({
  id,
  resource_id,
  from,
  to,
  assignment: { from, to },
})
const observedOf = (version: ServiceTerms): Facts['observed'][number] => ({
  id: version.id,
  resource_id: version.service_id,
  from: version.from,
  to: version.to,
  state: 'active',
  size: { service_count: version.quantity },
  scope_id: '',
  digest: serviceDigest(version),
})

/** Setting up is charged once: when a service begins, or where its trial ends if it goes on. */
function setUpOf(
  period: Interval,
  { own, sold, began }: { own: readonly ServiceTerms[]; sold: readonly Sold[]; began: Instant },
): Consumed[] {
  const at = Math.max(began, ...own.map((one) => one.trial_until ?? began))
  const stretch = { from: at, to: at + 1 }
  const index = own.findIndex((one) => intersect(one, stretch))
  const version = own[index]
  if (!version || !intersect(period, stretch) || !sold[index]?.offered.has('service.setup')) return []
  const quantity = BigInt(version.quantity)
  const leaf = { ...stretch, quantity, digest: serviceDigest(version), estimated: false, gaps: [] }
  const used = { leaves: [leaf], digest: consumptionDigest([leaf]) }
  return [{ resource_id: version.service_id, meter: 'setup', stretch, owned_id: version.id, ...used }]
}

/** What the services of an account price in an interval, for as many of its instants as are asked for. */
export async function tariffsIn(ctx: Context, account_id: string, interval: Interval) {
  const { versions: all, attachments } = await servicesIn(ctx, account_id, interval, LIVE)
  const versions = all.filter((one) => intersect(one, interval))
  const sell = await seller(ctx, versions, interval, LIVE)
  const byResource = Map.groupBy(attachments, ({ resource_id }) => resource_id)
  return {
    /** all that its plans price then */
    planned: versions.flatMap((version) => [...sell(version).prices]),
    /** what prices a resource has at an instant; none while a trial goes on */
    pricesOf: ({ id, kind }: { id: string; kind: Kind }, standard: readonly Price[], now: Instant): Price[] => {
      const at = { from: now, to: now + 1 }
      const held = versions.filter((one) => intersect(one, at))
      const sold = fulfilled(id, byResource.get(id) ?? [], held).map(({ version, from, to }) => ({
        ...sell(version),
        from,
        to,
      }))
      return inForce(tariffOf(kind, standard, sold), now).filter((price) =>
        within(price, at).some(({ trial }) => !trial),
      )
    },
    /** by which price a service is charged a fee at an instant in which it holds */
    feeOf: (service_id: string, now: Instant): Fee | undefined => {
      const at = { from: now, to: now + 1 }
      const version = versions.find((one) => one.service_id === service_id && intersect(one, at))
      const prices = version ? inForce(tariffOf('service', [], [sell(version)]), now) : []
      const price = prices.find(({ meter }) => meter === 'fee')
      return version && price && { price, quantity: version.quantity, at: now }
    },
    /** what fulfils a service in it, or once did */
    attached: [...byResource.keys()],
  }
}

/** Those of prices of a longer time that hold at an instant, with what their indexes say then. */
export const inForce = (prices: readonly Price[], now: Instant): Price[] => {
  const at = { from: now, to: now + 1 }
  return prices
    .filter((price) => within(price, at).length > 0)
    .map(({ index, ...price }) =>
      index ? { ...price, index: { ...index, values: index.values.filter((one) => intersect(one, at)) } } : price,
    )
}

/** As far ahead as anybody plans. */
const FAR_MS = 100 * 366 * 86_400_000
/** The prices by which services are charged a fee from an instant on, each at that instant or when it begins. */
export async function feesAt(ctx: Context, account_id: string, now: Instant): Promise<Map<string, Fee>> {
  const ahead = { from: now, to: now + FAR_MS }
  const known = mergedVersions((await servicesIn(ctx, account_id, ahead, LIVE)).versions)
  const versions = known.filter((one) => intersect(one, ahead))
  const sell = await seller(ctx, versions, ahead, LIVE)
  const out = new Map<string, Fee>()
  for (const version of versions.filter((one) => !versions.some((other) => isBefore(other, one)))) {
    const at = Math.max(now, version.from)
    const price = tariffOf('service', [], [sell(version)]).find(
      (one) => one.meter === 'fee' && within(one, { from: at, to: at + 1 }).length > 0,
    )
    if (price) out.set(version.service_id, { price, quantity: version.quantity, at })
  }
  return out
}
const isBefore = (a: ServiceTerms, b: ServiceTerms): boolean => a.service_id === b.service_id && a.from < b.from
export interface Fee {
  price: Price
  quantity: number
  at: Instant
}
