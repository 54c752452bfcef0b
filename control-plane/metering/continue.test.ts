/** Usage that is continued from stored hours is the usage that all readings give. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HOUR_MS, hourOf, type Instant } from '../base/time.ts'
import { continued } from './continue.ts'
import { hoursIn, type HourUsage, measure, usageOfHour } from './hours.ts'
import type { ReadingRow } from './readings/store.ts'
import type { UsageRow } from './store.ts'

const START = 400_000 * HOUR_MS

/** What happens between two readings: time goes on, counters grow, or something that the end alone can't explain. */
const step = fc.record({
  after_ms: fc.oneof(
    fc.integer({ min: 1, max: 20_000 }),
    fc.integer({ min: 1, max: 2 * HOUR_MS }),
    fc.constant(HOUR_MS),
  ),
  received: fc.integer({ min: 0, max: 50 }),
  sent: fc.constantFrom<number>(0, 0, 7),
  what: fc.constantFrom('goes on', 'goes on', 'goes on', 'goes on', 'reset', 'fell', 'lost a device'),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function readingsOf(steps: readonly Step[]): ReadingRow[] {
  let [at, epoch, received, sent] = [START + 1, 1, 1_000, 0]
  return steps.map((each, sequence) => {
    at += each.after_ms
    received += each.received
    sent += each.sent
    if (each.what === 'reset') [epoch, received, sent] = [epoch + 1, each.received, 0]
    if (each.what === 'fell') received = 0
    const counters: Record<string, string> = {
      'network_receive_bytes/eth0': String(received),
      'network_transmit_bytes/eth0': String(sent),
    }
    if (each.what !== 'lost a device') counters['network_receive_bytes/eth1'] = String(received * 3)
    return {
      resource_id: 'r',
      seen_at: at,
      spool_id: 's',
      sequence,
      position: 0,
      source_id: 'source',
      interval_ms: 10_000,
      epoch: `boot-${epoch}`,
      origin_at: each.what === 'reset' ? at - 1 : null,
      wrap_bits: null,
      counters,
      counter_count: 3,
    }
  })
}

const rowOf = (usage: HourUsage): UsageRow => ({
  ...usage,
  id: '',
  resource_id: 'r',
  cut_from: 1,
  cut_to: null,
  stored_at: 0,
})

function fromAll(readings: readonly ReadingRow[]): HourUsage[] {
  const measured = measure(readings, null)
  const to = hourOf(Math.max(...readings.map((row) => row.seen_at))) + HOUR_MS
  return [...hoursIn({ from: START, to })].flatMap((hour) => usageOfHour(measured, hour))
}

const byKey = (list: readonly HourUsage[]) =>
  new Map(
    list.map(({ meter, hour, quantity, estimated, gaps, bounds, reading_count, digest }) => [
      `${meter} ${hour - START}`,
      { quantity, estimated, gaps, bounds, reading_count, digest },
    ]),
  )

/** Stored hours after a further batch; where the end doesn't say it, all readings do. */
function afterBatch(stored: readonly HourUsage[], before: readonly ReadingRow[], batch: readonly ReadingRow[]) {
  const last = before.at(-1)
  const from: Instant = last ? hourOf(last.seen_at) : START
  const next = last && continued(last, batch, stored.filter(({ hour }) => hour >= from).map(rowOf))
  if (!next) return { continues: 0, stored: fromAll([...before, ...batch]) }
  const isNew = new Set(next.map(({ meter, hour }) => `${meter} ${hour}`))
  return { continues: 1, stored: [...stored.filter(({ meter, hour }) => !isNew.has(`${meter} ${hour}`)), ...next] }
}

test('hours continued batch by batch equal those that all readings give', () => {
  let continues = 0
  fc.assert(
    fc.property(fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { minLength: 2, maxLength: 8 }), (batches) => {
      const readings = readingsOf(batches.flat())
      let [stored, taken]: [HourUsage[], number] = [[], 0]
      for (const { length } of batches) {
        const after = afterBatch(stored, readings.slice(0, taken), readings.slice(taken, taken + length))
        ;[stored, taken, continues] = [after.stored, taken + length, continues + after.continues]
        expect(byKey(stored)).toEqual(byKey(fromAll(readings.slice(0, taken))))
      }
    }),
    { numRuns: 200 },
  )
  // else the property says nothing
  expect(continues).toBeGreaterThan(100)
})

test('a reading that came late is not taken for one at the end', () => {
  const steps = Array.from({ length: 4 }, () => ({ after_ms: 10_000, received: 5, sent: 1, what: 'goes on' as const }))
  const [first, second, late, newest] = readingsOf(steps) as [ReadingRow, ReadingRow, ReadingRow, ReadingRow]
  const stored = fromAll([first, second, newest]).map(rowOf)
  expect(continued(second, [late, newest], stored)).toBeNull()
})

test('a reading at the very end of an hour may count already', () => {
  const steps = [{ after_ms: HOUR_MS / 2 - 1 }, { after_ms: HOUR_MS / 2 }, { after_ms: 10_000 }].map((each) => ({
    ...each,
    received: 5,
    sent: 1,
    what: 'goes on' as const,
  }))
  const [first, end, next] = readingsOf(steps) as [ReadingRow, ReadingRow, ReadingRow]
  expect(end.seen_at % HOUR_MS).toBe(0)
  expect(continued(first, [end, next], fromAll([first, end]).map(rowOf))).toBeNull()
})
