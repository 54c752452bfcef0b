/** Words of the metrics slice: current values and one day of history for charts. */
import { z } from 'zod'
import { InstantText } from '../http/contract.ts'

/**
 * One name for a metric everywhere: `disk_read_bytes` here is `atalaya_disk_read_bytes_total` in Prometheus, where every
 * name begins with `atalaya_` and every counter ends in `_total`. Values are the same: base units, seconds and bytes.
 */
export const CurrentValues = z
  .object({
    items: z.array(
      z.object({
        metric: z.string().meta({ example: 'disk_read_bytes' }),
        device: z.string().nullable().meta({ example: 'vda' }),
        value: z.number(),
        unit: z.string().meta({ example: 'bytes' }),
        type: z.enum(['counter', 'gauge']),
        seen_at: InstantText,
      }),
    ),
  })
  .meta({ id: 'CurrentValues' })
export type CurrentValues = z.infer<typeof CurrentValues>

export const SeriesQuery = z.object({
  from: InstantText.optional().meta({ description: 'default: one hour before `to`; at most 25 hours before it' }),
  to: InstantText.optional().meta({ description: 'default: now' }),
  metrics: z.string().max(1000).optional().meta({ description: 'metric names, comma-separated; default: all' }),
  points: z.coerce.number().int().min(10).max(2000).default(360),
})
export type SeriesQuery = z.infer<typeof SeriesQuery>
/**
 * Counters come as rates per second (unit `bytes/s`), gauges as means; null is a gap, never a zero. `at` are the starts of
 * slots of `step_ms`. `cpu_load` is derived from processor time: 0 to 1 of all processors, unit `ratio`.
 */
export const Series = z
  .object({
    at: z.array(InstantText),
    step_ms: z.int(),
    series: z.array(
      z.object({
        metric: z.string(),
        device: z.string().nullable(),
        unit: z.string(),
        values: z.array(z.number().nullable()),
      }),
    ),
  })
  .meta({ id: 'Series' })
export type Series = z.infer<typeof Series>

/** Values of one reading fact by published name and device: `{"disk_read_bytes/vda": 4096}`. */
export type Values = Record<string, number>

/** One reading fact on its way in; keys and values as `publish` gives them. */
export interface SampleRow {
  resource_id: string
  source_id: string
  seen_at: number
  part: 'metered' | 'history'
  epoch: string
  interval_ms: number
  values: Values
}

/** Readings that went no further than metrics, by source and arrival hour. */
export interface Intake {
  source_id: string
  hour: number
  metric_only: number
}

/** The labels by which Prometheus knows a resource. */
export interface ResourceLabels {
  kind: string
  name: string
  realm: string
}
