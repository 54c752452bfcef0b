import { expect, test } from 'vitest'
import { Event, Observation, Readings } from '#connectors/contract.ts'
import { CLUSTERS, CUSTOMERS, machines } from './customers.ts'
import { events, tick } from './sayings.ts'

const HOUR_MS = 3_600_000
const SPAN_MS = 40 * 24 * HOUR_MS
const BEGAN = Date.parse('2026-09-01T00:00:00Z')
const SOURCE = '00000000-0000-4000-8000-000000000001'
const all = machines(SPAN_MS)

test('every customer has machines, some are nobody’s, and each change of a life is told once, a move by both hosts', () => {
  for (const { key } of CUSTOMERS) expect(all.some(({ customer }) => customer === key)).toBe(true)
  expect(all.some(({ customer }) => customer === null)).toBe(true)
  const moves = all.flatMap(({ phases }) => phases.filter(({ change }) => change === 'migrated')).length
  const phases = all.flatMap((machine) => machine.phases).length
  expect(moves).toBeGreaterThan(0)
  expect(events(all, 0, SPAN_MS, BEGAN)).toHaveLength(phases + moves)
})

test('what the demo says is valid, and no counter ever falls within its epoch', () => {
  const last = new Map<string, bigint>()
  for (let at = 0; at < SPAN_MS; at += HOUR_MS)
    for (const cluster of CLUSTERS)
      for (const said of tick(
        cluster,
        all.filter(({ realm }) => realm === cluster.realm),
        at,
        BEGAN,
      )) {
        if (said.type === 'listing') said.resources.forEach((resource) => Observation.parse(resource))
        if (said.type !== 'readings') continue
        const { resource, epoch, counters } = Readings.parse({ ...said, source: SOURCE, interval_ms: HOUR_MS })
        for (const [name, value] of Object.entries(counters)) {
          const series = `${resource.external_id} ${epoch?.id} ${name}`
          const now = BigInt(value as number | string)
          expect(now >= (last.get(series) ?? 0n), series).toBe(true)
          last.set(series, now)
        }
      }
  expect(last.size).toBeGreaterThan(all.length * 5)
  for (const event of events(all, 0, SPAN_MS, BEGAN)) Event.parse({ ...event, source: SOURCE })
})
