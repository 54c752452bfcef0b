/** The course of a part, against a plain reading of its rule instant by instant; and the cases by name. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { courseOf, type Said, type Seen } from './rules.ts'

const END = 24
const seenIn = (holder: string, from: number, to: number | null, silences: Seen['silences'] = []): Seen => ({
  holder,
  slot: null,
  from,
  to,
  silences,
})
const saidOf = (state: Said['state'], at: number): Said => ({ id: `${state} ${at}`, state, at, recorded_at: at })
const brief = (seen: Seen[], said: Said[]) =>
  courseOf(seen, said).map(({ from, to, state, seen: where, conflict }) =>
    [from, to, where ? where.holder : state, ...(conflict ? [conflict] : [])].join(' '),
  )

test('a part goes from a machine through stock into another', () => {
  const seen = [seenIn('a', 0, 5), seenIn('b', 12, null)]
  expect(brief(seen, [saidOf('in_stock', 7)])).toEqual(['0 5 a', '5 7 missing', '7 12 in_stock', '12  b'])
})
test('what goes into stock before its source looks again lies there from that look on', () => {
  expect(brief([seenIn('a', 0, 5)], [saidOf('in_stock', 4)])).toEqual(['0 5 a', '5  in_stock'])
})
test('a source that still sees what was put into stock or retired contradicts it', () => {
  expect(brief([seenIn('a', 0, null)], [saidOf('in_stock', 4)])).toEqual(['0 4 a', '4  a said_in_stock'])
  expect(brief([seenIn('a', 9, null)], [saidOf('retired', 4)])).toEqual(['4 9 retired', '9  a said_retired'])
})
test('a silent source makes nothing missing, and a word in its silence holds until it speaks', () => {
  const silence = [{ from: 5, to: Infinity }]
  expect(courseOf([seenIn('a', 0, null, silence)], [])).toMatchObject([{ from: 0, to: null, silent_since: 5 }])
  expect(brief([seenIn('a', 0, null, silence)], [saidOf('in_stock', 8)])).toEqual(['0 8 a', '8  in_stock'])
  const spoke = [{ from: 5, to: 10 }]
  expect(brief([seenIn('a', 0, 12, spoke)], [saidOf('in_stock', 8)])).toEqual([
    '0 8 a',
    '8 10 in_stock',
    '10 12 a',
    '12  missing',
  ])
})
test('a source that falls silent with its first sight saw the part all the same', () => {
  const seen = seenIn('a', 5, 9, [{ from: 5, to: 9 }])
  expect(brief([seen], [saidOf('in_stock', 3)])).toEqual(['3 5 in_stock', '5 9 a', '9  missing'])
})
test('two machines that show one serial at once are a contradiction, and the later arrival is believed', () => {
  expect(brief([seenIn('a', 0, null), seenIn('b', 3, 6)], [])).toEqual(['0 3 a', '3 6 b two_machines', '6  a'])
})

const instant = fc.integer({ min: 0, max: END - 1 })
const span = fc.tuple(instant, instant).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) + 1 }))
const silences = fc
  .array(span, { maxLength: 2 })
  .map((list) => list.map(({ from, to }) => ({ from, to: to === END ? Infinity : to })))
const sightings = fc.array(
  fc.record({ holder: fc.constantFrom('a', 'b'), slot: fc.constantFrom('1', null), span, silences }),
  { maxLength: 4 },
)
const words = fc.array(fc.record({ state: fc.constantFrom('in_stock' as const, 'retired' as const), at: instant }), {
  maxLength: 4,
})

/** Whether a source looked at that instant of a sighting, or saw it begin. */
const looked = ({ silences: gaps, from, to }: Seen, at: number) =>
  from <= at && at < (to ?? Infinity) && (at === from || !gaps.some((gap) => gap.from <= at && at < gap.to))
const isSilent = (seen: Seen, at: number) => seen.silences.some((gap) => gap.from <= at && at < gap.to)

test('each instant has one state, the one that the rule names, whatever order the facts come in', () => {
  const met = { installed: 0, in_stock: 0, retired: 0, missing: 0 }
  fc.assert(
    fc.property(sightings, words, fc.integer(), (sights, spoken, seed) => {
      const seen = sights.map(({ span: { from, to }, ...one }) => ({ ...one, from, to: to === END ? null : to }))
      const said = spoken.map((one, index) => ({ ...one, id: String(index), recorded_at: index }))
      const steps = courseOf(seen, said)
      const plain = (list: typeof steps) =>
        list.map(({ seen: where, said: by, ...rest }) => ({
          ...rest,
          in: where?.holder,
          slot: where?.slot,
          by: by?.id,
        }))
      const shuffled = <T>(list: readonly T[]) =>
        list.map((one, index) => ({ one, key: Math.imul(index + 7, seed | 1) })).toSorted((a, b) => a.key - b.key)
      const again = courseOf(
        shuffled(seen).map(({ one }) => one),
        shuffled(said).map(({ one }) => one),
      )
      expect(plain(again)).toEqual(plain(steps))

      const first = Math.min(...seen.map(({ from }) => from), ...said.map(({ at }) => at))
      if (first === Infinity) {
        expect(steps).toEqual([])
        return
      }
      expect([steps[0]?.from, steps.at(-1)?.to]).toEqual([first, null])
      for (const [index, step] of steps.entries()) {
        expect(step.to === null || step.from < step.to).toBe(true)
        if (index > 0) expect(step.from).toBe(steps[index - 1]?.to)
      }
      for (let at = first; at < END + 2; at += 1) {
        const step = steps.findLast(({ from }) => from <= at)!
        met[step.state] += 1
        const here = seen.filter(({ from, to }) => from <= at && at < (to ?? Infinity))
        const watching = here.filter((one) => !isSilent(one, at))
        const last = said.filter((one) => one.at <= at).toSorted((a, b) => a.at - b.at || a.recorded_at - b.recorded_at)
        const word = last.at(-1)
        if (watching.length > 0) {
          expect(step.state).toBe('installed')
          expect(watching.map(({ holder }) => holder)).toContain(step.seen?.holder)
          expect(step.conflict === 'two_machines').toBe(new Set(watching.map(({ holder }) => holder)).size > 1)
        } else if (here.length > 0) {
          // silent: nobody makes it missing, and only a word of the silence moves it
          expect(step.state).not.toBe('missing')
          if (word === undefined) expect(step.state).toBe('installed')
          if (step.state !== 'installed') expect([step.state, step.said?.id]).toEqual([word?.state, word?.id])
          if (step.state !== 'installed')
            expect(here.some((one) => looked(one, word!.at) && one.from < word!.at)).toBe(false)
        } else if (step.state === 'missing') {
          // a source saw it begin somewhere after the last word
          const since = Array.from({ length: at + 1 }, (_, n) => n).filter((n) => n > (word?.at ?? -1))
          expect(since.some((n) => seen.some((one) => looked(one, n)))).toBe(true)
        } else {
          expect([step.state, step.said?.id]).toEqual([word?.state, word?.id])
          // a sight that began after the word would have ended it
          const later = Array.from({ length: at }, (_, n) => n + 1).filter((n) => n > word!.at && n <= at)
          const begins = (n: number, of: string) =>
            seen.some((one) => one.holder === of && looked(one, n)) &&
            !seen.some((one) => one.holder === of && looked(one, n - 1))
          expect(later.filter((n) => ['a', 'b'].some((of) => begins(n, of)))).toEqual([])
        }
      }
    }),
    { numRuns: 600 },
  )
  expect(Math.min(...Object.values(met))).toBeGreaterThan(100)
})
