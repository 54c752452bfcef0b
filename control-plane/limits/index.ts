/** Verbs of limits: what an account set itself, how near it is to it, its month by the day, and what bills stand at for Prometheus. */
import type { z } from 'zod'
import { getAccount } from '../accounts/index.ts'
import { permit } from '../base/actor.ts'
import { parseDecimal } from '../base/exact.ts'
import { exponentOf, majorText } from '../base/money.ts'
import { newId } from '../base/id.ts'
import { Problem } from '../base/problem.ts'
import { iso } from '../base/time.ts'
import { contractOf } from '../contracts/index.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import { type Family, familyText } from '../http/metrics.ts'
import { requireSeen } from '../inventory/index.ts'
import { meterOf } from '../metering/contract.ts'
import type { LimitState, NewUsageLimit, Standing, Standings, UsageLimit } from './contract.ts'
import { worst } from './rules.ts'
import * as store from './store.ts'

export { monthBill } from './month.ts'
export { stand, standAll } from './stand.ts'
export { type TellDeps, tellBudgets } from './tell.ts'

type Names = ReadonlyMap<string, NonNullable<Standing['resource']>>
async function namesOf(ctx: Context, ids: readonly (string | null)[]): Promise<Names> {
  const wanted = [...new Set(ids.flatMap((id) => id ?? []))]
  // of limits and bills of the caller's own account: their machines may have gone to others since
  const found = await ctx.program((program) => store.namesOf(program, wanted))
  return new Map(found.map((one) => [one.id, one]))
}

/** Budgets are told to those who may see bills. */
export async function standings(ctx: Context, account_id: string): Promise<z.infer<typeof Standings>> {
  permit(ctx, 'usage.read')
  await getAccount(ctx, account_id)
  const seesBills = ctx.actor.permissions.has('billing.read')
  const found = (await store.standingsOf(ctx, account_id)).filter((row) => seesBills || row.kind !== 'budget')
  const names = await namesOf(
    ctx,
    found.map((row) => row.resource_id),
  )
  const bill = await store.billOf(ctx, account_id)
  return {
    items: found.map((row) => ({
      kind: row.kind,
      limit_id: row.limit_id,
      resource: row.resource_id === null ? null : (names.get(row.resource_id) ?? null),
      meter: row.meter,
      unit: row.unit,
      month: row.month,
      state: row.state,
      used: row.used,
      limit_amount: row.limit_amount,
      since: iso(row.since),
    })),
    rated_at: bill && bill.rated_at > 0 ? iso(bill.rated_at) : null,
  }
}

const shown = (row: store.LimitRow, names: Names): UsageLimit => ({
  id: row.id,
  account_id: row.account_id,
  resource: row.resource_id === null ? null : (names.get(row.resource_id) ?? null),
  meter: row.meter,
  unit: row.unit,
  amount: row.amount,
  changed_at: iso(row.changed_at),
})

export async function listLimits(ctx: Context, account_id: string): Promise<UsageLimit[]> {
  permit(ctx, 'billing.read')
  await getAccount(ctx, account_id)
  const found = await store.limitsOf(ctx, account_id)
  const names = await namesOf(
    ctx,
    found.map((row) => row.resource_id),
  )
  return found.map((row) => shown(row, names))
}

/** Sets the budget of the account, or the limit of a meter of one of its resources; one of each: it takes the place of the one before. */
export async function setLimit(ctx: Context, account_id: string, input: NewUsageLimit): Promise<UsageLimit> {
  permit(ctx, 'accounts.write')
  await getAccount(ctx, account_id)
  const of =
    input.resource_id === undefined ? await budget(ctx, account_id, input) : await limit(ctx, account_id, input)
  const before = (await store.limitsOf(ctx, account_id)).find(
    (row) => row.resource_id === of.resource_id && row.meter === of.meter,
  )
  const row = await store.putLimit(ctx, {
    id: newId(),
    account_id,
    amount: input.amount,
    changed_at: ctx.now(),
    ...of,
  })
  await append(ctx, {
    type: 'limit.set',
    subject: { kind: 'account', id: account_id },
    account_id,
    ...(before && { before: { amount: before.amount, unit: before.unit } }),
    after: { id: row.id, amount: row.amount, unit: row.unit, resource_id: row.resource_id, meter: row.meter },
  })
  return shown(row, await namesOf(ctx, [row.resource_id]))
}

