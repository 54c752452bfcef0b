import { expect, test } from 'vitest'
import type { Tick, Truth } from '../truth.ts'
import { expected } from './index.ts'
import { HOUR, look, looks, machine, MINUTE, stretch, T0, telling, tick, truth } from './small.ts'

/** Usage as hour of the day → quantity, `~` where it is estimated. */
const hours = (ticks: Tick[], parts: Partial<Truth> = {}) =>
  Object.fromEntries(
    Object.entries(expected(truth({ machines: [machine([stretch(T0, null)])], ticks, ...parts })).usage).map(
      ([key, { quantity, estimated }]) => [Number(key.split('T')[1]?.slice(0, 2)), (estimated ? '~' : '') + quantity],
    ),
  )

test('an increase is spread evenly and floored, so that the hours add up', () => {
  // 10 on 3 minutes, of which 1 lies before the hour: ⌊10 × 1 ÷ 3⌋ = 3, the rest 7
  expect(hours([tick(T0 + 59 * MINUTE, 100n), tick(T0 + 62 * MINUTE, 110n)])).toEqual({ 0: '3', 1: '7' })
})

test('hours within a spread of more than three intervals are estimated, the whole is not', () => {
  const ticks = [tick(T0 + 30 * MINUTE, 0n), tick(T0 + 90 * MINUTE, 600n), tick(T0 + 95 * MINUTE, 600n)]
  expect(hours(ticks)).toEqual({ 0: '~300', 1: '~300' })
  const within = [tick(T0 + 10 * MINUTE, 0n), tick(T0 + 50 * MINUTE, 600n)]
  expect(hours(within)).toEqual({ 0: '600' })
  const three = [tick(T0 + 50 * MINUTE, 0n), tick(T0 + 65 * MINUTE, 600n), tick(T0 + 185 * MINUTE, 600n)]
  expect(hours(three)).toEqual({ 0: '400', 1: '200' })
  const first = tick(T0 + 90 * MINUTE, 600n, { origin: T0 + 30 * MINUTE })
  expect(hours([first], { tellings: [telling(T0 + 30 * MINUTE, 'h1', 'running')] })).toEqual({ 0: '~300', 1: '~300' })
})

test('a counter falls only over its declared wrap; another fall is unknown', () => {
  const fall = (wrap_bits: 32 | null) => [
    tick(T0, 2n ** 32n - 10n, { wrap_bits }),
    tick(T0 + 5 * MINUTE, 32n, { wrap_bits }),
    tick(T0 + 10 * MINUTE, 40n, { wrap_bits }),
  ]
  expect(hours(fall(32))).toEqual({ 0: '50' })
  expect(hours(fall(null))).toEqual({ 0: '8' })
})

test('a new epoch counts from its origin, or else from its first reading', () => {
  const after = (origin: number | null) => [
    tick(T0, 1_000n),
    tick(T0 + 5 * MINUTE, 1_100n),
    tick(T0 + 15 * MINUTE, 70n, { epoch: 'boot-2', origin }),
    tick(T0 + 20 * MINUTE, 77n, { epoch: 'boot-2', origin }),
  ]
  expect(hours(after(null))).toEqual({ 0: '107' })
  expect(hours(after(T0 + 8 * MINUTE))).toEqual({ 0: '177' })
})

test('an epoch that is older than the one before is the same counter under another name', () => {
  const epochs = (before: number | null, origin: number) => [
    tick(T0 + 30 * MINUTE, 1_000n, { origin: before }),
    tick(T0 + 70 * MINUTE, 1_010n, { epoch: 'other', origin }),
  ]
  expect(hours(epochs(null, T0 + 20 * MINUTE))).toEqual({})
  expect(hours(epochs(T0 + 25 * MINUTE, T0 + 20 * MINUTE))).toEqual({})
  // a new process that began beside the old one, before that was read: nothing of it was counted yet
  expect(hours(epochs(T0 + 10 * MINUTE, T0 + 20 * MINUTE))).toEqual({ 0: '~757', 1: '~253' })
})

test('the first epoch counts from its origin only where the machine was surely born after somebody looked', () => {
  const born = T0 + 7 * MINUTE
  const ticks = [tick(T0 + 10 * MINUTE, 30n, { origin: born }), tick(T0 + 15 * MINUTE, 35n, { origin: born })]
  const machines = [machine([stretch(born, null)])]
  expect(hours(ticks, { machines, looks: looks(T0 + 10 * MINUTE, T0 + HOUR) })).toEqual({ 0: '5' })
  expect(hours(ticks, { machines, looks: looks(T0, T0 + HOUR) })).toEqual({ 0: '35' })
  expect(hours(ticks, { machines, tellings: [telling(born, 'h1', 'running')] })).toEqual({ 0: '35' })
  // the listing that didn't show it is of a time after the origin
  const sudden = [look(T0 + 8 * MINUTE, 'h1', { at: T0 }), look(T0 + 10 * MINUTE)]
  expect(hours(ticks, { machines, looks: sudden })).toEqual({ 0: '5' })
})

test('devices add up, and what nobody sells is left out', () => {
  const counters = (idle: bigint, user: bigint, odd: bigint) => ({
    'cpu_time_ns/idle': idle,
    'cpu_time_ns/user': user,
    'cpu_time_ns/system': user,
    fan_turns: odd,
  })
  const ticks = [
    tick(T0, 0n, { counters: counters(5n, 10n, 1n) }),
    tick(T0 + 5 * MINUTE, 0n, { counters: counters(105n, 17n, 9n) }),
  ]
  expect(hours(ticks)).toEqual({ 0: '14' })
})
