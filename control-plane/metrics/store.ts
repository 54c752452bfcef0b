/** The SQL of metrics. Samples are read back thinned: what a chart can't show never leaves the database. */
import { sql } from 'drizzle-orm'
import { type Instant, iso } from '../base/time.ts'
import { columnar, ms, rows, type Tx } from '../db/index.ts'
import type { Intake, SampleRow, Values } from './contract.ts'
import { type Axis, type GaugeMean, HOLE_INTERVALS, type Sample } from './rules.ts'

const at = (instant: Instant) => sql`${iso(instant)}::timestamptz`
const list = (items: readonly string[]) => sql`${sql.param(items)}::text[]`
const ids = (items: readonly string[]) => sql`${sql.param(items)}::uuid[]`
/** Text that PostgreSQL reads as JSON: one parameter for any number of rows. */
const json = (value: unknown) => sql`${JSON.stringify(value)}::jsonb`
const SAMPLE = {
  resource_id: 'uuid',
  seen_at: 'timestamptz',
  source_id: 'uuid',
  part: 'text',
  epoch: 'text',
  interval_ms: 'int8',
  values: 'jsonb',
} as const
const toRow = (row: SampleRow) => ({ ...row, seen_at: iso(row.seen_at), values: JSON.stringify(row.values) })

/**
 * A sample that is there already is the same fact come twice. Of the others, newer values replace older ones among the last;
 * facts of one instant (several epochs) add up. Ordered, so that writers never deadlock.
 */
export async function insertSamples(tx: Tx, samples: readonly SampleRow[]): Promise<void> {
  await tx.execute(sql`
    with stored as (
      insert into metric_sample (resource_id, seen_at, source_id, part, epoch, interval_ms, "values")
      select * from ${columnar(samples.map(toRow), SAMPLE)} order by resource_id, seen_at, source_id, part, epoch
      on conflict do nothing
      returning resource_id, source_id, part, seen_at, "values"),
    newest as (
      select distinct on (resource_id, source_id, part) resource_id, source_id, part, seen_at, array_agg("values") as parts
      from stored group by resource_id, source_id, part, seen_at order by resource_id, source_id, part, seen_at desc)
    insert into metric_last (resource_id, source_id, part, seen_at, "values")
    select resource_id, source_id, part, seen_at, case when cardinality(parts) = 1 then parts[1]
      else (select jsonb_object_agg(key, value) from unnest(parts) as one, jsonb_each(one)) end
    from newest order by resource_id, source_id, part
    on conflict (resource_id, source_id, part) do update set
      seen_at = excluded.seen_at,
      "values" = case when metric_last.seen_at = excluded.seen_at
        then metric_last."values" || excluded."values" else excluded."values" end
    where metric_last.seen_at <= excluded.seen_at`)
}

export async function countIntake(tx: Tx, hour: Instant, counts: ReadonlyMap<string, number>): Promise<void> {
  const arrived = [...counts].map(([source_id, metric_only]) => ({ source_id, metric_only }))
  await tx.execute(sql`
    insert into metric_intake (source_id, hour, metric_only)
    select source_id, ${at(hour)}, metric_only
    from jsonb_to_recordset(${json(arrived)}) as arrived(source_id uuid, metric_only int8) order by source_id
    on conflict (source_id, hour) do update set metric_only = metric_intake.metric_only + excluded.metric_only`)
}

export async function readIntake(tx: Tx, from: Instant, to: Instant): Promise<Intake[]> {
  const found = await rows<Record<keyof Intake, string>>(
    tx,
    sql`select source_id, ${ms(sql`hour`)} as hour, metric_only from metric_intake
        where hour >= ${at(from)} and hour < ${at(to)} order by hour, source_id`,
  )
  return found.map((row) => ({ ...row, hour: Number(row.hour), metric_only: Number(row.metric_only) }))
}

/** Deletes at most `limit` of the oldest samples from before an instant, and says how many. */
export async function deleteSamples(tx: Tx, before: Instant, limit: number): Promise<number> {
  const [deleted] = await rows<{ count: string }>(
    tx,
    sql`with gone as (
          delete from metric_sample where ctid = any(array(
            select ctid from metric_sample where seen_at < ${at(before)} order by seen_at limit ${limit}))
          returning 1)
        select count(*) as count from gone`,
  )
  return Number(deleted?.count ?? 0)
}

export interface LastRow {
  resource_id: string
  seen_at: Instant
  values: Values
}
const lastFromRow = (row: Omit<LastRow, 'seen_at'> & { seen_at: string }): LastRow => ({
  ...row,
  seen_at: Number(row.seen_at),
})

/** What each source said last of a resource, oldest first. */
export async function readLast(tx: Tx, resource_id: string): Promise<LastRow[]> {
  const found = await rows<Parameters<typeof lastFromRow>[0]>(
    tx,
    sql`select resource_id, ${ms(sql`seen_at`)} as seen_at, "values" from metric_last
        where resource_id = ${resource_id} order by metric_last.seen_at, source_id, part`,
  )
  return found.map(lastFromRow)
}

/** The same of all resources heard of since an instant, page by page, a resource never cut in two. */
export async function* readAllLast(
  tx: Tx,
  since: Instant,
  pageSize: number,
  only: readonly string[] | null,
): AsyncGenerator<LastRow[]> {
  const named = only === null ? sql`true` : sql`resource_id = any(${ids(only)})`
  let after = '00000000-0000-0000-0000-000000000000'
  for (;;) {
    const found = await rows<Parameters<typeof lastFromRow>[0]>(
      tx,
      sql`with page as (select distinct resource_id from metric_last
            where resource_id > ${after} and seen_at >= ${at(since)} and ${named} order by resource_id limit ${pageSize})
          select resource_id, ${ms(sql`seen_at`)} as seen_at, "values" from metric_last join page using (resource_id)
          where metric_last.seen_at >= ${at(since)}
          order by resource_id, metric_last.seen_at, source_id, part`,
    )
    const last = found.at(-1)
    if (!last) return
    yield found.map(lastFromRow)
    after = last.resource_id
  }
}

