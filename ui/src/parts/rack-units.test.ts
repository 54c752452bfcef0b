/** A rack's units from the top, and the lowest place that is free for something of a height. */
import { expect, test } from 'vitest'
import { freeUnit, unitRows, unitsText } from './rack-units.ts'

const MOUNTS = [
  { unit: 1, height_units: 1 },
  { unit: 3, height_units: 2 },
]

test('each unit stands once, from the top, and what takes several begins at its highest', () => {
  expect(unitRows(5, MOUNTS)).toEqual([
    { unit: 5, mount: null },
    { unit: 4, mount: MOUNTS[1] },
    { unit: 3, mount: undefined },
    { unit: 2, mount: null },
    { unit: 1, mount: MOUNTS[0] },
  ])
  expect(MOUNTS.map(unitsText)).toEqual(['U1', 'U3–U4'])
})

test('the lowest free place has room for all of it', () => {
  expect([1, 2, 5].map((height) => freeUnit(6, MOUNTS, height))).toEqual([2, 5, undefined])
})
