/** What an agent refuses to run, whoever tells it to. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import {
  compareVersions,
  keysIn,
  RELEASE_LIMITS,
  type Release,
  releaseText,
  type SignedRelease,
} from '#connectors/release.ts'
import { expect, test } from 'vitest'
import { judge, keysAfter, Refusal, startedAgain } from './rules.ts'

interface Key {
  secret: KeyObject
  name: string
}
const makeKey = (): Key => {
  const { privateKey: secret, publicKey } = generateKeyPairSync('ed25519')
  return { secret, name: publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64') }
}
const [ours, theirs] = [makeKey(), makeKey()]
const [key, other] = [ours.name, theirs.name]
const RELEASE: Release = {
  version: '2.0.0',
  platform: 'linux-x64',
  bytes: 9,
  sha256: 'a'.repeat(64),
  released_at: '2026-11-01T00:00:00.000Z',
}
const signed = (release: Release, by = ours): SignedRelease => ({
  release,
  key: by.name,
  signature: sign(null, releaseText(release), by.secret).toString('base64'),
})
const standing = { trusted: [key], platform: 'linux-x64', version: '1.0.0', newest: null, is_launched: true }

const reasonOf = (one: SignedRelease, over: Partial<Parameters<typeof judge>[1]> = {}): string => {
  try {
    judge(one, { ...standing, ...over })
    return 'taken'
  } catch (error) {
    return error instanceof Refusal ? error.reason : String(error)
  }
}

test('only what a trusted key signed, newer, for this platform and of a sane size is taken', () => {
  const good = signed(RELEASE)
  expect(reasonOf(good)).toBe('taken')
  expect(reasonOf(signed(RELEASE, theirs))).toBe('unknown_key')
  expect(reasonOf(good, { trusted: [] })).toBe('unknown_key')
  for (const field of ['version', 'bytes', 'sha256', 'released_at', 'platform'] as const) {
    const changed = field === 'bytes' ? 10 : `${good.release[field]}0`
    expect(reasonOf({ ...good, release: { ...good.release, [field]: changed } }), field).toBe('bad_signature')
  }
  expect(reasonOf({ ...good, release: { ...good.release, next_key: other } })).toBe('bad_signature')
  // the words of a key that is trusted, under the name of another, and the other way round
  expect(reasonOf({ ...signed(RELEASE, theirs), key })).toBe('bad_signature')
  expect(reasonOf(good, { platform: 'linux-arm64' })).toBe('wrong_platform')
  expect(reasonOf(good, { version: '2.0.0' })).toBe('not_newer')
  expect(reasonOf(good, { version: '2.0.1' })).toBe('not_newer')
  expect(reasonOf(good, { newest: '2.0.0' })).toBe('not_newer')
  expect(reasonOf(good, { newest: '1.99.99' })).toBe('taken')
  expect(reasonOf(good, { is_launched: false })).toBe('no_launcher')
})

test('a release that is too large is refused before a byte of it is fetched', () => {
  expect(reasonOf(signed({ ...RELEASE, bytes: RELEASE_LIMITS.bytes + 1 }))).toBe('too_large')
})

test('versions are compared as numbers, and keys read from lines', () => {
  expect(compareVersions('1.10.0', '1.9.9')).toBeGreaterThan(0)
  expect(compareVersions('1.0.0', '1.0.0')).toBe(0)
  expect(compareVersions('0.9.9', '1.0.0')).toBeLessThan(0)
  expect(keysIn(`# ours\n${key}\n\n  ${other}\nnonsense`)).toEqual([key, other])
  expect(keysAfter([key, 'third'], key, other)).toEqual(['third', other])
})

test('starts are counted within a boot, and for a day', () => {
  const settled = { version: '2.0.0', rollout: 'r', at_ms: 1_000, boot_id: 'a', starts: 1 }
  expect(startedAgain(settled, 'a', 2_000)).toMatchObject({ starts: 2 })
  expect(startedAgain(settled, 'b', 2_000)).toMatchObject({ starts: 1, boot_id: 'b' })
  expect(startedAgain(settled, 'a', 1_000 + 86_400_001)).toBeNull()
})
