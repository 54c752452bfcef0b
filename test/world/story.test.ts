/** What every seed's world is promised to hold before anything travels. */
import { expect, test } from 'vitest'
import { type Body, readingAt, stretchAt } from './life.ts'
import { DAY_MS, planOf, ZONES } from './plan.ts'
import { factsOf, storyOf } from './story.ts'

const SEEDS = Array.from({ length: 36 }, (_, seed) => seed + 1)
const worlds = SEEDS.map((seed) => {
  const plan = planOf(seed, 3)
  return { plan, ...storyOf(plan) }
})

test('the same seed makes the same world, another seed another', () => {
  expect(storyOf(planOf(7, 3))).toEqual(storyOf(planOf(7, 3)))
  expect(storyOf(planOf(7, 3)).bodies).not.toEqual(storyOf(planOf(8, 3)).bodies)
})

test('every world has forty resources and three hundred life-cycle facts, in short runs and in long ones', () => {
  for (const { plan, bodies } of worlds) {
    expect(bodies.length).toBeGreaterThanOrEqual(40)
    expect(factsOf(bodies, plan)).toBeGreaterThanOrEqual(300)
  }
  const long = planOf(1, 40)
  expect(factsOf(storyOf(long).bodies, long)).toBeGreaterThanOrEqual(300)
})

test('seeds go round the turns of the calendar in every zone', () => {
  const turns = new Set(worlds.map(({ plan }) => plan.turn))
  expect(turns.size).toBe(9 * ZONES.length)
})

test('stretches of a life follow each other, and nothing is in two places', () => {
  for (const { bodies } of worlds)
    for (const { life } of bodies)
      for (const [index, next] of life.entries()) if (index > 0) expect(life[index - 1]?.to).toBe(next.from)
})

test('counters never leave their width, and one of each width wraps within the world', () => {
  const wraps = (body: Body, from: number, to: number) => {
    const [before, after] = [readingAt(body, from), readingAt(body, to - 1)]
    return before && after && Object.keys(before.counters).some((key) => falls(before.counters, after.counters, key))
  }
  for (const { plan, bodies } of worlds.slice(0, 9))
    for (const bits of [32, 64]) {
      const wrapping = bodies.filter(({ epochs }) => epochs.some((epoch) => epoch.wrap_bits === bits))
      expect(wrapping.some((body) => wraps(body, plan.start, plan.end))).toBe(true)
      for (const body of wrapping)
        for (let at = plan.start; at < plan.end; at += DAY_MS / 8)
          for (const value of Object.values(readingAt(body, at)?.counters ?? {}))
            expect(value >= 0n && value < 2n ** BigInt(bits)).toBe(true)
    }
})

const falls = (before: Record<string, bigint>, after: Record<string, bigint>, key: string): boolean =>
  (after[key] ?? 0n) < (before[key] ?? 0n)

test('an eye within a guest sees the size of the guest, whichever host carries it', () => {
  for (const { plan, bodies, inside } of worlds.slice(0, 9))
    for (const [guest, twins] of inside)
      for (const twin of twins) {
        const [outside, within] = [guest, twin].map((key) => bodies.find((body) => body.key === key))
        if (!outside || !within) throw new Error(`${guest} has no twin.`)
        expect(within.smbios_uuid).toBe(outside.smbios_uuid)
        for (let at = plan.start; at < plan.end; at += DAY_MS / 5)
          expect(stretchAt(within, at)?.size.vcpu_count).toBe(stretchAt(outside, at)?.size.vcpu_count)
      }
})

test('one machine of ten and more is seen by two eyes or three', () => {
  for (const { bodies, inside } of worlds) {
    const seen = [...inside.values()]
    const machines = bodies.length - seen.flat().length
    expect(inside.size * 10).toBeGreaterThanOrEqual(machines)
    expect(seen.map((twins) => twins.length + 1)).toEqual(expect.arrayContaining([2, 3]))
  }
})
