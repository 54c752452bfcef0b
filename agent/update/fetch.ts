/** Brings the file of a release to the disk: goes on where it broke off, and never keeps what isn't byte for byte what was signed. */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, rmSync, statfsSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Release } from '#connectors/release.ts'
import { Unwilling } from '../api.ts'
import { isFullDisk } from '../files.ts'
import { Refusal } from './rules.ts'

/** From this byte on. */
export type Bring = (from: number, signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>

/** The spool keeps room of its own. */
const SPARE_BYTES = 64 * 1024 * 1024
/** In a row, without a byte more. */
const FAILURES_MAX = 5
const RETRY_MS = { least: 500, most: 30_000 } as const
/** The control plane serves others first. */
const BUSY_MS = 10_000
/** No byte for so long: the connection is dead. */
const QUIET_MS = 60_000

const bytesOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0)

/** Throws a Refusal; what came of it so far stays, unless it is wrong. */
export async function fetchRelease({ bytes, sha256 }: Release, path: string, bring: Bring): Promise<void> {
  const { bavail, bsize } = statfsSync(dirname(path))
  if (bavail * bsize + bytesOf(path) < bytes + SPARE_BYTES) throw fullDisk(bytes)
  for (let failures = 0; bytesOf(path) !== bytes;) {
    const from = bytesOf(path)
    try {
      await append(path, from, bytes, bring)
    } catch (error) {
      if (isFullDisk(error)) throw fullDisk(bytes)
      if (error instanceof Refusal) rmSync(path, { force: true })
      if (error instanceof Refusal || isNo(error)) throw error
      if (error instanceof Unwilling && error.status === 503) {
        await sleep(BUSY_MS * (0.5 + Math.random()))
        continue
      }
    }
    failures = bytesOf(path) > from ? 0 : failures + 1
    if (failures >= FAILURES_MAX)
      throw new Refusal('truncated', `After ${bytesOf(path)} of ${bytes} bytes nothing more came, ${failures} times.`)
    if (bytesOf(path) !== bytes)
      await sleep(Math.min(RETRY_MS.most, RETRY_MS.least * 2 ** failures) * (0.5 + Math.random() / 2))
  }
  if ((await sha256Of(path)) === sha256) return
  rmSync(path, { force: true })
  throw new Refusal('wrong_hash', 'The file is not the one that was signed: its hash is another.')
}

/** A file that isn't offered to us doesn't come by asking again. */
const isNo = (error: unknown): boolean => error instanceof Unwilling && error.status < 500 && error.status !== 429

const fullDisk = (bytes: number) =>
  new Refusal(
    'disk_full',
    `There is no room for ${bytes} bytes and what the spool may need. Make room on this machine.`,
  )

async function append(path: string, from: number, bytes: number, bring: Bring): Promise<void> {
  const stopping = new AbortController()
  let quiet = setTimeout(() => stopping.abort(), QUIET_MS)
  const file = await open(path, 'a', 0o600)
  try {
    let size = from
    for await (const chunk of await bring(from, stopping.signal)) {
      clearTimeout(quiet)
      quiet = setTimeout(() => stopping.abort(), QUIET_MS)
      size += chunk.length
      if (size > bytes) throw new Refusal('wrong_length', `The file has more than the ${bytes} bytes that were signed.`)
      await file.writeFile(chunk)
    }
    await file.sync()
  } finally {
    clearTimeout(quiet)
    stopping.abort()
    await file.close()
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
