/** Losses: told once they are in the spool, told again when that batch is lost too, forgotten when it is acknowledged. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { Losses } from './losses.ts'

const folder = mkdtempSync(join(tmpdir(), 'losses-'))
const path = join(folder, 'losses.json')
afterEach(() => rmSync(path, { force: true }))

const overflow = (first: number, last: number) => ({
  cause: 'spool_overflow' as const,
  from_ms: first * 1_000,
  to_ms: last * 1_000,
  first_sequence: first,
  last_sequence: last,
})

test('an admission that goes with its batch is made again, with what went then', () => {
  const losses = new Losses(path)
  losses.admit(overflow(1, 4))
  losses.admitted([...losses.pending], 7)
  expect(losses.pending).toEqual([])
  const again = new Losses(path)
  again.admit(overflow(5, 8))
  expect(again.pending).toEqual([overflow(1, 8)])
})

test('an admission whose batch was acknowledged is not made again', () => {
  const losses = new Losses(path)
  losses.admit(overflow(1, 4))
  losses.admitted([...losses.pending], 7)
  losses.acknowledged(7)
  losses.admit(overflow(8, 9))
  expect(losses.pending).toEqual([overflow(8, 9)])
  expect(new Losses(path).pending).toEqual([overflow(8, 9)])
})

test('a new spool is not told the sequences of the old one', () => {
  const losses = new Losses(path)
  losses.admit(overflow(1, 4))
  losses.admitted([...losses.pending], 7)
  losses.admit(overflow(9, 9))
  losses.renumbered()
  expect(losses.pending).toEqual([
    { cause: 'spool_overflow', from_ms: 1_000, to_ms: 4_000 },
    { cause: 'spool_overflow', from_ms: 9_000, to_ms: 9_000 },
  ])
})

test('losses are not due while nobody acknowledges anything: they would go with their own batch', () => {
  const losses = new Losses(path)
  losses.admit(overflow(1, 4))
  expect(losses.due).toEqual([])
  losses.admit(overflow(5, 6))
  losses.acknowledged(0)
  expect(losses.due).toEqual([overflow(1, 6)])
})
