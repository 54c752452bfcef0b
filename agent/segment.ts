/** One file of the spool: records are added at its end and read in order. */
import { closeSync, fdatasync, fstatSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { LIMITS, sha256 } from '#connectors/wire.ts'
import {
  HEAD_BYTES,
  type Head,
  RECORD_BYTES,
  type RecordHead,
  decodeHead,
  decodeRecordHead,
  encodeHead,
  encodeRecord,
} from './frames.ts'

const synced = promisify(fdatasync)
const DIGITS = 16

export const segmentName = (first: number): string => `${String(first).padStart(DIGITS, '0')}.seg`
export const isSegment = (name: string): boolean => /^\d{16}\.seg$/.test(name)

export interface StoredRecord {
  body: Buffer
  hash: string
  at_ms: number
}
/** `torn`: the last record was being written; `damaged`: what was whole isn't any more */
export type Condition = 'whole' | 'torn' | 'damaged'

function readAt(descriptor: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  let got = 0
  while (got < length) {
    const read = readSync(descriptor, bytes, got, length - got, position + got)
    if (read === 0) break
    got += read
  }
  return got === length ? bytes : bytes.subarray(0, got)
}

export class Segment {
  readonly head: Head
  readonly path: string
  #descriptor: number
  /** length of the valid part */
  bytes = HEAD_BYTES
  count = 0
  last_at_ms: number | null = null
  last_hash: string

  private constructor(path: string, descriptor: number, head: Head) {
    this.path = path
    this.#descriptor = descriptor
    this.head = head
    this.last_hash = head.previous
  }

  /** Sequence after that of the last record. */
  get end(): number {
    return this.head.first + this.count
  }

  static create(directory: string, head: Head): Segment {
    const path = join(directory, segmentName(head.first))
    const descriptor = openSync(path, 'w+', 0o600)
    try {
      writeSync(descriptor, encodeHead(head))
    } catch (error) {
      closeSync(descriptor)
      unlinkSync(path)
      throw error
    }
    return new Segment(path, descriptor, head)
  }

  /** Reads it through; null when not even its head is whole. */
  static open(path: string): { segment: Segment; condition: Condition } | null {
    const descriptor = openSync(path, 'r+')
    const head = decodeHead(readAt(descriptor, 0, HEAD_BYTES))
    if (!head) {
      closeSync(descriptor)
      return null
    }
    const segment = new Segment(path, descriptor, head)
    return { segment, condition: segment.#walk() }
  }

  #walk(): Condition {
    const size = fstatSync(this.#descriptor).size
    while (this.bytes < size) {
      const record = this.read(this.bytes)
      if (!record) return this.#isTorn(size) ? 'torn' : 'damaged'
      this.#count(record.body.length, record)
    }
    return 'whole'
  }

  /** A process killed while it wrote leaves too few bytes; a machine without power may leave zeros instead. */
  #isTorn(size: number): boolean {
    const left = size - this.bytes
    if (left < RECORD_BYTES) return true
    const head = decodeRecordHead(readAt(this.#descriptor, this.bytes, RECORD_BYTES), LIMITS.bodyBytes)
    if (head) return left < RECORD_BYTES + head.length
    return (
      left <= RECORD_BYTES + LIMITS.bodyBytes && readAt(this.#descriptor, this.bytes, left).every((byte) => byte === 0)
    )
  }

  #count(length: number, { hash, at_ms }: { hash: string; at_ms: number }): void {
    this.bytes += RECORD_BYTES + length
    this.count++
    this.last_hash = hash
    this.last_at_ms = at_ms
  }

  #headAt(offset: number): RecordHead | null {
    return decodeRecordHead(readAt(this.#descriptor, offset, RECORD_BYTES), LIMITS.bodyBytes)
  }

  /** The record at that offset; null when it isn't whole. */
  read(offset: number): StoredRecord | null {
    const head = this.#headAt(offset)
    if (!head) return null
    const body = readAt(this.#descriptor, offset + RECORD_BYTES, head.length)
    if (body.length !== head.length || sha256(body) !== head.hash) return null
    return { body, hash: head.hash, at_ms: head.at_ms }
  }

  /** Where the record of that sequence starts, and the head of the one before it. */
  find(sequence: number): { offset: number; previous: string; before_at_ms: number | null } | null {
    let found = { offset: HEAD_BYTES, previous: this.head.previous, before_at_ms: null as number | null }
    for (let at = this.head.first; at < sequence; at++) {
      const head = this.#headAt(found.offset)
      if (!head) return null
      found = { offset: found.offset + RECORD_BYTES + head.length, previous: head.hash, before_at_ms: head.at_ms }
    }
    return found
  }

  /** On a full disk it throws, and the file is as it was. */
  append(body: Uint8Array, at_ms: number): void {
    const { bytes, hash } = encodeRecord(body, at_ms)
    try {
      let written = 0
      while (written < bytes.length)
        written += writeSync(this.#descriptor, bytes, written, bytes.length - written, this.bytes + written)
    } catch (error) {
      this.cut()
      throw error
    }
    this.#count(body.length, { hash, at_ms })
  }

  /** Leaves only what is valid. */
  cut(): void {
    ftruncateSync(this.#descriptor, this.bytes)
  }

  sync(): Promise<void> {
    return synced(this.#descriptor)
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  delete(): void {
    this.close()
    unlinkSync(this.path)
  }
}
