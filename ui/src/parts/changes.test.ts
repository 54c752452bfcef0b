import { expect, test } from 'vitest'
import { changesOf } from './changes.ts'

test('only fields that differ are told, nested ones by their path', () => {
  const before = { name: 'Acme', address: { city: 'Vigo', country: 'ES' }, tags: ['a'], terms: 14 }
  const after = { name: 'Acme', address: { city: 'Lugo', country: 'ES' }, tags: ['a', 'b'], terms: 30 }
  expect(changesOf(before, after)).toEqual([
    { field: 'address.city', before: 'Vigo', after: 'Lugo' },
    { field: 'tags', before: '["a"]', after: '["a","b"]' },
    { field: 'terms', before: '14', after: '30' },
  ])
})

test('what was made or removed is told by its fields on one side', () => {
  expect(changesOf(null, { name: 'Acme', note: null })).toEqual([{ field: 'name', before: undefined, after: 'Acme' }])
  expect(changesOf({ name: 'Acme' }, null)).toEqual([{ field: 'name', before: 'Acme', after: undefined }])
  expect(changesOf(null, null)).toEqual([])
  expect(changesOf(null, 'text')).toEqual([{ field: 'value', before: undefined, after: 'text' }])
})
