/** The world's clock: what is due happens in the order of time, one thing an instant. */
import { expect, test } from 'vitest'
import { Agenda } from './agenda.ts'
import { Random } from './random.ts'

test('what is due happens in the order of time, however it was put in, and never two at one instant', async () => {
  const [agenda, random] = [new Agenda({ now: 0 }), new Random(1)]
  const seen: number[] = []
  for (let n = 0; n < 2_000; n += 1) agenda.at(random.int(1, 500), () => void seen.push(agenda.now))
  agenda.at(50, () => agenda.after(-100, () => void seen.push(agenda.now)))
  await agenda.run()
  expect(seen).toHaveLength(2_001)
  expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  expect(new Set(seen).size).toBe(seen.length)
})
