/** Places of live updates are shared: whoever opens more than his share is refused, and takes none of anybody else. */
import { afterEach, expect, test } from 'vitest'
import { createLive, type Live, LIVE_LIMITS } from './live.ts'

let live: Live
afterEach(() => live.close())

test('nobody takes the places of all others, and one who leaves has his again', () => {
  live = createLive({ subscribe: () => {}, onConnect: () => {} } as never, () => 0)
  const join = (of: string) =>
    live.join({
      of,
      view: null,
      look: async () => null,
      send: () => true,
      close: () => {},
      still_valid: async () => true,
    })
  const places = Array.from({ length: LIVE_LIMITS.clientsOfOne }, () => join('greedy'))
  expect(places.every((leave) => leave !== null)).toBe(true)
  expect([join('greedy'), typeof join('another')]).toEqual([null, 'function'])
  places[0]?.()
  expect(typeof join('greedy')).toBe('function')
})
