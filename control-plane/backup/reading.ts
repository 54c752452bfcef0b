/** Reads a backup, piece by piece, and tells a damaged one from a whole one before anything relies on it. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { zstdDecompressSync } from 'node:zlib'
import type { z } from 'zod'
import { End, Head, KeptFile, Table, TableEnd } from './contract.ts'
import {
  END_MARK,
  FIRST_LINE_BYTES,
  type Frame,
  FRAME_HEAD_BYTES,
  type Kind,
  PIECE_BYTES,
  readFirstLine,
  readFrameHead,
  SHA256_BYTES,
  TRAILER_BYTES,
} from './format.ts'
import { rowsIn } from './rules.ts'

/** A backup that can't be relied on, or not by this program. */
export class UnusableBackup extends Error {
  constructor(file: string, why: string) {
    super(`${file} can't be used. ${why}`)
    this.name = 'UnusableBackup'
  }
}

const damaged = (file: string, what: string) =>
  new UnusableBackup(file, `It is damaged: ${what}. Nothing was changed. Use another copy of it, or another backup.`)

export interface Contents {
  head: Head
  files: KeptFile[]
  end: End
}

/** What is done with each table; every byte that `rows` gives must be taken. */
export type OnTable = (table: Table, rows: AsyncIterable<Buffer>) => Promise<void>

/** Checks the checksum over all bytes, then every frame and every table's own. Changes nothing anywhere. */
export async function inspect(file: string): Promise<Contents> {
  const handle = await openBackup(file)
  try {
    await frameBounds(file, handle)
    await checkSum(file, handle)
  } finally {
    await handle.close()
  }
  return await walk(file, async (_table, rows) => {
    for await (const _piece of rows);
  })
}

async function openBackup(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r')
  } catch (error) {
    throw new Error(`${file} can't be opened: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

async function readAt(handle: FileHandle, at: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes)
  let filled = 0
  while (filled < bytes) {
    const { bytesRead } = await handle.read(buffer, filled, bytes - filled, at + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}

/** Where frames begin and end. */
async function frameBounds(file: string, handle: FileHandle): Promise<{ from: number; to: number }> {
  const first = readFirstLine(await readAt(handle, 0, FIRST_LINE_BYTES))
  if ('wrong' in first) throw new UnusableBackup(file, first.wrong)
  const { size } = await handle.stat()
  const to = size - TRAILER_BYTES
  const mark = to < first.length ? null : await readAt(handle, to + SHA256_BYTES, END_MARK.length)
  if (!mark?.equals(END_MARK)) throw damaged(file, 'it ends too early, or its end was altered')
  return { from: first.length, to }
}

async function checkSum(file: string, handle: FileHandle): Promise<void> {
  const to = (await handle.stat()).size - TRAILER_BYTES
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file, { end: to - 1, highWaterMark: PIECE_BYTES }))
    hash.update(chunk as Buffer)
  if (!hash.digest().equals(await readAt(handle, to, SHA256_BYTES)))
    throw damaged(file, 'its checksum is not that of its content')
}

/** Goes through the whole file in order. Throws `UnusableBackup` where a table isn't the one that was written. */
export async function walk(file: string, onTable: OnTable, onHead?: (head: Head) => void): Promise<Contents> {
  const handle = await openBackup(file)
  try {
    const frames = new Frames(file, handle, await frameBounds(file, handle))
    const head = await frames.expect('head', Head)
    onHead?.(head)
    const files: KeptFile[] = []
    while (await frames.isNext('file')) files.push(await frames.expect('file', KeptFile))
    const counted = { tables: 0, rows: 0, bytes: 0 }
    while (await frames.isNext('table')) {
      const { rows, bytes } = await readTable(file, frames, onTable)
      counted.tables += 1
      counted.rows += rows
      counted.bytes += bytes
    }
    const end = await frames.expect('end', End)
    if (await frames.hasNext()) throw damaged(file, 'something follows its end')
    if (end.tables !== counted.tables || end.rows !== counted.rows || end.bytes !== counted.bytes)
      throw damaged(file, 'tables or rows are missing')
    return { head, files, end }
  } finally {
    await handle.close()
  }
}

async function readTable(file: string, frames: Frames, onTable: OnTable): Promise<TableEnd> {
  const table = await frames.expect('table', Table)
  const hash = createHash('sha256')
  const read = { rows: 0, bytes: 0 }
  async function* rows(): AsyncGenerator<Buffer> {
    while (await frames.isNext('rows')) {
      const piece = await frames.rows()
      hash.update(piece)
      read.rows += rowsIn(piece)
      read.bytes += piece.length
      yield piece
    }
  }
  await onTable(table, rows())
  const end = await frames.expect('table_end', TableEnd)
  if (end.sha256 !== hash.digest('hex') || end.rows !== read.rows || end.bytes !== read.bytes)
    throw damaged(file, `table ${table.name} is not the one that was written`)
  return end
}

/** The frames of a file, one after the other. */
class Frames {
  readonly #file: string
  readonly #handle: FileHandle
  #at: number
  readonly #to: number
  #next: { kind: Kind; bytes: number } | null = null

  constructor(file: string, handle: FileHandle, { from, to }: { from: number; to: number }) {
    this.#file = file
    this.#handle = handle
    this.#at = from
    this.#to = to
  }

  async hasNext(): Promise<boolean> {
    if (this.#next) return true
    if (this.#at === this.#to) return false
    const head = await readAt(this.#handle, this.#at, FRAME_HEAD_BYTES)
    this.#next = head.length === FRAME_HEAD_BYTES ? readFrameHead(head) : null
    if (!this.#next || this.#at + FRAME_HEAD_BYTES + this.#next.bytes > this.#to)
      throw damaged(this.#file, `no part of a backup begins at byte ${this.#at}`)
    return true
  }

  async isNext(kind: Kind): Promise<boolean> {
    return (await this.hasNext()) && this.#next?.kind === kind
  }

  async expect<T>(kind: Kind, shape: z.ZodType<T>): Promise<T> {
    const at = this.#at
    const { payload } = await this.#take(kind)
    try {
      return shape.parse(JSON.parse(payload.toString()))
    } catch (error) {
      throw new UnusableBackup(this.#file, `What it says at byte ${at} is not understood: ${String(error)}`)
    }
  }

  async rows(): Promise<Buffer> {
    const at = this.#at
    const { payload } = await this.#take('rows')
    try {
      return zstdDecompressSync(payload, { maxOutputLength: PIECE_BYTES })
    } catch {
      throw damaged(this.#file, `the rows at byte ${at} can't be decompressed`)
    }
  }

  async #take(kind: Kind): Promise<Frame> {
    const next = (await this.hasNext()) ? this.#next : null
    if (next?.kind !== kind)
      throw damaged(this.#file, `at byte ${this.#at} "${kind}" was expected, not "${next?.kind ?? 'the end'}"`)
    const payload = await readAt(this.#handle, this.#at + FRAME_HEAD_BYTES, next.bytes)
    if (payload.length !== next.bytes) throw damaged(this.#file, 'it became shorter while it was read')
    this.#at += FRAME_HEAD_BYTES + next.bytes
    this.#next = null
    return { kind, payload }
  }
}
