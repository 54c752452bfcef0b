/** Words of the metrics slice: current values and one day of history for charts. */
import { z } from 'zod'
import { InstantText } from '../http/contract.ts'

/** Names and values are those of `/metrics`, without the prefix `atalaya_`: base units, seconds and bytes. */
export const CurrentValues = z
  .object({
    items: z.array(
      z.object({
        metric: z.string(),
        device: z.string().nullable(),
        value: z.number(),
        unit: z.string(),
        type: z.enum(['counter', 'gauge']),
        seen_at: InstantText,
      }),
    ),
  })
  .meta({ id: 'CurrentValues' })

export const SeriesQuery = z.object({
  from: InstantText.optional(),
  to: InstantText.optional(),
  metrics: z.string().max(1000).optional().meta({ description: 'metric names, comma-separated; default: all' }),
  points: z.coerce.number().int().min(10).max(2000).default(360),
})
/** Counters come as rates per second, gauges as means; null is a gap, never a zero. */
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
