import { expect, test } from 'vitest'
import { linePaths } from './line-path.ts'

test('a gap divides the line, and no value is drawn in it', () => {
  expect(linePaths([0, 1, null, 0.5], 30, 12)).toEqual(['M0.0 11.0L10.0 1.0', 'M30.0 6.0h0.01'])
})

test('values outside 0 to 1 stay inside the picture', () => {
  expect(linePaths([-1, 2], 10, 12)).toEqual(['M0.0 11.0L10.0 1.0'])
})
