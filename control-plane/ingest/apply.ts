/** Brings the facts of one batch to the slices that own them, in the batch's own transaction. */
import { sure } from '../base/problem.ts'
import {
  type Event,
  type Fact,
  type Gap,
  type Health,
  listingDigest,
  type Observation,
  type Readings,
  type SnapshotPart,
  type SnapshotUnchanged,
} from '#connectors/contract.ts'
import type { z } from 'zod'
import type { Context } from '../db/index.ts'
import { gatherParts, type Reporter, refKey, resourceIds, storeEvent, storeListing } from '../inventory/index.ts'
import { asGauges, storeReadings } from '../metering/index.ts'
import { meterOfKey } from '../metering/rules.ts'
import { publish, type SampleRow, store as storeSamples } from '../metrics/index.ts'
import { sourceFacts, sourceHealth } from '../sources/index.ts'
import { measure, type Refusal, type Taken } from './rules.ts'
import { insertLost } from './store.ts'

export interface Batch {
  spool: string
  sequence: number
  /** added to each `seen_at_ms` of the agent's clock */
  offset_ms: number
  cut: number
  sources: ReadonlyMap<string, Reporter & { interval_ms: number }>
}
export interface Applied {
  refused: Refusal[]
  unknown_digests: string[]
  /** resources with new readings, for live pages */
  sampled: string[]
}

export async function apply(ctx: Context, batch: Batch, taken: readonly Taken[]): Promise<Applied> {
  const out: Applied = { refused: [], unknown_digests: [], sampled: [] }
  const at = (fact: Fact) => fact.seen_at_ms + batch.offset_ms
  const newest = new Map<string, number>()
  for (const { fact, position } of taken) {
    newest.set(fact.source, Math.max(newest.get(fact.source) ?? 0, at(fact)))
    await applyFact(ctx, batch, fact, position, out)
  }
  await applyReadings(ctx, batch, taken, out)
  for (const [source, seen_at] of newest) await sourceFacts(ctx, source, seen_at)
  return out
}

async function applyFact(ctx: Context, batch: Batch, fact: Fact, position: number, out: Applied): Promise<void> {
  switch (fact.type) {
    case 'snapshot':
    case 'unchanged':
      return applyListing(ctx, batch, fact, out)
    case 'event':
      return applyEvent(ctx, batch, fact, position)
    case 'health':
      return applyHealth(ctx, batch, fact)
    case 'gap':
      return applyGap(ctx, batch, fact)
    case 'readings':
      return
  }
}

async function applyListing(
  ctx: Context,
  batch: Batch,
  fact: z.infer<typeof SnapshotPart> | z.infer<typeof SnapshotUnchanged>,
  out: Applied,
): Promise<void> {
  const by = sure(batch.sources.get(fact.source))
  let resources: Observation[] | null = null
  if (fact.type === 'snapshot') {
    resources =
      fact.parts === 1
        ? fact.resources
        : await gatherParts(
            ctx,
            { source_id: fact.source, snapshot_id: fact.snapshot, part: fact.part, resources: fact.resources },
            fact.parts,
          )
    if (!resources) return
    if (listingDigest(resources, fact.complete) !== fact.digest) {
      const detail = `The listing of ${fact.scope.kind} ${fact.scope.external_id} does not match its digest: it was damaged on the way or badly cut into parts.`
      out.refused.push({
        reason: 'digest',
        detail,
        source_id: fact.source,
        readings: 0,
        raw: { ...fact, resources: resources.length },
      })
      return
    }
  }
  const { scope, complete, interval_ms, digest } = fact
  const unknown = await storeListing(
    ctx,
    by,
    { scope, complete, interval_ms, digest, resources, seen_at: fact.seen_at_ms + batch.offset_ms },
    batch.cut,
  )
  if (unknown) out.unknown_digests.push(unknown)
}

const applyEvent = (ctx: Context, batch: Batch, fact: z.infer<typeof Event>, position: number): Promise<void> => {
  const { scope, resource, change, content } = fact
  // a batch's sequence is part of the order of events of one instant
  const order = (batch.sequence % 20_000) * 100_000 + position
  return storeEvent(
    ctx,
    sure(batch.sources.get(fact.source)),
    { scope, resource, change, content, position: order, seen_at: fact.seen_at_ms + batch.offset_ms },
    batch.cut,
  )
}

const applyHealth = (
  ctx: Context,
  batch: Batch,
  { source, ok, duration_ms, version, error, seen_at_ms }: z.infer<typeof Health>,
): Promise<void> =>
  sourceHealth(ctx, source, { ok, duration_ms, version, error, seen_at: seen_at_ms + batch.offset_ms })

