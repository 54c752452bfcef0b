/** What derives from facts is brought up to date: first the timelines, then the usage that hangs on them. */
import { system } from '../base/actor.ts'
import type { Instant } from '../base/time.ts'
import { type Clock, type Context, type Database, transact } from '../db/index.ts'
import { pendingResources, projectPlannedOwners, settleOwners, settleResources } from '../inventory/index.ts'
import { oldestPending, pendingResources as pending } from './metrics.ts'
import { pendingUsage, settleUsage, usageChangedFrom } from '../metering/index.ts'

/** Resources of one transaction: a timeline takes some statements each, usage takes them all in a few. */
const TIMELINES = 50
const USAGES = 500
const OWNERS = 500
const actor = system('settle')

/** Settles until nothing is dirty or `rounds` are used up; returns how many resources were touched. */
export async function settle(db: Database, now: Clock, rounds = 1_000): Promise<number> {
  if (!(await transact(db, actor, now, look))) return 0
  let touched = 0
  for (let round = 0; round < rounds; round += 1) {
    const resources = await transact(db, actor, now, settleTimelines)
    const owners = await transact(db, actor, now, (ctx) => settleOwners(ctx, OWNERS))
    const usage = await transact(db, actor, now, (ctx) => settleUsage(ctx, USAGES))
    touched += resources + owners + usage
    if (resources + owners + usage === 0) break
  }
  await transact(db, actor, now, look)
  return touched
}

/** Says what waits, and whether anything does; owners that were planned ahead take their place by the clock alone. */
async function look(ctx: Context): Promise<boolean> {
  await projectPlannedOwners(ctx)
  const { count, oldest } = await pendingWork(ctx)
  pending.set(count)
  oldestPending.set(oldest === null ? 0 : (ctx.now() - oldest) / 1_000)
  return count > 0
}

async function settleTimelines(ctx: Context): Promise<number> {
  const settled = await settleResources(ctx, TIMELINES)
  for (const { resource_id, born_changed, changed_since } of settled)
    if (born_changed && changed_since !== null) await usageChangedFrom(ctx, resource_id, changed_since)
  return settled.length
}

/** The same within the caller's transaction: for whoever holds the cut and lets no new facts in meanwhile. */
export async function settleHere(ctx: Context): Promise<void> {
  while ((await settleTimelines(ctx)) + (await settleOwners(ctx, OWNERS)) + (await settleUsage(ctx, USAGES)) > 0);
}

/** What waits to be settled, and since when the oldest does. */
export async function pendingWork(ctx: Context): Promise<{ count: number; oldest: Instant | null }> {
  const [resources, usage] = [await pendingResources(ctx), await pendingUsage(ctx)]
  const waits = [resources.oldest, usage.oldest].filter((at) => at !== null)
  return { count: resources.count + usage.count, oldest: waits.length > 0 ? Math.min(...waits) : null }
}
