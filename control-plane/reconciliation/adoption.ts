/** What it would bring to give a machine to an account from an instant on: the real decision in a savepoint that is undone. Writes nothing. */
import { getAccount } from '../accounts/index.ts'
import { permit } from '../base/actor.ts'
import { majorText } from '../base/money.ts'
import { Problem } from '../base/problem.ts'
import { dateOf, fromIso, HOUR_MS, type Instant, type Interval, intersect, monthOf } from '../base/time.ts'
import { undone } from '../billing/index.ts'
import { minorOf } from '../billing/rules.ts'
import { attach, contractOf, type ContractInForce } from '../contracts/index.ts'
import { LIVE } from '../db/cut.ts'
import type { Context } from '../db/index.ts'
import { assign } from '../inventory/index.ts'
import { rate } from '../rating/index.ts'
import type { AdoptionPreview, AdoptionPreviewRequest } from './contract.ts'
import * as store from './store.ts'

/** As far back as anybody adopts. */
const MONTHS_MAX = 36
const MS_MAX = MONTHS_MAX * 31 * 24 * HOUR_MS

interface Part {
  contract: ContractInForce
  period: Interval
  month: string
}

/** What an adoption adds to each month from its instant until now, by rating each month with it and without. */
export async function previewAdoption(
  ctx: Context,
  id: string,
  input: AdoptionPreviewRequest,
): Promise<AdoptionPreview> {
  permit(ctx, 'inventory.assign')
  permit(ctx, 'billing.read')
  const { zone } = await getAccount(ctx, input.account_id)
  const from = fromIso(input.effective_at)
  if (from > ctx.now())
    throw new Problem('invalid', 'What was not held yet brings nothing: choose an instant until now.', [
      { pointer: '/effective_at', detail: 'must not lie ahead' },
    ])
  if (ctx.now() - from > MS_MAX)
    throw new Problem('invalid', `A machine is adopted for at most ${MONTHS_MAX} months back.`, [
      { pointer: '/effective_at', detail: 'lies too long ago' },
    ])
  const parts = await partsOf(ctx, input.account_id, { from, to: ctx.now() }, zone)
  const after = await undone(ctx, async (inner) => {
    const { account_id, project_id, effective_at, service_id, reason } = input
    await assign(inner, id, { account_id, project_id, effective_at, reason })
    if (service_id !== undefined)
      await attach(inner, service_id, {
        resource_id: id,
        from: effective_at,
        promised: null,
        correction: true,
        reason: reason.trim() || 'adopted',
      })
    return await ratedIn(inner, parts, zone)
  })
  const before = await ratedIn(ctx, parts, zone)
  return presented(ctx, { parts, before, after, account_id: input.account_id, id })
}

async function partsOf(ctx: Context, account_id: string, whole: Interval, zone: string): Promise<Part[]> {
  const out: Part[] = []
  for (let at: Instant = whole.from; at < whole.to;) {
    const month = monthOf(at, zone)
    const contract = await contractOf(ctx, account_id, Math.min(month.to - 1, whole.to))
    const held = contract && intersect(contract, whole)
    const period = held && intersect(month, held)
    if (contract && period) out.push({ contract, period, month: dateOf(month.from, zone).slice(0, 7) })
    at = month.to
  }
  return out
}

interface Rated {
  minor: bigint
  unrated: number
}
async function ratedIn(ctx: Context, parts: readonly Part[], zone: string): Promise<Rated[]> {
  const out: Rated[] = []
  for (const { contract, period } of parts) {
    const { lines, unrated } = await rate(ctx, { contract, period, zone, cut: LIVE, accrued: true })
    const minor = lines.reduce((sum, { net, currency }) => sum + minorOf(net, currency), 0n)
    out.push({ minor, unrated: unrated.length })
  }
  return out
}

interface Compared {
  parts: readonly Part[]
  before: readonly Rated[]
  after: readonly Rated[]
  account_id: string
  id: string
}
async function presented(ctx: Context, { parts, before, after, account_id }: Compared): Promise<AdoptionPreview> {
  const until = (await store.invoicedUntil(ctx, account_id)) ?? 0
  const { contract = await contractOf(ctx, account_id) } = parts.at(-1) ?? {}
  const currency = contract?.currency
  if (currency === undefined)
    throw new Problem('conflict', 'The account had no contract in that time: nothing of it would be billed.', [
      { pointer: '/effective_at', detail: 'must lie within a contract of the account' },
    ])
  const months = parts.map(({ month, period }, index) => {
    const minor = (after[index]?.minor ?? 0n) - (before[index]?.minor ?? 0n)
    return { month, minor, invoiced: period.to <= until || period.from < until }
  })
  const lacking = (list: readonly Rated[]) => list.reduce((sum, { unrated }) => sum + unrated, 0)
  return {
    currency,
    months: months.map(({ minor, ...one }) => ({ ...one, amount: majorText(minor, currency) })),
    total: majorText(
      months.reduce((sum, { minor }) => sum + minor, 0n),
      currency,
    ),
    unrated: Math.max(0, lacking(after) - lacking(before)),
  }
}
