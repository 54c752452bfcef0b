/** What resources cost an hour at the prices of now: of a few, to be shown; of whole accounts, to be kept beside them. */
import { Kind } from '#connectors/contract.ts'
import { permit } from '../base/actor.ts'
import { toDecimal } from '../base/exact.ts'
import { type Instant, monthOf } from '../base/time.ts'
import { getAccount } from '../accounts/index.ts'
import { contractOf } from '../contracts/index.ts'
import { LIVE } from '../db/cut.ts'
import type { Context } from '../db/index.ts'
import { allOf } from '../db/together.ts'
import type { Resource } from '../inventory/contract.ts'
import { labelsOf } from '../inventory/index.ts'
import { costBasis, costPerHour } from './cost.ts'
import { pricesUnder } from './prices.ts'
import type { Observed } from './rules.ts'
import { tariffsIn } from './services.ts'
import { currentOf } from './store.ts'

type Cost = NonNullable<Resource['cost_per_hour']>
/** What resources cost per hour now, at the prices of their owners; null where nobody owns it or no price applies. */
export async function costsNow(ctx: Context, ids: readonly string[]): Promise<Map<string, Cost | null>> {
  permit(ctx, 'catalog.read')
  const owned = (await currentOf(ctx, ids)).flatMap(({ account_id, covered_by, ended_at, ...resource }) =>
    account_id === null || covered_by !== null ? [] : [{ ...resource, account_id, ended: ended_at !== null }],
  )
  const there = owned.filter(({ ended }) => !ended)
  const terms = await termsOfEach(ctx, new Set(there.map(({ account_id }) => account_id)))
  const none = owned.map(({ id }): [string, null] => [id, null])
  const costs = there.map((resource): [string, Cost | null] => {
    const known = terms.get(resource.account_id) ?? null
    const amount = known && hourly(known, resource)
    return [resource.id, known && amount !== null ? { amount, currency: known.currency } : null]
  })
  return new Map<string, Cost | null>([...none, ...costs])
}

interface Held {
  id: string
  kind: Kind
  state: string
  size: Observed['size']
}
type Terms = NonNullable<Awaited<ReturnType<typeof termsOf>>>

const PLACES = 6
/** As it is shown: who sorts by it sees it in order. */
function hourly({ pricesOf, month }: Terms, resource: Held): string | null {
  const cost = costPerHour(resource, pricesOf(resource), month)
  return cost && toDecimal(cost, PLACES)
}

async function termsOf(ctx: Context, account_id: string, now: Instant) {
  const contract = await contractOf(ctx, account_id, now)
  if (!contract) return null
  const { zone } = await getAccount(ctx, account_id)
  const at = { from: now, to: now + 1 }
  const prices = await pricesUnder(ctx, contract, at, LIVE)
  const { pricesOf, attached } = await tariffsIn(ctx, account_id, at)
  return {
    pricesOf: (resource: Pick<Held, 'id' | 'kind'>) => pricesOf(resource, prices, now),
    attached,
    currency: contract.currency,
    month: monthOf(now, zone),
  }
}
/** Of many accounts at one instant, so that what they ask is asked together. */
async function termsOfEach(ctx: Context, account_ids: Iterable<string>): Promise<Map<string, Terms | null>> {
  const now = ctx.now()
  const each = async (id: string): Promise<[string, Terms | null]> => [id, await termsOf(ctx, id, now)]
  return new Map(await allOf([...account_ids].map(each)))
}

/** How the resources of an account cost what they cost. */
interface Costing {
  account_id: string
  /** of what a cost goes by beside the resource itself; where it is the same, the same resource costs the same */
  basisOf(resource: Pick<Held, 'id' | 'kind'>): string
  /** of each kind, for whatever fulfils no service */
  kinds: { kind: Kind; basis: string }[]
  /** of those that fulfil services */
  own: { id: string; basis: string }[]
  /** for an hour, at most six places; null where no price applies */
  costOf(resource: Held): string | null
}

/** How the resources of some accounts cost now what they cost. */
export async function costings(ctx: Context, account_ids: readonly string[]): Promise<Costing[]> {
  permit(ctx, 'catalog.read')
  const found = [...(await termsOfEach(ctx, account_ids))]
  const fulfilling = await labelsOf(
    ctx,
    found.flatMap(([, terms]) => terms?.attached ?? []),
  )
  return found.map(([account_id, terms]) => costing(account_id, terms, fulfilling))
}

/** No id of a resource: what it says of a kind holds for those that fulfil nothing. */
const ANY = ''
function costing(account_id: string, terms: Terms | null, fulfilling: ReadonlyMap<string, { kind: string }>): Costing {
  const basisOf = (resource: Pick<Held, 'id' | 'kind'>) =>
    terms ? costBasis(terms.pricesOf(resource), terms.month) : NO_CONTRACT
  return {
    account_id,
    basisOf,
    kinds: Kind.options.map((kind) => ({ kind, basis: basisOf({ id: ANY, kind }) })),
    own: (terms?.attached ?? []).flatMap((id) => {
      const kind = Kind.safeParse(fulfilling.get(id)?.kind)
      return kind.success ? [{ id, basis: basisOf({ id, kind: kind.data }) }] : []
    }),
    costOf: (resource) => (terms ? hourly(terms, resource) : null),
  }
}
const NO_CONTRACT = 'none'
