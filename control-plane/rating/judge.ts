/** What becomes of each hour of usage, and the sum that must hold: metered = rated + unrated + unowned + covered + pending. */
import type { z } from 'zod'
import { permit } from '../base/actor.ts'
import { HOUR_MS, hourOf, iso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { claimCoverChanges } from '../inventory/index.ts'
import { accounting, pendingWork, quarantineTotal } from '../ingest/index.ts'
import type { Accounting, MeterHour } from '../ingest/contract.ts'
import { judgedHours, judgeUsage, meteredHours, pendingHours } from './store.ts'

const BATCH = 5_000
/** Machines whose covers changed are judged again whole, this many at a time. */
const COVER_BATCH = 20
/** Hours that waited for an owner or a price are judged again this often. */
const AGAIN_MS = 60_000

/** Background: judges usage until nothing waits or the batch is full; returns how many hours were judged. */
export async function judge(ctx: Context): Promise<number> {
  permit(ctx, 'usage.read')
  return judgeUsage(ctx, BATCH, ctx.now() - AGAIN_MS, await claimCoverChanges(ctx, COVER_BATCH))
}

type Row = z.infer<typeof MeterHour>
/** Both sums of the accounting page, for the last `hours`. */
export async function usageAccounting(
  ctx: Context,
  { hours, source_id }: { hours: number; source_id?: string | undefined },
): Promise<z.infer<typeof Accounting>> {
  permit(ctx, 'usage.read')
  const from = hourOf(ctx.now()) - (hours - 1) * HOUR_MS
  const table = new Map<string, Row>()
  const at = (meter: string, hour: number): Row => {
    const row = table.get(`${meter}/${hour}`) ?? {
      meter,
      hour: iso(hour),
      metered: 0,
      rated: 0,
      unrated: 0,
      unowned: 0,
      covered: 0,
      pending: 0,
      balanced: false,
    }
    table.set(`${meter}/${hour}`, row)
    return row
  }
  for (const { meter, hour, count } of await meteredHours(ctx, from)) at(meter, hour).metered = count
  for (const { meter, hour, count } of await pendingHours(ctx, from)) at(meter, hour).pending = count
  for (const { meter, hour, status, count } of await judgedHours(ctx, from))
    at(meter, Number(hour))[status as 'rated'] = Number(count)
  for (const row of table.values())
    row.balanced = row.metered === row.rated + row.unrated + row.unowned + row.covered + row.pending
  const meters = [...table.values()].toSorted((a, b) =>
    a.hour === b.hour ? (a.meter < b.meter ? -1 : 1) : a.hour > b.hour ? -1 : 1,
  )
  const { oldest } = await pendingWork(ctx)
  return {
    intake: await accounting(ctx, hours, source_id),
    meters,
    quarantine_total: await quarantineTotal(ctx),
    oldest_pending_ms: oldest === null ? null : Math.max(0, ctx.now() - oldest),
  }
}
