import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isSigned, type SignedRelease } from '#connectors/release.ts'
import { afterAll, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'atalaya-release-'))
afterAll(() => rmSync(folder, { recursive: true }))
const run = (...args: string[]) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([
    process.execPath,
    join(import.meta.dirname, 'release.ts'),
    ...args,
  ])
  return { exitCode, stdout: stdout.toString().trim(), stderr: stderr.toString() }
}

test('a key is made once, for its owner alone, and what it signs is what the file is', () => {
  const [key, program] = [join(folder, 'key'), join(folder, 'program')]
  const made = run('key', key)
  expect(made).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/) })
  expect(statSync(key).mode & 0o777).toBe(0o600)
  expect(run('key', key).exitCode).toBe(1)
  writeFileSync(program, 'what runs')
  expect(run('sign', program, '--key', key, '--version', '3.2.1', '--next-key', made.stdout).exitCode).toBe(0)
  const signed = JSON.parse(readFileSync(`${program}.release.json`, 'utf8')) as SignedRelease
  expect(signed).toMatchObject({ key: made.stdout, release: { version: '3.2.1', bytes: 9, next_key: made.stdout } })
  expect(isSigned(signed)).toBe(true)
  expect(isSigned({ ...signed, release: { ...signed.release, bytes: 10 } })).toBe(false)
})

test('what can’t be signed is said in words', () => {
  expect(run('sign', join(folder, 'program'))).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('Usage:') })
  const { stderr } = run('sign', join(folder, 'program'), '--key', join(folder, 'key'), '--version', 'newest')
  expect(stderr).toContain('version must be')
})
