import { expect, test } from 'vitest'
import { fromLocalInput, monthStart, toLocalInput } from './instant.ts'

test('a month begins at midnight of its own zone, also across a change of the clocks', () => {
  const inNovember = Date.UTC(2026, 10, 22, 12)
  expect(new Date(monthStart(inNovember, 'Europe/Madrid')).toISOString()).toBe('2026-10-31T23:00:00.000Z')
  const afterTheChange = Date.UTC(2026, 9, 30, 12)
  expect(new Date(monthStart(afterTheChange, 'Europe/Madrid')).toISOString()).toBe('2026-09-30T22:00:00.000Z')
  const nextDayThere = Date.UTC(2026, 10, 30, 23, 30)
  expect(new Date(monthStart(nextDayThere, 'Europe/Madrid')).toISOString()).toBe('2026-11-30T23:00:00.000Z')
})

test('what a form shows reads back as the same minute', () => {
  const at = Date.UTC(2026, 10, 22, 12, 34)
  expect(fromLocalInput(toLocalInput(at))).toBe(new Date(at).toISOString())
  expect(fromLocalInput('next Tuesday')).toBeNull()
})
