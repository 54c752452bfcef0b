/** What a month comes to if it goes on: by its last whole days, or by all that is known. */
import { expect, test } from 'vitest'
import { forecast } from './forecast.ts'

const DAY = 86_400_000
const day = (index: number, total: bigint, part = 1) => ({
  day: { from: index * DAY, to: index * DAY + DAY * part },
  net: total,
  total: total * 2n,
})

test('the last seven whole days are the pace of the rest; what is known is kept as it is', () => {
  const whole = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n].map((net, index) => day(index, net * 100n))
  const days = [...whole, day(8, 50n, 0.5)]
  // 500 a day over the last seven, half a day and 21 days left of 30
  expect(forecast(days, whole, 30 * DAY)).toEqual({
    net: 3_600n + 50n + 10_750n,
    total: 7_200n + 100n + 21_500n,
    basis: 'last_days',
    days: 7,
    per_day: 1_000n,
  })
})

test('without a whole day it is the pace of all that is known; of nothing, and of a month that is over, there is none', () => {
  expect(forecast([day(0, 50n, 0.5)], [], 2 * DAY)).toMatchObject({
    basis: 'so_far',
    days: 0,
    net: 200n,
    per_day: 200n,
  })
  expect(forecast([], [], 2 * DAY)).toBeNull()
  expect(forecast([day(0, 50n)], [day(0, 50n)], DAY)).toBeNull()
})