/** Slots of the clock, as `Axis` has them. */
const slotOf = (column: ReturnType<typeof sql>, step_ms: number) =>
  sql`date_bin(make_interval(secs => ${step_ms / 1000}), ${column}, 'epoch'::timestamptz)`
const hole = (distance: ReturnType<typeof sql>, interval: ReturnType<typeof sql>) =>
  sql`${distance} > ${HOLE_INTERVALS} * ${interval} * interval '1 millisecond'`
/** A distance in time as milliseconds in text, null where there is none. */
const distanceMs = (distance: ReturnType<typeof sql>) => sql`(extract(epoch from ${distance}) * 1000)::int8`
const endOf = ({ from, step_ms, count }: Axis): Instant => from + step_ms * count
/** The first and the last slot of a chart need the samples beside them. */
const BESIDE_MS = 15 * 60_000
const around = (axis: Axis) => {
  const beside_ms = Math.max(BESIDE_MS, axis.step_ms)
  return sql`seen_at >= ${at(axis.from - beside_ms)} and seen_at < ${at(endOf(axis) + beside_ms)}`
}

type SampleOf = Sample & { resource_id: string }
interface ThinnedRow {
  resource_id: string
  stream: string
  epoch: string
  at: string
  interval_ms: string
  after_ms: string | null
  values: Values
}

/**
 * Counters for rates: the first sample of each slot, both sides of each hole, and the last one. What lies between adds
 * nothing, since increases of one epoch telescope. Only keys of `metrics` are read.
 */
export async function readCounters(
  tx: Tx,
  resource_ids: readonly string[],
  metrics: readonly string[],
  axis: Axis,
): Promise<SampleOf[]> {
  const found = await rows<ThinnedRow>(
    tx,
    sql`with step as (
          select resource_id, source_id, part, epoch, seen_at, interval_ms,
            seen_at - lag(seen_at) over w as after, lead(seen_at) over w - seen_at as before,
            lead(interval_ms) over w as next_interval_ms,
            ${slotOf(sql`seen_at`, axis.step_ms)} as slot, lag(${slotOf(sql`seen_at`, axis.step_ms)}) over w as last_slot
          from metric_sample
          where resource_id = any(${ids(resource_ids)}) and ${around(axis)}
          window w as (partition by resource_id, source_id, part, epoch order by seen_at))
        select resource_id, source_id || '/' || part as stream, epoch, ${ms(sql`seen_at`)} as at,
          step.interval_ms, ${distanceMs(sql`after`)} as after_ms, chosen."values"
        from step join metric_sample as sample using (resource_id, seen_at, source_id, part, epoch)
        cross join lateral (
          select jsonb_object_agg(key, value) as "values" from jsonb_each(sample."values")
          where split_part(key, '/', 1) = any(${list(metrics)})) as chosen
        where chosen."values" is not null
          and (slot is distinct from last_slot or before is null
            or ${hole(sql`after`, sql`step.interval_ms`)} or ${hole(sql`before`, sql`next_interval_ms`)})
        order by resource_id, stream, epoch, seen_at`,
  )
  return found.map((row) => ({
    ...row,
    at: Number(row.at),
    interval_ms: Number(row.interval_ms),
    after_ms: row.after_ms === null ? null : Number(row.after_ms),
  }))
}

interface MeanRow {
  stream: string
  key: string
  value: number
  first_at: string
  last_at: string
  interval_ms: string
  after_ms: string | null
}

/** Means of gauges by slot, for each key of `metrics`, in order of time within a stream. */
export async function readGauges(
  tx: Tx,
  resource_id: string,
  metrics: readonly string[],
  axis: Axis,
): Promise<Map<string, GaugeMean[]>> {
  const found = await rows<MeanRow>(
    tx,
    sql`with step as (
          select source_id, part, epoch, seen_at, interval_ms, seen_at - lag(seen_at) over w as after
          from metric_sample
          where resource_id = ${resource_id} and ${around(axis)}
          window w as (partition by source_id, part order by seen_at))
        select source_id || '/' || part as stream, key, avg(value::text::float8) as value,
          ${ms(sql`min(seen_at)`)} as first_at, ${ms(sql`max(seen_at)`)} as last_at, max(step.interval_ms) as interval_ms,
          ${distanceMs(sql`(array_agg(after order by seen_at))[1]`)} as after_ms
        from step join metric_sample as sample using (source_id, part, epoch, seen_at)
        cross join lateral jsonb_each(sample."values") as item(key, value)
        where sample.resource_id = ${resource_id} and split_part(key, '/', 1) = any(${list(metrics)})
        group by stream, key, ${slotOf(sql`seen_at`, axis.step_ms)}
        order by key, stream, first_at`,
  )
  const means = new Map<string, GaugeMean[]>()
  for (const { key, ...row } of found) {
    const known = means.get(key) ?? []
    if (known.length === 0) means.set(key, known)
    known.push({
      ...row,
      first_at: Number(row.first_at),
      last_at: Number(row.last_at),
      interval_ms: Number(row.interval_ms),
      after_ms: row.after_ms === null ? null : Number(row.after_ms),
    })
  }
  return means
}
