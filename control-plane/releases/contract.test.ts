import { expect, test } from 'vitest'
import { signedReleaseShape } from '#connectors/contract.ts'
import { Signed } from './contract.ts'

const [key, signature] = [`${'A'.repeat(43)}=`, `${'A'.repeat(86)}==`]
const good = {
  release: {
    version: '1.2.3',
    platform: 'linux-x64',
    bytes: 9,
    sha256: 'a'.repeat(64),
    released_at: '2026-11-01T00:00:00.000Z',
    next_key: key,
  },
  key,
  signature,
}
const agentReads = (value: unknown): boolean => {
  try {
    signedReleaseShape(value)
    return true
  } catch {
    return false
  }
}
const changed = (field: string, to: unknown) => ({ ...good, release: { ...good.release, [field]: to } })

test('an agent and the API read a signed release alike, and neither lets a version lead out of its folder', () => {
  expect(Signed.parse(good)).toEqual(good)
  expect(signedReleaseShape(good)).toEqual(good)
  const bad = [
    { ...good, extra: 1 },
    { ...good, key: 'short' },
    { ...good, signature: `${signature}x` },
    ...['../../etc', '1.2', '1.2.3-beta', '01.2.3', '', '1.2.3/..'].map((version) => changed('version', version)),
    changed('platform', '../x'),
    changed('bytes', 1.5),
    changed('bytes', 0),
    changed('sha256', 'A'.repeat(64)),
    changed('released_at', 'yesterday'),
    changed('next_key', 'short'),
    changed('extra', 1),
  ]
  for (const one of bad)
    expect([JSON.stringify(one), agentReads(one), Signed.safeParse(one).success]).toEqual([
      JSON.stringify(one),
      false,
      false,
    ])
})