async function applyGap(
  ctx: Context,
  batch: Batch,
  { source, from_ms, seen_at_ms, cause, first_sequence, last_sequence }: z.infer<typeof Gap>,
): Promise<void> {
  const sequences =
    first_sequence !== undefined && last_sequence !== undefined && first_sequence <= last_sequence
      ? { first: first_sequence, last: last_sequence }
      : null
  await insertLost(ctx, {
    source_id: source,
    spool_id: batch.spool,
    from_at: from_ms + batch.offset_ms,
    to_at: seen_at_ms + batch.offset_ms,
    cause,
    sequences,
    cut: batch.cut,
  })
}

interface Measurement {
  fact: Readings
  position: number
  measured: ReturnType<typeof measure>
}

/** All readings of the batch at once: history to metrics, metered counters and gauges to metering. */
async function applyReadings(ctx: Context, batch: Batch, taken: readonly Taken[], out: Applied): Promise<void> {
  const list: Measurement[] = []
  for (const { fact, position } of taken) {
    if (fact.type !== 'readings') continue
    const measured = measure(fact.counters, fact.gauges)
    for (const refusal of measured.refused) out.refused.push({ ...refusal, source_id: fact.source, readings: 1 })
    list.push({ fact, position, measured })
  }
  const ids = await idsOf(ctx, batch, list)
  const idOf = ({ fact }: Measurement) => sure(ids.get(`${fact.source}\n${refKey(fact.resource)}`))
  const metered = list.map((m) => ({ ...m, counters: meteredOf(m, 'counters'), gauges: meteredOf(m, 'gauges') }))
  await storeReadings(
    ctx,
    metered.flatMap((m) => [
      ...(m.counters.length > 0 ? [readingRow(batch, m, idOf(m), m.counters)] : []),
      ...(m.gauges.length > 0 ? [asGauges(readingRow(batch, m, idOf(m), m.gauges))] : []),
    ]),
    batch.cut,
  )
  const metric_only = new Map<string, number>()
  for (const m of metered)
    metric_only.set(
      m.fact.source,
      (metric_only.get(m.fact.source) ?? 0) +
        (m.measured.counters.size + m.measured.gauges.size) -
        (m.counters.length + m.gauges.length),
    )
  await storeSamples(
    ctx,
    list.map((m) => sampleRow(batch, m, idOf(m))),
    metric_only,
  )
  out.sampled = [...new Set(ids.values())]
}

async function idsOf(ctx: Context, batch: Batch, list: readonly Measurement[]): Promise<Map<string, string>> {
  const out = new Map<string, string>()
  for (const [source, own] of Map.groupBy(list, (m) => m.fact.source)) {
    const ids = await resourceIds(
      ctx,
      sure(batch.sources.get(source)),
      own.map((m) => m.fact.resource),
      batch.cut,
    )
    for (const [key, id] of ids) out.set(`${source}\n${key}`, id)
  }
  return out
}

/** Those that a meter reads, in digits. */
const meteredOf = ({ fact, measured }: Measurement, type: 'counters' | 'gauges'): [string, string][] =>
  fact.metered
    ? [...measured[type]].flatMap(([key, value]) => (meterOfKey(key) ? [[key, String(value)] as [string, string]] : []))
    : []

const readingRow = (
  batch: Batch,
  { fact, position }: Measurement,
  resource_id: string,
  counters: [string, string][],
) => ({
  resource_id,
  position,
  seen_at: fact.seen_at_ms + batch.offset_ms,
  spool_id: batch.spool,
  sequence: batch.sequence,
  source_id: fact.source,
  interval_ms: fact.interval_ms,
  epoch: fact.epoch?.id ?? '',
  wrap_bits: fact.epoch?.wrap_bits ?? null,
  counters: Object.fromEntries(counters),
  counter_count: counters.length,
  origin_at: fact.epoch?.origin_ms === undefined ? null : fact.epoch.origin_ms + batch.offset_ms,
})

const sampleRow = (batch: Batch, { fact, measured }: Measurement, resource_id: string): SampleRow => ({
  resource_id,
  source_id: fact.source,
  seen_at: fact.seen_at_ms + batch.offset_ms,
  part: fact.metered ? 'metered' : 'history',
  epoch: fact.epoch?.id ?? '',
  interval_ms: fact.interval_ms,
  values: published(measured),
})

function published({ counters, gauges }: Measurement['measured']): Record<string, number> {
  const values: Record<string, number> = {}
  for (const readings of [counters, gauges])
    for (const [reported, given] of readings) {
      const { key, value } = publish(reported, Number(given))
      values[key] = value
    }
  return values
}
