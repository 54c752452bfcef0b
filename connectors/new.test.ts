/** `connector:new` refuses what can't be a connector, and then writes nothing. What it makes is tried by the guide's own test. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeConnector } from './new.ts'

const root = join(import.meta.dirname, '..')
let copy = ''

beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), 'atalaya-new-'))
  for (const path of ['connectors/registry.ts', 'connectors/host', 'test/connectors', 'test/fuzz/connectors'])
    cpSync(join(root, path), join(copy, path), { recursive: true })
})
afterEach(() => rmSync(copy, { recursive: true, force: true }))

const tree = () =>
  readdirSync(copy, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => [join(entry.parentPath, entry.name), readFileSync(join(entry.parentPath, entry.name), 'utf8')])

test.each([
  ['', /needs a name/],
  ['Acme', /can't be the name of a connector/],
  ['../acme', /can't be the name/],
  ['acme--cloud', /can't be the name/],
  ['7up', /can't be the name/],
  ['a'.repeat(33), /at most 32/],
  ['new', /is a word of the language/],
  ['host', /the name "host" is taken: there is connectors\/host/],
  ['kit', /the name "kit" is taken: there is test\/connectors\/kit.ts/],
])('the name "%s" is refused, and nothing is written', (name, because) => {
  const before = tree()
  expect(() => makeConnector(copy, name)).toThrow(because)
  expect(tree()).toEqual(before)
})

test('every file bears the name of the connector, and it is registered once', () => {
  const paths = makeConnector(copy, 'my-cloud')
  for (const path of paths) expect(readFileSync(join(copy, path), 'utf8')).not.toMatch(/skeleton|\bexample\b/i)
  const text = (path: string) => readFileSync(join(copy, path), 'utf8')
  expect(text('connectors/registry.ts').match(/'my-cloud': \(\) => import\('\.\/my-cloud\/index\.ts'\)/g)).toHaveLength(
    1,
  )
  expect(text('test/fuzz/connectors/index.ts')).toContain("'my-cloud': myCloud")
  expect(text('connectors/registry.ts')).toContain("libvirt: () => import('./libvirt/index.ts')")
  expect(dirname(paths[0] ?? '')).toBe('connectors/my-cloud')
  expect(() => makeConnector(copy, 'my-cloud')).toThrow(/is taken/)
})
