import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ensureKeys, joinKeys, KeyRing, keyPlaces, newKey, writeKeys } from './keys.ts'
import { keyText } from './cipher.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atalaya-keys-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const idsOf = (ring: KeyRing) => ring.current().map(({ id }) => id)
const [a, b, c] = [newKey(), newKey(), newKey()]

test('set-up makes one private file, once, and none where the environment gives a key', () => {
  const places = keyPlaces({}, folder)
  expect(() => new KeyRing(places)).toThrow(/There is no key .*Run set-up/)
  ensureKeys(places)
  expect(statSync(places.kept).mode & 0o777).toBe(0o600)
  const made = idsOf(new KeyRing(places))
  ensureKeys(places)
  expect(idsOf(new KeyRing(places))).toEqual(made)
  expect(readdirSync(folder)).toEqual(['secret-keys'])
  const other = keyPlaces({ ATALAYA_SECRET_KEY: keyText(a) }, join(folder, 'other'))
  ensureKeys(other)
  expect(idsOf(new KeyRing(other))).toEqual([a.id])
})

test('the environment leads, then its file, then the data folder; all of them open', () => {
  const file = join(folder, 'mine')
  writeKeys(file, [b])
  const places = keyPlaces({ ATALAYA_SECRET_KEY: keyText(a), ATALAYA_SECRET_KEY_FILE: file }, folder)
  writeKeys(places.kept, [c, b])
  expect(idsOf(new KeyRing(places))).toEqual([a.id, b.id, c.id])
  rmSync(file)
  expect(() => new KeyRing(places)).toThrow(/mine can't be read \(ENOENT\)/)
})

test('a changed file counts at once, and a key taken out of it opens for another moment', () => {
  const places = keyPlaces({}, folder)
  writeKeys(places.kept, [a])
  const ring = new KeyRing(places)
  writeKeys(places.kept, [b, a])
  expect(idsOf(ring)).toEqual([b.id, a.id])
  writeKeys(places.kept, [b])
  expect(idsOf(ring)).toEqual([b.id])
  expect(ring.opening().map(({ id }) => id)).toEqual([b.id, a.id])
})

test('a file that is damaged or lost while the program runs takes no key away, and is told once', () => {
  const places = keyPlaces({}, folder)
  writeKeys(places.kept, [a])
  const warnings: string[] = []
  const ring = new KeyRing(places, (text) => warnings.push(text))
  writeFileSync(places.kept, 'half of a ke')
  for (const _ of [1, 2, 3]) expect(idsOf(ring)).toEqual([a.id])
  rmSync(places.kept)
  for (const _ of [1, 2, 3]) expect(idsOf(ring)).toEqual([a.id])
  writeFileSync(places.kept, '# nothing\n')
  expect(idsOf(ring)).toEqual([a.id])
  expect(warnings).toHaveLength(3)
  expect(warnings[0]).not.toContain('half')
  writeKeys(places.kept, [b])
  expect(idsOf(ring)).toEqual([b.id])
})

test('keys of another place come after those of the file', () => {
  const places = keyPlaces({}, folder)
  writeKeys(places.kept, [a, b])
  joinKeys(places.kept, `${keyText(c)}\n${keyText(a)}\n`)
  expect(idsOf(new KeyRing(places))).toEqual([a.id, b.id, c.id])
})
