/** The verbs of metrics: store samples, read current values, charts and sparklines, forget what is older than a day. */
import { permit } from '../base/actor.ts'
import { Problem } from '../base/problem.ts'
import { fromIso, hourOf, type Instant, type Interval, iso, type OpenInterval } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { isWithin, requireSeen } from '../inventory/index.ts'
import type { CurrentValues, Intake, ResourceLabels, SampleRow, Series, SeriesQuery } from './contract.ts'
import { type Families, gather } from './exposition.ts'
import { compareKeys, type Key, parseKey, PUBLISHED } from './names.ts'
import {
  type Axis,
  axisOf,
  cpuLoad,
  holds,
  MAX_WINDOW_MS,
  rates,
  RETENTION_MS,
  type Sample,
  slotMeans,
  sparklineAxis,
  STALE_MS,
} from './rules.ts'
import {
  countIntake,
  deleteSamples,
  insertSamples,
  readAllLast,
  readCounters,
  readGauges,
  readIntake,
  readLast,
} from './store.ts'

export type { SampleRow } from './contract.ts'
export { exposition } from './exposition.ts'
export { publish } from './names.ts'

/** Rows of one statement. */
const CHUNK = 2_000
const PAGE_OF_RESOURCES = 500
const CPU_TIME = 'cpu_time_seconds'
const CPU_LOAD = 'cpu_load'

/**
 * Keeps samples, in the transaction of the report that brought them. Only ingest calls it, which has checked the agent's
 * signature: there is no permission to ask for. What came later than a day after it was seen is history no more.
 */
export async function store(
  ctx: Context,
  samples: readonly SampleRow[],
  metric_only: ReadonlyMap<string, number>,
): Promise<void> {
  // In one order everywhere, so that two writers of the same rows never wait for each other.
  const kept = samples
    .filter(({ seen_at }) => seen_at >= ctx.now() - RETENTION_MS)
    .toSorted((a, b) =>
      a.resource_id < b.resource_id ? -1 : a.resource_id > b.resource_id ? 1 : a.seen_at - b.seen_at,
    )
  for (let from = 0; from < kept.length; from += CHUNK) await insertSamples(ctx.tx, kept.slice(from, from + CHUNK))
  if (metric_only.size > 0) await countIntake(ctx.tx, hourOf(ctx.now()), metric_only)
}

/** Readings that went no further than here, by source and arrival hour of [from, to). */
export async function intakeOf(ctx: Context, from: Instant, to: Instant): Promise<Intake[]> {
  permit(ctx, 'usage.read')
  return readIntake(ctx.tx, from, to)
}

/** Forgets at most `limit` samples older than a day and says how many: a background task calls it until it says less. */
export async function prune(ctx: Context, limit = 10_000): Promise<number> {
  permit(ctx, 'metrics.read')
  return deleteSamples(ctx.tx, ctx.now() - RETENTION_MS, limit)
}

/** A resource for the time in which the caller may see it. */
export interface Shown {
  id: string
  /** null bounds are open */
  tenure: readonly OpenInterval[]
  /** null where its load isn't a share of its own processors */
  vcpus: number | null
}

/** The problem `not_found` where there is none for this caller. */
export async function shown(ctx: Context, id: string): Promise<Shown> {
  const { row, tenure } = await requireSeen(ctx, id)
  return { id, tenure, vcpus: row.size.vcpu_count === undefined ? null : Number(row.size.vcpu_count) }
}

/** The newest value of each metric and device, whichever source said it; of a tenant's resource nothing from before it was his. */
export async function currentValues(ctx: Context, { id, tenure }: Shown): Promise<CurrentValues> {
  permit(ctx, 'metrics.read')
  const newest = new Map<string, { value: number; seen_at: Instant }>()
  const last = await ctx.program(({ tx }) => readLast(tx, id))
  for (const { seen_at, values } of last.filter((row) => isWithin(tenure, { from: row.seen_at, to: row.seen_at })))
    for (const [key, value] of Object.entries(values)) newest.set(key, { value, seen_at })
  const items = [...newest].flatMap(([key, { value, seen_at }]) => {
    const { metric, device } = parseKey(key)
    const known = PUBLISHED.get(metric)
    return known ? [{ metric, device, value, unit: known.unit, type: known.type, seen_at: iso(seen_at) }] : []
  })
  return { items: items.toSorted(compareKeys) }
}

/** Every current value of every resource (or of those named) by family, for `exposition`; `labelsOf` is asked for a page of resources at a time. */
export async function currentFamilies(
  ctx: Context,
  labelsOf: (ctx: Context, resource_ids: string[]) => Promise<ReadonlyMap<string, ResourceLabels>>,
  only: readonly string[] | null = null,
): Promise<Families> {
  permit(ctx, 'metrics.read')
  const families: Families = new Map()
  for await (const page of readAllLast(ctx.tx, ctx.now() - STALE_MS, PAGE_OF_RESOURCES, only))
    gather(families, page, await labelsOf(ctx, [...new Set(page.map((row) => row.resource_id))]))
  return families
}

