/** Nobody loses his place in the queue to one who floods it. */
import { expect, test } from 'vitest'
import { inTurns } from './turns.ts'

interface Message {
  subject: string
  n: number
}
/** Nothing is answered until it is let go. */
function queue(limits: { concurrency: number; waiting: number }) {
  const answered: string[] = []
  const held: (() => void)[] = []
  let dropped = 0
  const take = inTurns<Message>(
    limits,
    async ({ subject, n }) => {
      answered.push(`${subject}${n}`)
      await new Promise<void>((done) => held.push(done))
    },
    () => (dropped += 1),
  )
  const drain = async () => {
    for (let go = held.shift(); go; go = held.shift()) {
      go()
      await new Promise((done) => setTimeout(done))
    }
  }
  return { take, drain, answered, dropped: () => dropped }
}

test('one who floods drops his own: of the others all are answered, in their order', async () => {
  const { take, drain, answered, dropped } = queue({ concurrency: 2, waiting: 8 })
  for (let n = 0; n < 100; n += 1) take({ subject: 'flood', n })
  for (let n = 0; n < 3; n += 1) for (const subject of ['a', 'b']) take({ subject, n })
  for (let n = 100; n < 200; n += 1) take({ subject: 'flood', n })
  await drain()
  const of = (subject: string) => answered.filter((one) => one.startsWith(subject))
  expect([of('a'), of('b')]).toEqual([
    ['a0', 'a1', 'a2'],
    ['b0', 'b1', 'b2'],
  ])
  expect(of('flood')).toEqual(of('flood').toSorted((x, y) => Number(x.slice(5)) - Number(y.slice(5))))
  expect(of('flood')[0]).toBe('flood0')
  expect(answered.length + dropped()).toBe(206)
})

test('where all have the same waiting, who comes last is dropped, and his turn comes again', async () => {
  const { take, drain, answered, dropped } = queue({ concurrency: 1, waiting: 2 })
  for (const subject of ['a', 'b', 'c', 'd']) take({ subject, n: 0 })
  expect(dropped()).toBe(1)
  await drain()
  take({ subject: 'd', n: 1 })
  await drain()
  expect(answered).toEqual(['a0', 'b0', 'c0', 'd1'])
})
