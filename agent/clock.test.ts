/** Corrected time against a server, with a wall clock that people set. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ServerClock } from './clock.ts'

/** A machine whose wall clock is `wrong_ms` ahead of the server's. */
class World {
  true_ms = 1_800_000_000_000
  wrong_ms: number
  clock: ServerClock
  readonly time = {
    wall_ms: () => Math.round(this.true_ms + this.wrong_ms),
    steady_ms: () => this.true_ms - 1_700_000_000_000,
  }
  constructor(wrong_ms: number) {
    this.wrong_ms = wrong_ms
    this.clock = new ServerClock(this.time)
  }
  /** the agent starts anew within the same boot */
  restart(): void {
    this.clock = new ServerClock(this.time, this.clock.knowledge)
  }
  /** a request that takes `there_ms` to be stored and `back_ms` to return */
  ask(there_ms: number, back_ms: number): void {
    const mark = this.clock.mark()
    this.true_ms += there_ms
    const stored_at_ms = Math.round(this.true_ms)
    this.true_ms += back_ms
    this.clock.measured(mark, stored_at_ms)
  }
  corrected = () => this.clock.offset() + Math.round(this.true_ms + this.wrong_ms)
}

test('a clock that is right within the round trip is left alone', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -20, max: 20 }),
      fc.nat({ max: 500 }),
      fc.nat({ max: 500 }),
      (wrong_ms, there, back) => {
        fc.pre(Math.abs(wrong_ms) + Math.abs(there - back) / 2 <= (there + back) / 2)
        const world = new World(wrong_ms)
        world.ask(there, back)
        expect(world.clock.offset()).toBe(0)
      },
    ),
  )
})

test('a wrong clock is corrected to within half the shortest round trip', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 5_000, max: 3_600_000 }),
      fc.constantFrom(-1, 1),
      fc.array(fc.tuple(fc.nat({ max: 900 }), fc.nat({ max: 900 })), { minLength: 1, maxLength: 16 }),
      (wrong, sign, trips) => {
        const world = new World(wrong * sign)
        for (const [there, back] of trips) world.ask(there, back)
        const shortest = Math.min(...trips.map(([there, back]) => there + back))
        expect(Math.abs(world.clock.knowledge.offset_ms + wrong * sign)).toBeLessThanOrEqual(shortest / 2 + 1)
      },
    ),
  )
})

test('of the last samples the one with the least round trip counts', () => {
  const world = new World(60_000)
  world.ask(1, 1)
  world.ask(3_000, 0)
  world.ask(0, 3_000)
  expect(world.clock.offset()).toBe(-60_000)
})

test('corrected time never steps back, whatever is measured and however the wall clock is set', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('wait' as const), ms: fc.nat({ max: 100_000 }) }),
    fc.record({ kind: fc.constant('ask' as const), ms: fc.nat({ max: 2_000 }) }),
    fc.record({ kind: fc.constant('set' as const), ms: fc.integer({ min: -3_600_000, max: 3_600_000 }) }),
  )
  fc.assert(
    fc.property(
      fc.integer({ min: -3_600_000, max: 3_600_000 }),
      fc.array(step, { maxLength: 40 }),
      (wrong_ms, steps) => {
        const world = new World(wrong_ms)
        let last = world.corrected()
        for (const { kind, ms } of steps) {
          if (kind === 'wait') world.true_ms += ms
          else if (kind === 'ask') world.ask(ms / 2, ms / 2)
          else world.wrong_ms += ms
          const now = world.corrected()
          expect(now).toBeGreaterThanOrEqual(last)
          last = now
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('setting the wall clock by an hour moves corrected time by nothing once the offset is known', () => {
  for (const set_ms of [-3_600_000, 3_600_000]) {
    const world = new World(0)
    world.ask(1, 1)
    world.true_ms += 10_000
    world.corrected()
    world.wrong_ms += set_ms
    world.true_ms += 10_000
    expect(world.corrected()).toBe(world.true_ms)
  }
})

test('time that was ahead goes on at half speed until it is right, so that no two facts share an instant', () => {
  const world = new World(10_000)
  const ahead = world.corrected()
  world.ask(0, 0)
  world.true_ms += 1_000
  expect(world.corrected()).toBe(ahead + 500)
  world.true_ms += 30_000
  expect(world.corrected()).toBe(world.true_ms)
})

test('a restart keeps the offset, even when the wall clock is set meanwhile', () => {
  const world = new World(3_600_000)
  world.ask(1, 1)
  world.restart()
  expect(world.corrected()).toBe(world.true_ms)
  world.wrong_ms = -60_000
  world.true_ms += 5_000
  world.restart()
  expect(world.corrected()).toBe(world.true_ms)
})
