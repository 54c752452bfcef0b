import { expect, test } from 'vitest'
import { labelsIn, labelsText } from './labels.ts'

test('labels are read as people write them, and shown so again', () => {
  expect(labelsIn(' site=madrid,rack = 12 ,, note=a=b')).toEqual({ site: 'madrid', rack: '12', note: 'a=b' })
  expect(labelsIn('')).toEqual({})
  expect(labelsText(labelsIn('site=madrid, rack=12'))).toEqual(['site=madrid', 'rack=12'])
})

test('a label without a value goes to the server as one, which refuses it', () => {
  expect(labelsIn('site')).toEqual({ site: '' })
})
