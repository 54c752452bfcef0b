/** Slots of five minutes and the one that a percentile names, against the plainest code that could say the same. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HOUR_MS, type Interval } from '../base/time.ts'
import { SLOT_MS } from './contract.ts'
import { type Course, courseOf, type CounterReading, usageIn } from './rules.ts'
import { rankOf, type Slot, Slots, slotsIn, wholeSlots } from './slots.ts'

const START = 400_000 * HOUR_MS
const END = START + 3 * HOUR_MS

const step = fc.record({
  after_ms: fc.oneof(
    fc.constant(60_000),
    fc.integer({ min: 1, max: 90_000 }),
    fc.integer({ min: 1, max: 2 * HOUR_MS }),
  ),
  grow: fc.bigInt({ min: 0n, max: 10n ** 10n }),
  what: fc.constantFrom('goes on', 'goes on', 'goes on', 'goes on', 'reset', 'reset, origin unknown'),
})
const device = fc
  .tuple(fc.integer({ min: -HOUR_MS, max: HOUR_MS }), fc.array(step, { minLength: 1, maxLength: 40 }))
  .map(([offset, steps]) => {
    let [at, value, epoch] = [START + offset, 0n, 0]
    return steps.map(({ after_ms, grow, what }, sequence): CounterReading => {
      at += after_ms
      if (what !== 'goes on') [value, epoch] = [0n, epoch + 1]
      value += grow
      const origin = what === 'reset' ? at - 1 : null
      const by = { wrap_bits: null, interval_ms: 60_000, spool: 's', sequence }
      return { at, value, epoch: `e${epoch}`, origin, ...by }
    })
  })
const devices = fc.array(device, { minLength: 1, maxLength: 3 })
const coursesOf = (list: readonly CounterReading[][]) => list.map((own) => courseOf(own, null))

/** A slot by looking at each instant where anything changes. */
function plainly(courses: readonly Course[], slot: Interval): Slot {
  const spans = courses.flatMap((course) => course.spans)
  const lost = courses.flatMap((course) => course.gaps).filter((gap) => gap.quantity === null)
  const edges = [slot.from, ...[...spans, ...lost].flatMap(({ from, to }) => [from, to])]
  const instants = edges.filter((at) => at >= slot.from && at < slot.to)
  const isIn = (at: number, { from, to }: Interval) => from <= at && at < to
  const known = instants.map((at) => spans.some((span) => isIn(at, span)))
  const isLost = instants.some((at) => lost.some((gap) => isIn(at, gap)))
  const growing = spans.filter((span) => span.increase > 0n && span.from < slot.to && span.to > slot.from)
  return {
    bytes: courses.reduce((sum, course) => sum + usageIn(course, slot).quantity, 0n),
    seen: known.every(Boolean) && !isLost ? 'whole' : known.some(Boolean) || isLost ? 'partly' : 'not',
    spread: growing.some(({ from, to }) => to - from > SLOT_MS),
    silent: growing.some((span) => span.estimated),
  }
}
const slotsOf = ({ from, to }: Interval): Interval[] =>
  Array.from({ length: (to - from) / SLOT_MS }, (_, n) => ({ from: from + n * SLOT_MS, to: from + (n + 1) * SLOT_MS }))

test('a slot holds what usage says of its five minutes, and is whole only where each instant is known and nothing was lost', () => {
  fc.assert(
    fc.property(devices, (list) => {
      const courses = coursesOf(list)
      const whole = { from: START, to: END }
      expect(slotsIn(courses, whole)).toEqual(slotsOf(whole).map((slot) => plainly(courses, slot)))
    }),
    { numRuns: 150 },
  )
})

test('twelve slots are their hour, however time is cut into windows and in whatever order readings came', () => {
  fc.assert(
    fc.property(devices, fc.integer({ min: 1, max: 35 }), fc.infiniteStream(fc.nat()), (list, cut, dice) => {
      const courses = coursesOf(list)
      const at = START + cut * SLOT_MS
      const slots = slotsIn(courses, { from: START, to: END })
      expect([...slotsIn(courses, { from: START, to: at }), ...slotsIn(courses, { from: at, to: END })]).toEqual(slots)
      const hour = courses.reduce((sum, one) => sum + usageIn(one, { from: START, to: START + HOUR_MS }).quantity, 0n)
      expect(slots.slice(0, 12).reduce((sum, slot) => sum + slot.bytes, 0n)).toBe(hour)
      const shuffled = list.map((own) =>
        own.map((one) => ({ one, key: dice.next().value as number })).toSorted((a, b) => a.key - b.key),
      )
      const later = coursesOf(shuffled.map((own) => own.map(({ one }) => one)))
      expect(slotsIn(later, { from: START, to: END })).toEqual(slots)
    }),
    { numRuns: 150 },
  )
})

