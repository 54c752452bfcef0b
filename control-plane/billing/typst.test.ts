/** The thread that sets documents: what one does wrong harms no other, and nobody else waits for it. */
import { expect, test } from 'vitest'
import { setDocument } from './typst.ts'

const job = (source: string) => ({
  source: `#set document(date: datetime(year: 2000, month: 1, day: 1))\n${source}`,
  inputs: {},
  logo: null,
  at_seconds: 0,
})

test('the same template gives the same bytes; one that is wrong says so, and the next is set', async () => {
  const [good, bad, again] = await Promise.allSettled([job('= One'), job('#nothing()'), job('= One')].map(setDocument))
  expect(good).toMatchObject({ status: 'fulfilled' })
  expect(again).toEqual(good)
  expect(bad).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining('nothing') } })
})

test('who sets a long document keeps nobody waiting', async () => {
  let turns = 0
  const turning = setInterval(() => (turns += 1), 1)
  const bytes = await setDocument(job('#for n in range(2000) [= Chapter #n\n#lorem(80)\n]')).finally(() =>
    clearInterval(turning),
  )
  expect(bytes.length).toBeGreaterThan(10_000)
  expect(turns).toBeGreaterThan(20)
})
