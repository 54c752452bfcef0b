import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lock } from './lock.ts'
import { processIdentity } from './process.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atalaya-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('a second start on the same folder is refused while the first lives', async () => {
  const file = join(folder, 'up.lock')
  const held = await lock(file, ['remedy'])
  await expect(lock(file, ['remedy'])).rejects.toMatchObject({
    message: expect.stringContaining(`pid ${process.pid}`),
    details: ['remedy'],
  })
  held.release()
  const again = await lock(file, [])
  again.release()
  expect(existsSync(file)).toBe(false)
})

test('a lock left by a killed start is taken over, and its children are ended first', async () => {
  const file = join(folder, 'up.lock')
  const orphan = Bun.spawn(['sleep', '30'])
  const children = [{ pid: orphan.pid, identity: processIdentity(orphan.pid), signal: 'SIGTERM' }]
  writeFileSync(file, JSON.stringify({ up: { pid: process.pid, identity: 'of another process' }, children }))
  const held = await lock(file, [])
  await orphan.exited
  expect(orphan.signalCode).toBe('SIGTERM')
  held.release()
})

test('a process that took over the number of an old child is left alone', async () => {
  const file = join(folder, 'up.lock')
  const other = Bun.spawn(['sleep', '30'])
  const children = [{ pid: other.pid, identity: 'of the old child', signal: 'SIGTERM' }]
  writeFileSync(file, JSON.stringify({ up: { pid: 999_999_999, identity: 'gone' }, children }))
  const held = await lock(file, [])
  expect(other.exitCode).toBeNull()
  other.kill()
  held.release()
})

test('a lock file cut short by a power failure does not prevent a start', async () => {
  const file = join(folder, 'up.lock')
  writeFileSync(file, '{"up":')
  const held = await lock(file, [])
  held.release()
})