/** Charts of one resource, in the caller's time with it. The load of a guest seen from outside is a share of its own processors. */
export async function series(ctx: Context, { id, tenure, vcpus }: Shown, query: SeriesQuery): Promise<Series> {
  permit(ctx, 'metrics.read')
  const axis = axisOf(windowOf(query, ctx.now()), query.points)
  const lines = await ctx.program((program) => linesOf(program, id, query, axis, vcpus))
  const own = lines.map((one) => ({ ...one, values: ownSlots(one.values, axis, tenure) }))
  return {
    at: Array.from({ length: axis.count }, (_, slot) => iso(axis.from + slot * axis.step_ms)),
    step_ms: axis.step_ms,
    series: own.filter(({ values }) => values.some((value) => value !== null)).toSorted(compareKeys),
  }
}

/** Only slots that lie whole within the tenure: what is left of the others would tell of somebody else's time. */
const ownSlots = (values: Line['values'], axis: Axis, tenure: readonly OpenInterval[]): Line['values'] =>
  values.map((value, slot) => {
    const from = axis.from + slot * axis.step_ms
    return isWithin(tenure, { from, to: from + axis.step_ms }) ? value : null
  })

async function linesOf(
  ctx: Context,
  resource_id: string,
  query: SeriesQuery,
  axis: Axis,
  vcpus: number | null,
): Promise<Line[]> {
  const asked = metricsOf(query.metrics)
  const typed = (type: 'counter' | 'gauge') => asked.filter((name) => PUBLISHED.get(name)?.type === type)
  const load = asked.includes(CPU_LOAD)
  const counters = [...new Set([...typed('counter'), ...(load ? [CPU_TIME] : [])])]
  const samples = counters.length > 0 ? await readCounters(ctx.tx, [resource_id], counters, axis) : []
  const gauges = typed('gauge')
  const means = gauges.length > 0 ? await readGauges(ctx.tx, resource_id, gauges, axis) : new Map()
  return [
    ...counterLines(samples, new Set(typed('counter')), axis),
    ...[...means].map(([key, gauge]) => line(parseKey(key), '', slotMeans(holds(gauge), axis))),
    ...(load ? loadLine(samples, vcpus, axis) : []),
  ]
}

type Line = Series['series'][number]
const line = (key: Key, suffix: string, values: Line['values']): Line => ({
  ...key,
  unit: `${PUBLISHED.get(key.metric)?.unit ?? 'ratio'}${suffix}`,
  values,
})

function counterLines(samples: readonly Sample[], metrics: ReadonlySet<string>, axis: Axis): Line[] {
  const keys = new Set(samples.flatMap((sample) => Object.keys(sample.values)))
  return [...keys]
    .filter((key) => metrics.has(parseKey(key).metric))
    .map((key) => line(parseKey(key), '/s', slotMeans(rates(samples, key), axis)))
}

const loadLine = (samples: readonly Sample[], vcpus: number | null, axis: Axis): Line[] => [
  line({ metric: CPU_LOAD, device: null }, '', slotMeans(cpuLoad(samples, vcpus), axis)),
]

function windowOf(query: SeriesQuery, now: Instant): Interval {
  const to = query.to === undefined ? now : fromIso(query.to)
  const from = query.from === undefined ? to - 3_600_000 : fromIso(query.from)
  if (from < to && to - from <= MAX_WINDOW_MS) return { from, to }
  throw new Problem('invalid', 'A chart covers at most 25 hours: choose `from` before `to`, at most 25 hours apart.', [
    { pointer: '/from', detail: 'must be before `to`, by at most 25 hours' },
  ])
}

function metricsOf(text: string | undefined): string[] {
  const known = [...PUBLISHED.keys(), CPU_LOAD]
  if (text === undefined) return known
  const asked = text.split(',').map((name) => name.trim())
  const unknown = asked.filter((name) => !known.includes(name))
  if (unknown.length === 0) return asked
  throw new Problem(
    'invalid',
    `There is no metric ${unknown.join(', ')}; GET /resources/{id}/metrics lists the names, without Prometheus's prefix and suffix.`,
    [{ pointer: '/metrics', detail: `unknown: ${unknown.join(', ')}` }],
  )
}

/** Processor load of the last hour in twelve 5-minute means, from 0 to 1, for each resource that was asked for; nothing from before `since`. */
export async function sparklines(
  ctx: Context,
  resource_ids: readonly string[],
  vcpus: ReadonlyMap<string, number> = new Map(),
  since: ReadonlyMap<string, Instant | null> = new Map(),
): Promise<Map<string, (number | null)[]>> {
  permit(ctx, 'metrics.read')
  const axis = sparklineAxis(ctx.now())
  const samples = resource_ids.length > 0 ? await readCounters(ctx.tx, resource_ids, [CPU_TIME], axis) : []
  const byResource = Map.groupBy(samples, (sample) => sample.resource_id)
  return new Map(
    resource_ids.map((id) => {
      const load = slotMeans(cpuLoad(byResource.get(id) ?? [], vcpus.get(id) ?? null), axis)
      return [id, ownSlots(load, axis, [{ from: since.get(id) ?? null, to: null }])]
    }),
  )
}
