/** Publishing values against a brute-force ruler of instants: nothing overlaps, nothing is edited, and a correction changes its own time alone. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Problem } from '../base/problem.ts'
import { holdingIn, type LiveValue, published, type SentValue } from './rules.ts'

const END = 24
/** What holds at each instant; null: nothing. A value without an end goes on to the end of the ruler. */
const ruler = (live: readonly LiveValue[]): (string | null)[] =>
  Array.from({ length: END }, (_, at) => {
    const holding = live.filter((one) => one.valid_from <= at && (one.valid_to ?? END) > at)
    expect(holding.length).toBeLessThan(2)
    return holding[0]?.amount ?? null
  })
function after(live: readonly LiveValue[], sent: readonly SentValue[], correction: boolean): LiveValue[] {
  const { supersede, remainders, fresh } = published(live, sent, correction)
  const left = remainders.map(({ value, valid_from, valid_to }) => ({ ...value, valid_from, valid_to }))
  return [...live.filter((one) => !supersede.includes(one)), ...left, ...fresh].toSorted(
    (a, b) => a.valid_from - b.valid_from,
  )
}

const spans = fc.uniqueArray(fc.integer({ min: 0, max: END - 1 }), { minLength: 1, maxLength: 5 }).chain((list) => {
  const froms = list.toSorted((a, b) => a - b)
  const one = (from: number, next: number) =>
    fc.record({
      from: fc.constant(from),
      to: fc.option(fc.integer({ min: from + 1, max: Math.max(from + 1, next) }), { nil: null }),
      amount: fc.constantFrom('1', '2', '-3'),
    })
  return fc.tuple(...froms.map((from, index) => one(from, froms[index + 1] ?? END)))
})
const steps = fc.array(fc.record({ sent: spans, correction: fc.boolean() }), { maxLength: 8 })

test('whatever is published and corrected in whichever order, each instant has the value that was last said of it', () => {
  let [refused, corrected] = [0, 0]
  fc.assert(
    fc.property(steps, (list) => {
      let live: LiveValue[] = []
      for (const { sent, correction } of list) {
        const was = ruler(live)
        const openFrom = live.find((one) => one.valid_to === null)?.valid_from ?? END
        let made: LiveValue[]
        try {
          made = after(live, sent, correction)
        } catch (error) {
          if (!(error instanceof Problem)) throw error
          expect([correction, error.code]).toEqual([false, 'conflict'])
          refused += 1
          continue
        }
        const is = ruler(made)
        for (const row of sent) expect(is[row.from]).toBe(row.amount)
        const said = (at: number) => sent.some(({ from, to }) => from <= at && at < (to ?? END))
        for (let at = 0; at < END; at += 1) {
          // what was not spoken of stays; what holds until the next value ends with one
          if (!said(at) && !(at > openFrom && is[at] === null)) expect(is[at]).toBe(was[at])
          // published time is changed by corrections alone, but for what had no end yet
          if (!correction && was[at] !== null && at <= openFrom) expect(is[at]).toBe(was[at])
        }
        if (correction && is.some((one, at) => was[at] !== null && one !== was[at])) corrected += 1
        // said twice it is said once
        expect(published(made, sent, correction)).toMatchObject({ fresh: [], supersede: [], unchanged: sent.length })
        live = made
      }
    }),
    { numRuns: 500 },
  )
  expect(Math.min(refused, corrected)).toBeGreaterThan(50)
})

test('a batch that contradicts itself is refused row by row', () => {
  const rows = [
    { from: 5, to: 7, amount: '1' },
    { from: 6, to: null, amount: '1' },
    { from: 9, to: 9, amount: '1' },
  ]
  const problem = (() => {
    try {
      published([], rows, true)
    } catch (error) {
      return error as Problem
    }
    return null
  })()
  expect(problem?.errors.map(({ pointer }) => pointer)).toEqual(['/values/1/from', '/values/2/to'])
})

test('equal values that follow each other are one, cut to what is asked', () => {
  const live = [
    { valid_from: 0, valid_to: 2, amount: '1' },
    { valid_from: 2, valid_to: 4, amount: '1' },
    { valid_from: 5, valid_to: null, amount: '1' },
  ]
  expect(holdingIn(live, { from: 1, to: 9 })).toEqual([
    { from: 1, to: 4, amount: '1' },
    { from: 5, to: 9, amount: '1' },
  ])
})
