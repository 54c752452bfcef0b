import { expect, test } from 'vitest'
import type { GapCause, GapPolicy } from '../metering/contract.ts'
import { told, unaccepted, type Unobserved } from './gaps.ts'

const silent = (from: number, to: number): Unobserved => ({ from, to, cause: 'silent', known: true })
const reset = (from: number, to: number): Unobserved => ({ from, to, cause: 'reset', known: false })
const loss = (cause: GapCause, from: number, to: number) => ({ cause, from, to })
const plain = (gaps: ReturnType<typeof told>) => gaps.map(({ from, to, cause, policy }) => [from, to, cause, policy])
const tell = (gaps: Unobserved[], losses: ReturnType<typeof loss>[] = [], policy: GapPolicy = 'infer') =>
  plain(told(gaps, losses, policy))

test('gaps of several devices and hours are told as the stretches that they are', () => {
  expect(tell([silent(60, 120), silent(0, 60), silent(0, 60), silent(300, 310)])).toEqual([
    [0, 120, 'silent', 'infer'],
    [300, 310, 'silent', 'infer'],
  ])
})

test('a loss explains the gap around it, whose edges are facts an interval away', () => {
  expect(tell([silent(0, 120)], [loss('spool_overflow', 5, 118)])).toEqual([[0, 120, 'spool_overflow', 'infer']])
  // a loss outside of any gap is none: other facts told what it would have
  expect(tell([silent(0, 10)], [loss('agent_down', 20, 30)])).toEqual([[0, 10, 'silent', 'infer']])
})

test('what a short loss leaves unexplained stays so', () => {
  expect(tell([silent(0, 100)], [loss('source_down', 0, 10)])).toEqual([
    [0, 10, 'source_down', 'infer'],
    [10, 100, 'silent', 'infer'],
  ])
})

test('where several explain one stretch, facts that were lost come before facts that nobody read', () => {
  const both = [loss('agent_down', 0, 60), loss('spool_overflow', 40, 100)]
  expect(tell([silent(0, 100)], both)).toEqual([
    [0, 40, 'agent_down', 'infer'],
    [40, 100, 'spool_overflow', 'infer'],
  ])
  expect(tell([reset(0, 100)], [loss('source_down', 0, 100)])).toEqual([[0, 100, 'source_down', 'infer']])
})

test('a counter that began anew has no total, whoever lost the facts', () => {
  const agent = [loss('agent_down', 0, 100)]
  expect(tell([silent(0, 50), reset(50, 100)], agent, 'total')).toEqual([
    [0, 50, 'agent_down', 'total'],
    [50, 100, 'agent_down', 'skip'],
  ])
  expect(tell([reset(0, 10)], [], 'total')).toEqual([[0, 10, 'reset', 'skip']])
})

test('an acceptance holds for its stretch, or for one gap as long as that lasts', () => {
  const gaps = told([silent(0, 100), silent(200, 300)], [], 'block')
  const left = (accepted: Parameters<typeof unaccepted>[1]) =>
    unaccepted(gaps, accepted).map(({ from, to }) => [from, to])
  expect(left([])).toEqual([
    [0, 100],
    [200, 300],
  ])
  expect(left([{ from: 0, to: 60 }])).toEqual([
    [60, 100],
    [200, 300],
  ])
  expect(left([{ from: 0, to: null }])).toEqual([[200, 300]])
  expect(left([{ from: 150, to: null }])).toHaveLength(2)
  expect(unaccepted(told([silent(0, 1)], [], 'infer'), [])).toEqual([])
})
