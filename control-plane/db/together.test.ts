/** What is asked in one moment is read once, each gets its own answer, and nobody reads with another's transaction. */
import { expect, test } from 'vitest'
import type { Context } from './index.ts'
import { allOf, together } from './together.ts'

const context = (): Context => ({}) as Context
const recording = () => {
  const reads: { ctx: Context; shared: number; ones: readonly string[] }[] = []
  const ask = together(async (ctx, shared: number, ones: readonly string[]) => {
    reads.push({ ctx, shared, ones })
    if (ones.includes('bad')) throw new Error('refused')
    return ones.map((one) => `${one} of ${shared}`)
  })
  return { reads, ask }
}

test('who asks in one moment is read together, in the order of asking; who asks later by another read', async () => {
  const [{ reads, ask }, ctx] = [recording(), context()]
  expect(await Promise.all(['b', 'a', 'b'].map((one) => ask(ctx, 1, one)))).toEqual(['b of 1', 'a of 1', 'b of 1'])
  expect(await ask(ctx, 1, 'c')).toBe('c of 1')
  expect(reads.map(({ ones }) => ones)).toEqual([['b', 'a', 'b'], ['c']])
})

test('another transaction, and another question, is read for itself', async () => {
  const { reads, ask } = recording()
  const [mine, yours] = [context(), context()]
  const asked = [ask(mine, 1, 'a'), ask(yours, 1, 'a'), ask(mine, 2, 'a'), ask(yours, 1, 'b')]
  expect(await Promise.all(asked)).toEqual(['a of 1', 'a of 1', 'a of 2', 'b of 1'])
  const told = reads.map(({ ctx, shared, ones }) => [ctx === mine ? 'mine' : 'yours', shared, ones.join()])
  expect(told.toSorted()).toEqual([
    ['mine', 1, 'a'],
    ['mine', 2, 'a'],
    ['yours', 1, 'a,b'],
  ])
})

test('a read that fails fails for all who asked, and for nobody after them', async () => {
  const [{ ask }, ctx] = [recording(), context()]
  const asked = await Promise.allSettled([ask(ctx, 1, 'a'), ask(ctx, 1, 'bad')])
  expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await ask(ctx, 1, 'a')).toBe('a of 1')
})

test('of work side by side the first error is told once all of it has ended', async () => {
  let isOver = false
  const slow = Bun.sleep(20).then(() => (isOver = true))
  await expect(allOf([Promise.reject(new Error('first')), slow])).rejects.toThrow('first')
  expect(isOver).toBe(true)
})