type Of = Pick<store.LimitRow, 'resource_id' | 'meter' | 'unit'>
async function budget(ctx: Context, account_id: string, { amount, meter, unit }: NewUsageLimit): Promise<Of> {
  if (meter !== undefined || unit !== undefined)
    throw invalid('/resource_id', 'A limit of a meter is of one resource: name it.')
  const contract = await ctx.program((program) => contractOf(program, account_id))
  if (contract && !parseDecimal(amount, exponentOf(contract.currency)))
    throw invalid('/amount', `${contract.currency} has ${exponentOf(contract.currency)} decimals.`)
  return { resource_id: null, meter: null, unit: null }
}

async function limit(ctx: Context, account_id: string, { resource_id, meter, unit }: NewUsageLimit): Promise<Of> {
  if (resource_id === undefined || meter === undefined || unit === undefined)
    throw invalid('/meter', 'A limit of a resource needs a meter and a unit.')
  const units = Object.keys(meterOf(meter).units)
  if (!units.includes(unit)) throw invalid('/unit', `${meter} is counted in ${units.join(', ')}.`)
  const { row, held_until } = await requireSeen(ctx, resource_id)
  if (row.account_id !== account_id || held_until !== null)
    throw new Problem('not_found', `There is no resource ${resource_id}.`)
  return { resource_id, meter, unit }
}
const invalid = (pointer: string, detail: string) => new Problem('invalid', detail, [{ pointer, detail }])

export async function removeLimit(ctx: Context, id: string): Promise<void> {
  permit(ctx, 'accounts.write')
  const row = await store.findLimit(ctx, id)
  if (!row) throw new Problem('not_found', `There is no limit ${id}.`)
  await store.deleteLimit(ctx, id)
  const { amount, unit, resource_id, meter, account_id } = row
  await append(ctx, {
    type: 'limit.removed',
    subject: { kind: 'account', id: account_id },
    account_id,
    before: { id, amount, unit, resource_id, meter },
  })
}

/** How each resource stands that isn't normal, at its worst; of these alone, where some are named. */
export async function statesOf(ctx: Context, ids?: readonly string[]): Promise<Map<string, LimitState>> {
  permit(ctx, 'usage.read')
  const out = new Map<string, LimitState>()
  for (const { resource_id, state } of await store.standingResources(ctx, ids))
    if (resource_id !== null) out.set(resource_id, worst([out.get(resource_id) ?? 'normal', state]))
  return out
}

/** What each next bill stands at, as it was last rated: for those who may see bills, of the accounts that they reach. */
export async function billsText(ctx: Context): Promise<string> {
  permit(ctx, 'billing.read')
  const bills = await store.bills(ctx)
  const family = (name: string, help: string, valueOf: (row: (typeof bills)[number]) => string): Family => ({
    name: `atalaya_${name}`,
    type: 'gauge',
    help,
    samples: bills.map((row) => {
      const { account_id, account, currency } = row
      return { labels: { account_id, account, currency }, value: valueOf(row) }
    }),
  })
  const money = (of: 'tax' | 'total') => (row: (typeof bills)[number]) => majorText(BigInt(row[of]), row.currency)
  const inUnits = 'in units of the currency'
  return [
    ...familyText(family('draft_amount', `The next invoice as it stands, with tax, ${inUnits}`, money('total'))),
    ...familyText(
      family('draft_rated_timestamp_seconds', 'When the next invoice was last rated', (row) => row.rated_at),
    ),
    ...familyText(family('draft_tax_amount', `Tax of the next invoice as it stands, ${inUnits}`, money('tax'))),
  ].join('')
}
