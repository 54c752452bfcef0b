/** The sums of the intake: received = duplicate + quarantined + metric only + metered, each counted by the stage that owns it. */
import { sure } from '../base/problem.ts'
import type { z } from 'zod'
import { permit } from '../base/actor.ts'
import { HOUR_MS, hourOf, type Instant, iso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { decodeCursor, encodeCursor } from '../http/index.ts'
import { Id, type Page } from '../http/contract.ts'
import { meteredBySource } from '../metering/index.ts'
import { intakeOf } from '../metrics/index.ts'
import type { IntakeHour, QuarantineItem, QuarantineQuery } from './contract.ts'
import * as store from './store.ts'

type Counts = { received: number; duplicate: number; quarantined: number; metric_only: number; metered: number }

/** Intake by source and arrival hour, newest first, of the last `hours`. */
export async function accounting(
  ctx: Context,
  hours: number,
  source_id?: string,
): Promise<z.infer<typeof IntakeHour>[]> {
  permit(ctx, 'intake.read')
  const from = hourOf(ctx.now()) - (hours - 1) * HOUR_MS
  const table = new Map<string, Counts & { source_id: string; hour: Instant }>()
  const at = (source: string, hour: Instant) => {
    const key = `${source}/${hour}`
    const row = table.get(key) ?? {
      source_id: source,
      hour,
      received: 0,
      duplicate: 0,
      quarantined: 0,
      metric_only: 0,
      metered: 0,
    }
    table.set(key, row)
    return row
  }
  for (const row of await store.intakeSince(ctx, from))
    Object.assign(at(row.source_id, row.hour), { received: row.received, duplicate: row.duplicate })
  for (const row of await store.quarantinedSince(ctx, from)) at(row.source_id, row.hour).quarantined = row.readings
  for (const row of await intakeOf(ctx, from, ctx.now() + HOUR_MS))
    at(row.source_id, row.hour).metric_only = row.metric_only
  for (const row of await meteredBySource(ctx, from)) at(row.source_id, row.hour).metered = row.metered
  return [...table.values()]
    .filter((row) => !source_id || row.source_id === source_id)
    .toSorted((a, b) => b.hour - a.hour || (a.source_id < b.source_id ? -1 : 1))
    .map((row) => ({
      ...row,
      hour: iso(row.hour),
      balanced: row.received === row.duplicate + row.quarantined + row.metric_only + row.metered,
    }))
}

export async function listQuarantined(
  ctx: Context,
  query: z.infer<typeof QuarantineQuery>,
): Promise<Page<z.infer<typeof QuarantineItem>>> {
  permit(ctx, 'intake.read')
  const { found, total } = await store.listQuarantine(ctx, query, decodeCursor(query.cursor, Id))
  const shown = found.slice(0, query.limit)
  return {
    items: shown.map(({ item, agent_name }) => ({
      id: item.id,
      agent_id: item.agent_id,
      agent_name,
      source_id: item.source_id,
      stored_at: iso(item.stored_at),
      reason: item.reason,
      detail: item.detail,
      spool: item.spool_id,
      sequence: item.sequence,
      readings: item.readings,
      raw: item.raw,
    })),
    next_cursor: found.length > query.limit ? encodeCursor(sure(shown.at(-1)).item.id) : null,
    total,
  }
}

export const quarantineTotal = (ctx: Context): Promise<number> => store.quarantineTotal(ctx)
