import pino from 'pino'
import { expect, test } from 'vitest'
import { background, restMs, waitMs } from './background.ts'

const silent = pino({ level: 'silent' })

test('a task that fails waits longer each time, never more than 5 s, and its own rhythm at least', () => {
  expect([0, 1, 2, 3, 20].map((failed) => waitMs(100, failed))).toEqual([100, 250, 500, 1_000, 5_000])
  expect(waitMs(60_000, 3)).toBe(60_000)
})

test('a task that is given a share of the time rests longer after a long run, within bounds', () => {
  expect(restMs({ every_ms: 500 }, 4_000)).toBe(500)
  expect([10, 500, 60_000].map((took_ms) => restMs({ every_ms: 500, share: 0.2 }, took_ms))).toEqual([
    500, 2_000, 5_000,
  ])
  const bills = { every_ms: 5_000, share: 0.1, rest_ms_max: 600_000 }
  expect([10, 10_000, 60_000].map((took_ms) => restMs(bills, took_ms) / 1_000)).toEqual([5, 90, 540])
})

test('a task never runs twice at once, and a failing one stops no other', async () => {
  let running = 0
  let most = 0
  let others = 0
  const slow = async () => {
    running += 1
    most = Math.max(most, running)
    await Bun.sleep(5)
    running -= 1
  }
  const work = background(
    [
      { name: 'slow', every_ms: 1, run: slow },
      { name: 'failing', every_ms: 1, run: () => Promise.reject(new Error('always')) },
      { name: 'other', every_ms: 1, run: async () => (others += 1) },
    ],
    silent,
  )
  await Bun.sleep(60)
  await work.stop()
  expect(most).toBe(1)
  expect(others).toBeGreaterThan(2)
})

test('a task that gives way begins beside another only once in a while, and at once when that ends', async () => {
  let [beside, busy] = [0, true]
  const work = background(
    [
      { name: 'closing', every_ms: 10_000, run: () => until(() => !busy) },
      { name: 'beside', every_ms: 1, gives_way_to: 'closing', run: async () => (beside += 1) },
    ],
    silent,
    { longest: 100, look: 5 },
  )
  const began = performance.now()
  await until(() => beside === 3)
  expect(performance.now() - began).toBeGreaterThan(150)
  busy = false
  const then = beside
  await until(() => beside > then + 5)
  await work.stop()
})
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await Bun.sleep(1)
}

test('stopping waits for what runs, and nothing starts afterwards', async () => {
  let finished = 0
  const run = async () => {
    await Bun.sleep(20)
    finished += 1
  }
  const work = background([{ name: 'last', every_ms: 1, run }], silent)
  await Bun.sleep(1)
  await work.stop()
  expect(finished).toBe(1)
  await Bun.sleep(30)
  expect(finished).toBe(1)
})