const slot = fc.record({
  bytes: fc.bigInt({ min: 0n, max: 20n }),
  seen: fc.constantFrom('whole', 'whole', 'whole', 'whole', 'partly', 'not'),
  spread: fc.boolean(),
  silent: fc.constantFrom(false, false, false, true),
}) as fc.Arbitrary<Slot>
const pairs = fc.array(fc.tuple(slot, slot), { maxLength: 120 })
const gathered = (list: readonly (readonly [Slot, Slot])[]): Slots => {
  const slots = new Slots()
  for (const [index, [received, sent]] of list.entries()) slots.add(START + index * SLOT_MS, [received], [sent])
  return slots
}

test('the percentile is the least observed mean that at most five of a hundred exceed; the peak is exceeded by none', () => {
  fc.assert(
    fc.property(pairs, fc.constantFrom(5, 0), fc.boolean(), (list, dropped, skips) => {
      const peak = gathered(list).peak(dropped, skips)
      const isThere = [0, 1].map((way) => list.some((pair) => pair[way]!.seen === 'whole'))
      const observed = list.filter(
        (pair) =>
          isThere.some(Boolean) &&
          pair.every((one, way) => !isThere[way] || (one.seen === 'whole' && !(skips && one.silent))),
      )
      expect([peak.slots, peak.missing]).toEqual([observed.length, list.length - observed.length])
      for (const way of [0, 1]) {
        const claimed = way === 0 ? peak.in : peak.out
        if (!isThere[way]) expect(claimed).toBeNull()
        else if (observed.length === 0) expect(claimed).toBe(0n)
        else {
          const means = observed.map((pair) => pair[way]!.bytes)
          const mayExceed = (mean: bigint) => means.filter((one) => one > mean).length * 100 <= dropped * means.length
          const least = means.filter(mayExceed).reduce((a, b) => (a < b ? a : b))
          expect(claimed).toBe(least)
        }
      }
    }),
    { numRuns: 500 },
  )
})

test('a slot that was not observed counts for nothing: not as zero, and not as a rank', () => {
  const whole = (bytes: bigint): Slot => ({ bytes, seen: 'whole', spread: false, silent: false })
  const none: Slot = { bytes: 0n, seen: 'not', spread: false, silent: false }
  const busy = Array.from({ length: 20 }, (_, n) => [whole(BigInt(n + 1)), whole(1n)] as const)
  const silent = Array.from({ length: 80 }, () => [none, none] as const)
  // as zeroes they would make it the 95th of a hundred, which is 15
  expect(gathered([...silent, ...busy]).peak(5, false)).toMatchObject({
    in: 19n,
    out: 1n,
    rank: 19,
    slots: 20,
    missing: 80,
  })
  expect(gathered([...silent, ...busy]).peak(5, false).unseen).toEqual([{ from: START, to: START + 80 * SLOT_MS }])
  expect(gathered([...busy]).peak(0, false)).toMatchObject({ in: 20n, rank: 20, missing: 0 })
})

test('ranks are those of the convention', () => {
  expect([0, 1, 19, 20, 21, 40, 100, 8640, 8928].map((n) => rankOf(n, 5))).toEqual([
    0, 1, 19, 19, 20, 38, 95, 8208, 8482,
  ])
  expect([0, 1, 8928].map((n) => rankOf(n, 0))).toEqual([0, 1, 8928])
})

test('only whole slots of the UTC clock count; where stretches meet they are one', () => {
  const at = (slots: number, ms = 0) => START + slots * SLOT_MS + ms
  expect(wholeSlots([{ from: at(0, 1), to: at(3, 5) }])).toEqual([{ from: at(1), to: at(3) }])
  expect(wholeSlots([{ from: at(0, 1), to: at(0, 9) }])).toEqual([])
  const met = [
    { from: at(2, 7), to: at(4) },
    { from: at(0), to: at(2, 7) },
  ]
  expect(wholeSlots(met)).toEqual([{ from: at(0), to: at(4) }])
})
