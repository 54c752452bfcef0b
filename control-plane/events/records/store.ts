/** SQL of the record: events as they are stored, for sealing and verifying. */
import { sql } from 'drizzle-orm'
import { rows, type Tx } from '../../db/index.ts'
import type { EventRecord, Tail } from '../contract.ts'

// instants by arithmetic, not by the driver: a row that somebody set to infinity must be found, not break the search
const columns = sql`id::text as id, number::text as number, type, subject_kind, subject_id, account_id::text as account_id,
  actor::text as actor, before::text as before, after::text as after, request_id,
  trim_scale(extract(epoch from occurred_at) * 1000)::text as occurred_at`

/** In order of their numbers, above `above` and up to `up_to`. */
export const selectRecords = (tx: Tx, above: string, up_to: string | null, limit: number): Promise<EventRecord[]> =>
  rows<EventRecord>(
    tx,
    sql`select ${columns} from event where number > ${above}::int8 and (${up_to}::int8 is null or number <= ${up_to}::int8)
        order by event.number limit ${limit}`,
  )

/** Numbers that no dispatcher gives. */
export const selectOutside = (tx: Tx, limit: number): Promise<{ id: string; number: string }[]> =>
  rows(
    tx,
    sql`select id::text as id, number::text as number from event where number < 1 order by event.number limit ${limit}`,
  )

export async function selectTail(tx: Tx, above: string): Promise<Tail> {
  const [row] = await rows<{ count: string; oldest_at: string | null }>(
    tx,
    sql`select count(*) as count, (extract(epoch from min(occurred_at) filter (where isfinite(occurred_at))) * 1000)::int8 as oldest_at
        from (select occurred_at from event where number > ${above}::int8 union all select occurred_at from event where number is null) as tail`,
  )
  return { count: Number(row?.count ?? 0), oldest_at: row?.oldest_at == null ? null : Number(row.oldest_at) }
}

/** Triggers by name, and whether each fires in every session. */
export const selectGuards = (tx: Tx): Promise<{ name: string; enabled: boolean }[]> =>
  rows(
    tx,
    sql`select tgname::text as name, tgenabled = 'A' as enabled from pg_trigger
        where tgrelid = 'event'::regclass and not tgisinternal`,
  )
