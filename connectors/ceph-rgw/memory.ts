/** What is kept over a restart, as JSON and back: what cannot be read is as nothing kept. */
import { z } from 'zod'
import { type Counter, type Memory, nothing, type Totals } from './counting.ts'
import { type Triple, type UsageRecord, whole, wire } from './map.ts'

const Instant = z.int().min(0).max(253_402_300_799_999)
const Digits = z.union([z.int().nonnegative(), z.string()]).transform((value, context) => {
  const digits = whole(value)
  if (digits !== undefined) return digits
  context.addIssue('no count')
  return z.NEVER
})
const Kept = z.strictObject({
  version: z.literal(1),
  id: z.string().min(1).max(64),
  upto_ms: Instant.nullable(),
  listed_ms: Instant.nullable(),
  hours: z.array(
    z.tuple([
      Instant,
      z.array(z.tuple([z.string(), z.string(), z.boolean(), z.array(z.tuple([z.string(), Digits, Digits, Digits]))])),
    ]),
  ),
  counters: z.array(
    z.strictObject({
      kind: z.enum(['bucket', 's3_user', 'cluster']),
      external_id: z.string().min(1).max(512),
      incarnation: z.string().max(128),
      name: z.string(),
      owners: z.array(z.string()),
      born_ms: Instant.nullable(),
      epoch: z.string().min(1).max(128),
      origin_ms: Instant.nullable(),
      read_ms: Instant,
      gone_ms: Instant.nullable(),
      totals: z.record(z.string(), Digits),
    }),
  ),
})

export function kept({ id, upto_ms, listed_ms, hours, counters }: Memory): z.input<typeof Kept> {
  return {
    version: 1,
    id,
    upto_ms,
    listed_ms,
    hours: [...hours].map(([hour, seen]) => [
      hour,
      [...seen.values()].map(({ user, bucket, pays, categories }) => [
        user,
        bucket,
        pays,
        [...categories].map(([category, [ops, sent, received]]) => [category, wire(ops), wire(sent), wire(received)]),
      ]),
    ]),
    counters: [...counters.values()].map((counter) => ({
      ...counter,
      totals: Object.fromEntries(Object.entries(counter.totals).map(([key, value]) => [key, wire(value)])),
    })),
  }
}

/** null: nothing was kept, or nothing that can be read. */
export function restored(value: unknown): Memory | null {
  const parsed = Kept.safeParse(value)
  if (!parsed.success) return null
  const { id, upto_ms, listed_ms, hours, counters } = parsed.data
  return {
    id,
    upto_ms,
    listed_ms,
    hours: new Map(
      hours.map(([hour, records]) => [
        hour,
        new Map(
          records.map(([user, bucket, pays, categories]): [string, UsageRecord] => [
            JSON.stringify([user, bucket, pays]),
            {
              user,
              bucket,
              pays,
              categories: new Map(categories.map(([category, ...counts]): [string, Triple] => [category, counts])),
            },
          ]),
        ),
      ]),
    ),
    counters: new Map(
      counters.map((counter): [string, Counter] => [
        JSON.stringify([counter.kind, counter.external_id, counter.incarnation]),
        { ...counter, totals: known(counter.totals) },
      ]),
    ),
  }
}

/** A counter that a later version kept is none of ours. */
const known = (totals: Readonly<Record<string, bigint>>): Totals =>
  Object.fromEntries(Object.keys(nothing()).map((key) => [key, totals[key] ?? 0n]))
