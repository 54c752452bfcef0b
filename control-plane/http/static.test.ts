import { expect, test } from 'vitest'
import { pathWithin } from './static.ts'

test('no address leaves the folder or is longer than a path may be, however it is written', () => {
  for (const asked of [
    '/../secret',
    '/%2e%2e/secret',
    '/..%2fsecret',
    '/a/../../secret',
    '/%00',
    '/%zz',
    '/../ui-other/x',
    `/${'a'.repeat(4_000)}`,
  ])
    expect(pathWithin('/srv/ui', asked), asked).toBeNull()
})

test('files below the folder are found', () => {
  expect(pathWithin('/srv/ui', '/assets/a%20b.js')).toBe('/srv/ui/assets/a b.js')
})
