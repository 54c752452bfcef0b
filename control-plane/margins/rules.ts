/** How revenue and cost of single things add up to margins. Pure: sums of rounded amounts, and nothing is rated here. */
import { fraction, toDecimal } from '../base/exact.ts'
import { majorText } from '../base/money.ts'
import { sure } from '../base/problem.ts'
import type { LineKind } from '../rating/contract.ts'
import type { z } from 'zod'
import type { MarginQuery, MarginRow, Product } from './contract.ts'

/** One thing of one customer in one currency. */
export interface Unit {
  account: { id: string; name: string }
  resource: { id: string; kind: z.infer<typeof LineKind>; name: string }
  realm: string | null
  product: Product
  currency: string
  /** minor units */
  revenue: bigint
  /** minor units; null: no cost is known of it */
  cost: bigint | null
  is_open: boolean
}
type Figures = Omit<MarginRow, 'account' | 'product' | 'realm' | 'resource'>

const productId = ({ plan, kind }: Product): string => plan?.id ?? kind

/** What of the units a question is about. */
export const asked = (units: readonly Unit[], { account_id, product, realm }: MarginQuery): Unit[] =>
  units.filter(
    (unit) =>
      (account_id === undefined || unit.account.id === account_id) &&
      (product === undefined || productId(unit.product) === product) &&
      (realm === undefined || unit.realm === (realm === 'none' ? null : realm)),
  )

/** Where something has no known cost, neither it nor what it earned is in the margin: it stands beside it. */
export function figuresOf(units: readonly Unit[]): Figures {
  const { currency } = sure(units[0])
  const money = (minor: bigint) => majorText(minor, currency)
  const sum = (list: readonly bigint[]) => list.reduce((total, one) => total + one, 0n)
  const unknown = units.filter(({ cost }) => cost === null)
  const known = units.filter(({ cost }) => cost !== null)
  const [earned, cost] = [sum(known.map(({ revenue }) => revenue)), sum(known.map((unit) => unit.cost ?? 0n))]
  const isKnown = known.length > 0
  return {
    currency,
    revenue: money(sum(units.map(({ revenue }) => revenue))),
    cost: isKnown ? money(cost) : null,
    margin: isKnown ? money(earned - cost) : null,
    margin_percent: isKnown && earned > 0n ? toDecimal(fraction((earned - cost) * 100n, earned), PERCENT_PLACES) : null,
    unknown: { count: unknown.length, revenue: money(sum(unknown.map(({ revenue }) => revenue))) },
    is_open: units.some(({ is_open }) => is_open),
  }
}
const PERCENT_PLACES = 2

const KEYS: Record<MarginQuery['by'], (unit: Unit) => string> = {
  customer: ({ account }) => account.id,
  product: ({ product }) => productId(product),
  realm: ({ realm }) => realm ?? '',
  resource: ({ account, resource }) => `${account.id}/${resource.id}`,
}

/** Amounts of two currencies are neither added nor compared. */
const ofEachCurrency = (units: readonly Unit[]): Unit[][] =>
  [...Map.groupBy(units, ({ currency }) => currency)].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, alike]) => alike)

/** Rows by what was asked: in each currency what earned most first. */
export const marginsBy = (units: readonly Unit[], by: MarginQuery['by']): MarginRow[] =>
  ofEachCurrency(units).flatMap((alike) => rowsBy(alike, by))

function rowsBy(units: readonly Unit[], by: MarginQuery['by']): MarginRow[] {
  return [...Map.groupBy(units, KEYS[by]).values()]
    .map((group) => ({ group, earned: group.reduce((sum, { revenue }) => sum + revenue, 0n) }))
    .toSorted((a, b) => (a.earned === b.earned ? 0 : a.earned > b.earned ? -1 : 1))
    .map(({ group }) => {
      const { account, product, realm, resource } = sure(group[0])
      const isResource = by === 'resource'
      return {
        account: isResource || by === 'customer' ? account : null,
        product: isResource || by === 'product' ? product : null,
        realm: isResource || by === 'realm' ? realm : null,
        resource: isResource ? resource : null,
        ...figuresOf(group),
      }
    })
}

export const totalsOf = (units: readonly Unit[]): Figures[] => ofEachCurrency(units).map(figuresOf)
