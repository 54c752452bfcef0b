import { expect, test } from 'vitest'
import { valuesOf } from './index-csv.ts'

test('values are read with and without an end, whatever divides the columns, and a head is no value', () => {
  const text = ['from,to,amount', '2026-11-10T08:00Z,2026-11-10T09:00Z,84.31', '2026-11-10 10:00+01:00,,-5', ''].join(
    '\r\n',
  )
  expect(valuesOf(text)).toEqual({
    rows: [
      { from: '2026-11-10T08:00:00.000Z', to: '2026-11-10T09:00:00.000Z', amount: '84.31' },
      { from: '2026-11-10T09:00:00.000Z', amount: '-5' },
    ],
    lines: [2, 3],
    faults: [],
  })
  expect(valuesOf('2026-11-10T08:00+0100;"84,31"').rows).toEqual([
    { from: '2026-11-10T07:00:00.000Z', amount: '84.31' },
  ])
})

test('each line that cannot be read says why, by its number', () => {
  const text = [
    '2026-11-10T08:00,1',
    '2026-11-10T08:00Z,x',
    '2026-11-10T08:00Z',
    '2026-11-10T08:00Z,,1,2',
    '2026-02-31T99:00Z,1',
  ]
  expect(valuesOf(text.join('\n')).faults).toEqual([
    { line: 1, fault: 'bad_instant' },
    { line: 2, fault: 'bad_amount' },
    { line: 3, fault: 'bad_columns' },
    { line: 4, fault: 'bad_columns' },
    { line: 5, fault: 'bad_instant' },
  ])
})
