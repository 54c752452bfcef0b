/** Verbs of margins: what customers paid for what they used, beside what that cost us. Computed when asked, never stored. */
import { getLegalEntity, listLegalEntities, defaultAccount } from '../accounts/index.ts'
import type { Account } from '../accounts/contract.ts'
import { permit } from '../base/actor.ts'
import { type CsvColumns, csvTable } from '../base/csv.ts'
import { dateOf, fromIso, type Interval, intersect } from '../base/time.ts'
import { allAccounts, billedMonth, DRAFTED_TOGETHER } from '../billing/index.ts'
import { type ContractInForce, servicesIn } from '../contracts/index.ts'
import { plansById } from '../catalog/index.ts'
import { openCut } from '../db/cut.ts'
import type { Context } from '../db/index.ts'
import { allOf } from '../db/together.ts'
import type { MarginQuery, MarginRow, Margins, Product } from './contract.ts'
import { type Costs, costsOf, labelled } from './cost.ts'
import { type Earned, earnedIn } from './revenue.ts'
import { asked, marginsBy, totalsOf, type Unit } from './rules.ts'

/**
 * The margins of a month. Customers are those who buy from companies of the installation itself: what a reseller's customers use is
 * paid by him, and is his cost and margin here.
 */
export async function margins(ctx: Context, query: MarginQuery): Promise<Margins> {
  permit(ctx, 'margins.read')
  const month = query.month ?? (await presentMonth(ctx))
  const own = new Set(
    (await listLegalEntities(ctx)).filter((one) => one.reseller_account_id === null).map(({ id }) => id),
  )
  const accounts = (await allAccounts(ctx)).filter(
    ({ id, legal_entity_id }) => own.has(legal_entity_id) && (query.account_id ?? id) === id,
  )
  const units: Unit[] = []
  for (let start = 0; start < accounts.length; start += DRAFTED_TOGETHER) {
    const some = accounts.slice(start, start + DRAFTED_TOGETHER)
    units.push(...(await allOf(some.map((account) => unitsOf(ctx, account, month)))).flat())
  }
  const about = asked(units, query)
  return { month, by: query.by, items: marginsBy(about, query.by), totals: totalsOf(about) }
}

async function presentMonth(ctx: Context): Promise<string> {
  const { zone } = await getLegalEntity(ctx, (await defaultAccount(ctx)).legal_entity_id)
  return dateOf(ctx.now(), zone).slice(0, 7)
}

async function unitsOf(ctx: Context, account: Account, month: string): Promise<Unit[]> {
  const billed = await billedMonth(ctx, account.id, month)
  const { contract, open, interval } = billed
  if (!contract) return []
  // as far as the draft knows, so that both sides are of the same time
  const to = open ? fromIso(open.period.to) : Math.min(interval.to, ctx.now())
  const period = intersect(contract, { from: interval.from, to: Math.max(interval.from, to) })
  if (!period || period.from >= period.to) return []
  const cut = await openCut(ctx.tx)
  const earned = earnedIn(billed)
  const costs = await costsOf(ctx, { contract, period, zone: account.zone, cut })
  return joined(ctx, { account, contract, period, cut, earned, costs })
}

interface Both {
  account: Account
  contract: ContractInForce
  period: Interval
  cut: number
  earned: readonly Earned[]
  costs: Costs
}
/** Each thing with what it earned and what it cost; a service costs nothing itself, but is known only where what fulfils it is. */
async function joined(ctx: Context, both: Both): Promise<Unit[]> {
  const { account, contract, earned, costs } = both
  const labels = await labelled(ctx, [
    ...earned.map(({ resource_id }) => resource_id),
    ...costs.items.map(({ resource_id }) => resource_id),
    ...costs.unpriced,
  ])
  const services = await servicesOf(ctx, both)
  const spent = Map.groupBy(costs.items, (one) => `${one.resource_id}/${one.currency}`)
  const got = Map.groupBy(earned, (one) => `${one.resource_id}/${one.currency}`)
  const silent = [...costs.unpriced].map((id) => `${id}/${contract.currency}`)
  const isKnown = (id: string, currency: string) => {
    const label = labels.get(id)
    return label !== undefined && !costs.unpriced.has(id) && costs.isKnown(label, currency)
  }
  return [...new Set([...got.keys(), ...spent.keys(), ...silent])].map((key): Unit => {
    const [id = '', currency = ''] = key.split('/')
    const lines = got.get(key) ?? []
    const [label, line] = [labels.get(id), lines.at(-1)?.line]
    const cost = (spent.get(key) ?? []).reduce((sum, one) => sum + one.cost, 0n)
    const fulfilling = services.resourcesOf(id)
    const isPaid = label
      ? isKnown(id, currency)
      : fulfilling.length > 0 && fulfilling.every((one) => isKnown(one, currency))
    const kind = label ? (label.kind as Product['kind']) : (line?.resource.kind ?? 'vm')
    return {
      account: { id: account.id, name: account.name },
      resource: {
        id,
        kind,
        name: label?.name ?? line?.one_off?.description[account.language] ?? line?.resource.name ?? '',
      },
      realm: label?.realm ?? null,
      product: { kind, plan: lines.find((one) => one.line.plan)?.line.plan ?? services.planOf(id) },
      currency,
      revenue: lines.reduce((sum, one) => sum + one.revenue, 0n),
      cost: isPaid ? cost : null,
      is_open: lines.some(({ is_open }) => is_open),
    }
  })
}

/** By which plan a machine was sold last, and which machines fulfilled a service. */
async function servicesOf(ctx: Context, { account, period, cut }: Both) {
  const { versions, attachments } = await servicesIn(ctx, account.id, period, cut)
  const inside = attachments.filter((one) => intersect(one, period))
  const plans = await plansById(ctx, new Set(versions.map((one) => one.plan_id)))
  const planOfService = (service_id: string): Product['plan'] => {
    const last = versions.findLast((one) => one.service_id === service_id && intersect(one, period))
    const plan = last && plans.get(last.plan_id)
    return plan ? { id: plan.id, name: plan.name } : null
  }
  return {
    resourcesOf: (service_id: string) =>
      inside.filter((one) => one.service_id === service_id).map((one) => one.resource_id),
    planOf: (resource_id: string) => {
      const attachment = inside.findLast((one) => one.resource_id === resource_id)
      return attachment ? planOfService(attachment.service_id) : null
    },
  }
}

const COLUMNS = (month: string): CsvColumns<MarginRow> => ({
  month: () => month,
  account_id: ({ account }) => account?.id,
  account: ({ account }) => account?.name,
  product: ({ product }) => product && (product.plan?.name.en ?? product.kind),
  realm: ({ realm }) => realm,
  resource_id: ({ resource }) => resource?.id,
  resource: ({ resource }) => resource?.name,
  currency: ({ currency }) => currency,
  revenue: ({ revenue }) => revenue,
  cost: ({ cost }) => cost ?? NO_COST,
  margin: ({ margin }) => margin ?? NO_COST,
  margin_percent: ({ margin_percent }) => margin_percent,
  unknown_count: ({ unknown }) => unknown.count,
  unknown_revenue: ({ unknown }) => unknown.revenue,
})
const NO_COST = 'no cost known'

/** The rows as a page shows them. */
export const marginsCsv = ({ items, month }: Margins): string => csvTable(COLUMNS(month), items)
