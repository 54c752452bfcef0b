/** Pasted lines of parts, with and without a head, divided as spreadsheets do. */
import { expect, test } from 'vitest'
import { partsOf } from './stock-lines.ts'

const THERE = { site: 'MAD1', place: 'Shelf 3' }

test('a line is a part, and lies with the others where it says no other place', () => {
  const read = partsOf(
    'Type,Serial,Model,Site,Place\ndisk,S1\n\nnic;52:54:00;X550;BCN\npsu\tP1\t"PWS, 920"\t\tBox\n',
    THERE,
  )
  expect(read.rows).toEqual([
    { type: 'disk', serial: 'S1', model: '', ...THERE },
    { type: 'nic', serial: '52:54:00', model: 'X550', site: 'BCN', place: 'Shelf 3' },
    { type: 'psu', serial: 'P1', model: 'PWS, 920', site: 'MAD1', place: 'Box' },
  ])
  expect([read.lines, read.faults]).toEqual([[2, 4, 5], []])
})

test('a line without a serial or with more columns than there are is told by its number', () => {
  expect(partsOf('disk\n,S1\ndisk,S1,a,b,c,d', THERE)).toEqual({ rows: [], lines: [], faults: [1, 2, 3] })
})
