/** The schedule under a clock of the test's own. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Job, Schedule, type Timers, nextTick, phaseOf, ticksLeftOut } from './schedule.ts'

class FakeTimers implements Timers {
  #now = 1_800_000_000_000
  #timers = new Map<number, { at: number; call: () => void }>()
  #next = 0
  now = () => this.#now
  after(delay_ms: number, call: () => void): () => void {
    const id = this.#next++
    this.#timers.set(id, { at: this.#now + delay_ms, call })
    return () => this.#timers.delete(id)
  }
  async advance(by_ms: number): Promise<void> {
    const end = this.#now + by_ms
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.at <= end).toSorted((a, b) => a[1].at - b[1].at)[0]
      if (!due) break
      this.#timers.delete(due[0])
      this.#now = due[1].at
      due[1].call()
      await Promise.resolve()
      await Promise.resolve()
    }
    this.#now = end
  }
  get waiting() {
    return this.#timers.size
  }
}

const MINUTE_MS = 60_000
function job(id: string, interval_ms: number, run: () => Promise<boolean>): Job & { overruns: number[] } {
  const overruns: number[] = []
  return { id, interval_ms, run, overruns, overrun: (running_ms) => void overruns.push(running_ms) }
}

test('a source ticks soon after it was added and then once an interval, at its own phase', async () => {
  const timers = new FakeTimers()
  const at: number[] = []
  const schedule = new Schedule(timers, 'agent')
  schedule.add(job('a', 10_000, async () => at.push(timers.now()) > 0))
  await timers.advance(5_000)
  expect(at).toHaveLength(1)
  await timers.advance(10 * MINUTE_MS)
  const phases = new Set(at.slice(1).map((ms) => ms % 10_000))
  expect([...phases]).toEqual([phaseOf('agent\na', 10_000)])
  expect(at.length).toBeGreaterThanOrEqual(60)
  expect(at.length).toBeLessThanOrEqual(62)
})

test('the next tick has its phase and lies between half an interval and one and a half away', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 45), fc.integer({ min: 1_000, max: 86_400_000 }), fc.nat(), (now, interval, pick) => {
      const phase = pick % interval
      const next = nextTick(now, interval, phase)
      expect(next % interval).toBe(phase)
      expect(next - now).toBeGreaterThanOrEqual(interval / 2)
      expect(next - now).toBeLessThanOrEqual(interval * 1.5 + 1)
    }),
  )
})

test('a thousand agents spread evenly over the interval', () => {
  const buckets = Array.from({ length: 10 }, () => 0)
  for (let agent = 0; agent < 1_000; agent++) {
    const bucket = Math.floor(phaseOf(`agent-${agent}\nhost`, 10_000) / 1_000)
    buckets[bucket] = (buckets[bucket] ?? 0) + 1
  }
  expect(Math.min(...buckets)).toBeGreaterThan(60)
  expect(Math.max(...buckets)).toBeLessThan(150)
})

test('a tick that overruns is never run beside itself, and the ticks that it swallows are told', async () => {
  const timers = new FakeTimers()
  let running = 0
  let most = 0
  let end: (ok: boolean) => void = () => {}
  const slow = job('slow', 10_000, () => {
    most = Math.max(most, ++running)
    return new Promise((resolve) => {
      end = (ok) => {
        running--
        resolve(ok)
      }
    })
  })
  const schedule = new Schedule(timers, 'agent')
  schedule.add(slow)
  await timers.advance(MINUTE_MS)
  expect([most, running]).toEqual([1, 1])
  expect(slow.overruns.length).toBeGreaterThanOrEqual(5)
  end(true)
  await timers.advance(15_000)
  expect([most, running]).toEqual([1, 1])
})

test('a source that fails or throws stops no other, and waits longer each time', async () => {
  const timers = new FakeTimers()
  const ticks = { good: 0, bad: 0, thrown: 0 }
  const schedule = new Schedule(timers, 'agent')
  schedule.add(job('good', 10_000, async () => ++ticks.good > 0))
  schedule.add(job('bad', 10_000, async () => ++ticks.bad < 0))
  schedule.add(job('thrown', 10_000, () => Promise.reject(new Error(`${++ticks.thrown}`))))
  await timers.advance(10 * MINUTE_MS)
  expect(ticks.good).toBeGreaterThanOrEqual(60)
  expect(ticks.bad).toBeLessThanOrEqual(8)
  expect(ticks.bad).toBeGreaterThanOrEqual(5)
  expect(ticks.thrown).toBe(ticks.bad)
})

test('the back-off doubles and ends at ten minutes', () => {
  expect([0, 1, 2, 3, 4].map((failures) => ticksLeftOut(failures, 10_000))).toEqual([0, 0, 1, 3, 7])
  expect(ticksLeftOut(50, 10_000)).toBe(60)
  expect(ticksLeftOut(50, 86_400_000)).toBe(0)
})

test('a removed source ticks no more, and a stopped schedule holds no timer', async () => {
  const timers = new FakeTimers()
  let ticks = 0
  const schedule = new Schedule(timers, 'agent')
  schedule.add(job('a', 10_000, async () => ++ticks > 0))
  schedule.add(job('b', 10_000, async () => true))
  schedule.remove('a')
  await timers.advance(MINUTE_MS)
  expect(ticks).toBe(0)
  schedule.stop()
  expect(timers.waiting).toBe(0)
})
