/** The way of a file to the disk, over a line that breaks, lies, and never ends. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '#connectors/wire.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Unwilling } from '../api.ts'
import { type Bring, fetchRelease } from './fetch.ts'

const file = Buffer.from(crypto.getRandomValues(new Uint8Array(60_000)))
const release = { version: '2.0.0', platform: 'linux-x64', bytes: file.length, sha256: sha256(file), released_at: '' }

let folder: string
let path: string
let asked: number[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atalaya-fetch-'))
  path = join(folder, 'x.part')
  asked = []
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Gives so many bytes at a time, and then ends or breaks. */
const piecewise =
  (bytes: Buffer, piece: number, end: 'ends' | 'breaks' = 'ends'): Bring =>
  async (from) => {
    asked.push(from)
    return new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array(bytes.subarray(from, from + piece)))
      },
      pull(controller) {
        if (end === 'ends') controller.close()
        else controller.error(new Error('the line broke'))
      },
    })
  }
const reasonOf = (bring: Bring, wanted = release) =>
  fetchRelease(wanted, path, bring).then(
    () => 'taken',
    (error: unknown) => (error as { reason?: string }).reason ?? String(error),
  )

test.each(['ends', 'breaks'] as const)(
  'a line that %s too early is taken up where it stood',
  async (end) => {
    expect(await reasonOf(piecewise(file, 25_000, end))).toBe('taken')
    expect(asked).toEqual([0, 25_000, 50_000])
    expect(sha256(readFileSync(path))).toBe(release.sha256)
  },
  30_000,
)

test('other bytes, or more of them, are refused, and not one of them stays', async () => {
  expect(await reasonOf(piecewise(Buffer.alloc(file.length), file.length))).toBe('wrong_hash')
  expect(existsSync(path)).toBe(false)
  expect(await reasonOf(piecewise(Buffer.concat([file, file]), 2 * file.length))).toBe('wrong_length')
  expect(existsSync(path)).toBe(false)
})

test('what never becomes whole is given up after some tries, and what came is there for the next time', async () => {
  expect(await reasonOf(piecewise(file.subarray(0, 1_000), 1_000))).toBe('truncated')
  expect(statSync(path).size).toBe(1_000)
  expect(asked).toEqual([0, 1_000, 1_000, 1_000, 1_000, 1_000])
}, 60_000)

test('a disk that is too full for it is left alone', async () => {
  expect(await reasonOf(piecewise(file, file.length), { ...release, bytes: 2 ** 60 })).toBe('disk_full')
  expect(asked).toEqual([])
})

test('a file that is not offered is asked for once', async () => {
  const no: Bring = async (from) => {
    asked.push(from)
    throw new Unwilling(404, 'This file is not offered any more.')
  }
  expect(await reasonOf(no)).toContain('not offered')
  expect(asked).toEqual([0])
})
