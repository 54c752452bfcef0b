import { expect, test } from 'vitest'
import { courseOf, errorRatio, hoursOf, type Turn } from './course.ts'

const turn = (at: number, what: Turn['what'], begins: boolean): Turn => ({ at, what, begins })
const states = (turns: Turn[], since = 0) =>
  courseOf(turns, since, { from: 100, to: 200 }).map(({ from, to, state }) => [from, to, state])

test('what began before the window goes on in it, and what a source was before it was made is not told', () => {
  expect(states([turn(50, 'failing', true), turn(150, 'failing', false)])).toEqual([
    [100, 150, 'failing'],
    [150, 200, 'ok'],
  ])
  expect(states([], 160)).toEqual([[160, 200, 'ok']])
})

test('a pause hides a failure and ends it; silence is told before failing', () => {
  const turns = [turn(110, 'failing', true), turn(120, 'paused', true), turn(150, 'paused', false)]
  expect(states([...turns, turn(160, 'silent', true), turn(165, 'failing', true), turn(170, 'silent', false)])).toEqual(
    [
      [100, 110, 'ok'],
      [110, 120, 'failing'],
      [120, 150, 'paused'],
      [150, 160, 'ok'],
      [160, 170, 'silent'],
      [170, 200, 'failing'],
    ],
  )
})

test('time in which nothing was read is no part of the error rate, and no rate is none', () => {
  const course = courseOf([turn(120, 'paused', true), turn(150, 'paused', false), turn(180, 'failing', true)], 0, {
    from: 100,
    to: 200,
  })
  expect(errorRatio(course, { from: 100, to: 200 })).toBeCloseTo(20 / 70)
  expect(errorRatio(course, { from: 120, to: 150 })).toBeNull()
})

test('hours are those of the clock, the first and last cut by the window', () => {
  const hour = 3_600_000
  expect(hoursOf({ from: hour / 2, to: 2 * hour + 1 })).toEqual([
    { from: hour / 2, to: hour },
    { from: hour, to: 2 * hour },
    { from: 2 * hour, to: 2 * hour + 1 },
  ])
})
