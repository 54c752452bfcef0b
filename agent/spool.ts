/** Batches on disk until the control plane acknowledges them: bounded, in order, and whole after a kill at any byte. */
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readAs, uuid } from '#connectors/shape.ts'
import { isFullDisk, writeWhole } from './files.ts'
import { HEAD_BYTES, RECORD_BYTES } from './frames.ts'
import { Losses } from './losses.ts'
import { Segment, isSegment } from './segment.ts'

export interface SpoolOptions {
  bytes_max: number
  /** a file is closed at this size; deleted when all of it was acknowledged */
  segment_bytes: number
  now(): number
}
export const SPOOL_DEFAULTS = { bytes_max: 256 * 1024 * 1024, segment_bytes: 1024 * 1024 } as const

export interface Pending {
  sequence: number
  previous: string
  body: Buffer
}
interface Cursor {
  sequence: number
  segment: Segment
  offset: number
  previous: string
}

const REPLACES = 'replaces'
const isUuid = (name: string) => readAs(uuid, name) !== undefined

export class Spool {
  id: string
  #root: string
  #options: SpoolOptions
  #segments: Segment[]
  readonly losses: Losses
  /** every sequence up to and including it was acknowledged */
  #acknowledged: number
  #cursor: Cursor | null = null
  #unsynced = new Set<Segment>()

  private constructor(root: string, id: string, segments: Segment[], options: SpoolOptions) {
    this.#root = root
    this.id = id
    this.#segments = segments
    this.#options = options
    this.losses = new Losses(join(root, 'losses.json'))
    this.#acknowledged = this.#oldest.head.first - 1
  }

  /** The directory holds one sub-directory, named by the spool's id; two while one replaces the other. */
  static open(root: string, options: SpoolOptions): Spool {
    mkdirSync(root, { recursive: true, mode: 0o700 })
    const id = Spool.#current(root)
    if (!id) return Spool.#made(root, options)
    const directory = join(root, id)
    const { segments, condition } = Spool.#segmentsOf(directory)
    if (segments.length === 0) segments.push(Segment.create(directory, { first: 1, previous: '' }))
    const spool = new Spool(root, id, segments, options)
    if (condition === 'torn') spool.#admitDamage()
    // Sequences of the damaged part may have been sent: a new spool can't use them again.
    if (condition === 'damaged') {
      spool.renew()
      spool.#admitDamage()
    }
    return spool
  }

  static #current(root: string): string | undefined {
    for (const name of readdirSync(root)) if (name.endsWith('.new')) rmSync(join(root, name), { recursive: true })
    const names = readdirSync(root).filter(isUuid)
    for (const name of names) {
      const replaces = join(root, name, REPLACES)
      if (!existsSync(replaces)) continue
      const replaced = readFileSync(replaces, 'utf8')
      if (isUuid(replaced)) rmSync(join(root, replaced), { recursive: true, force: true })
      // it can't be read, so the one that it was to replace was never left: that one goes on
      else if (names.length > 1) rmSync(join(root, name), { recursive: true })
    }
    return readdirSync(root).find(isUuid)
  }

  static #made(root: string, options: SpoolOptions): Spool {
    const id = randomUUID()
    const directory = join(root, id)
    mkdirSync(directory, { mode: 0o700 })
    return new Spool(root, id, [Segment.create(directory, { first: 1, previous: '' })], options)
  }

  static #segmentsOf(directory: string): { segments: Segment[]; condition: 'whole' | 'torn' | 'damaged' } {
    const names = readdirSync(directory).filter(isSegment).toSorted()
    const segments: Segment[] = []
    let condition: 'whole' | 'torn' | 'damaged' = 'whole'
    for (const [index, name] of names.entries()) {
      const last = index === names.length - 1
      const opened = Segment.open(join(directory, name))
      if (!opened) {
        // A head that was being written when the process was killed: nothing had been added yet.
        rmSync(join(directory, name))
        if (!last) condition = 'damaged'
        continue
      }
      const before = segments.at(-1)
      if (before && before.end !== opened.segment.head.first) condition = 'damaged'
      if (opened.condition !== 'whole') {
        opened.segment.cut()
        if (condition === 'whole') condition = last ? opened.condition : 'damaged'
      }
      segments.push(opened.segment)
    }
    return { segments, condition }
  }

  get #oldest(): Segment {
    return this.#segments[0] as Segment
  }
  get #active(): Segment {
    return this.#segments.at(-1) as Segment
  }

  /** The first sequence that isn't acknowledged: everything below was, or will never come. */
  get first(): number {
    return Math.max(this.#acknowledged + 1, this.#oldest.head.first)
  }
  /** The sequence that the next batch gets. */
  get next(): number {
    return this.#active.end
  }
  /** Bytes on disk. */
  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0)
  }
  /** When the newest batch was added; null for an empty spool. */
  get last_at_ms(): number | null {
    return this.#segments.findLast((segment) => segment.last_at_ms !== null)?.last_at_ms ?? null
  }

  append(body: Uint8Array, at_ms: number): number {
    const room = RECORD_BYTES + body.length
    for (;;) {
      try {
        if (this.#active.count > 0 && this.#active.bytes + room > this.#options.segment_bytes) this.#roll()
        while (this.bytes + room > this.#options.bytes_max && this.#dropOldest());
        this.#active.append(body, at_ms)
        break
      } catch (error) {
        if (!isFullDisk(error) || !this.#dropOldest()) throw error
      }
    }
    this.#unsynced.add(this.#active)
    return this.next - 1
  }

  /** A new file carries the chain on: the last sequence and hash are known even when all files before it are gone. */
  #roll(): void {
    const { end, last_hash } = this.#active
    this.#segments.push(Segment.create(join(this.#root, this.id), { first: end, previous: last_hash }))
    this.#unsynced.add(this.#active)
  }

  /** Makes room; false when there is nothing left to drop. */
  #dropOldest(): boolean {
    if (this.#oldest === this.#active && this.#active.count > 0) this.#roll()
    if (this.#oldest === this.#active) return false
    const { head, end, last_at_ms } = this.#oldest
    if (end - 1 > this.#acknowledged) {
      const first_sequence = Math.max(head.first, this.#acknowledged + 1)
      const from_ms = this.#atOf(first_sequence) ?? this.#options.now()
      const to_ms = last_at_ms ?? from_ms
      this.losses.admit({ cause: 'spool_overflow', from_ms, to_ms, first_sequence, last_sequence: end - 1 })
    }
    this.#forgetOldest()
    return true
  }

  #atOf(sequence: number): number | null {
    const found = this.#oldest.find(sequence)
    return found ? (found.before_at_ms ?? this.#oldest.read(found.offset)?.at_ms ?? null) : null
  }

  #forgetOldest(): void {
    const [oldest] = this.#segments.splice(0, 1)
    if (!oldest) return
    if (this.#cursor?.segment === oldest) this.#cursor = null
    this.#unsynced.delete(oldest)
    oldest.delete()
  }

  #admitDamage(): void {
    const to_ms = this.#options.now()
    this.losses.admit({ cause: 'spool_damaged', from_ms: Math.min(this.last_at_ms ?? to_ms, to_ms), to_ms })
  }

  /** The batch of that sequence, or null when there is none yet. A batch that can't be read makes a new spool. */
  read(sequence: number): Pending | null {
    if (sequence >= this.next || sequence < this.first) return null
    const cursor = this.#at(sequence) ?? this.#seek(sequence)
    const record = cursor?.segment.read(cursor.offset)
    if (!cursor || !record) {
      this.renew()
      return null
    }
    const { segment, offset, previous } = cursor
    const after = offset + RECORD_BYTES + record.body.length
    this.#cursor = { sequence: sequence + 1, segment, offset: after, previous: record.hash }
    return { sequence, previous, body: record.body }
  }

  /** Where the last reading ended, unless the next batch came into another file: nothing is read twice to find it. */
  #at(sequence: number): Cursor | null {
    const cursor = this.#cursor
    return cursor?.sequence === sequence && sequence < cursor.segment.end ? cursor : null
  }

  #seek(sequence: number): Cursor | null {
    const segment = this.#segments.find(({ head, end }) => head.first <= sequence && sequence < end)
    const found = segment?.find(sequence)
    return segment && found ? { sequence, segment, offset: found.offset, previous: found.previous } : null
  }

  acknowledge(up_to: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, Math.min(up_to, this.next - 1))
    this.losses.acknowledged(this.#acknowledged)
    while (this.#oldest !== this.#active && this.#oldest.end - 1 <= this.#acknowledged) this.#forgetOldest()
  }

  /** What was sent is on the disk: a machine that loses power can't give the same sequence to another batch. */
  async sync(): Promise<void> {
    const dirty = [...this.#unsynced]
    this.#unsynced.clear()
    await Promise.all(dirty.map((segment) => segment.sync()))
  }

  /**
   * Moves what is pending and whole into a new spool with its own id, numbered from 1. Needed when sequences of this one
   * could be used twice: it was damaged, or its disk went back in time (a restored image).
   */
  renew(): void {
    const id = randomUUID()
    const making = join(this.#root, `${id}.new`)
    mkdirSync(making, { mode: 0o700 })
    writeWhole(join(making, REPLACES), this.id)
    const copied = [Segment.create(making, { first: 1, previous: '' })]
    const whole = this.#copyPending(making, copied)
    for (const segment of [...copied, ...this.#segments]) segment.close()
    renameSync(making, join(this.#root, id))
    rmSync(join(this.#root, this.id), { recursive: true })
    rmSync(join(this.#root, id, REPLACES))
    this.id = id
    this.#segments = Spool.#segmentsOf(join(this.#root, id)).segments
    this.#acknowledged = 0
    this.#cursor = null
    this.#unsynced = new Set(this.#segments)
    this.losses.renumbered()
    if (!whole) this.#admitDamage()
  }

  /** False when a part could not be read. */
  #copyPending(directory: string, copied: Segment[]): boolean {
    let whole = true
    for (const segment of this.#segments) {
      let offset = HEAD_BYTES
      for (let sequence = segment.head.first; sequence < segment.end; sequence++) {
        const record = segment.read(offset)
        if (!record) {
          whole = false
          break
        }
        offset += RECORD_BYTES + record.body.length
        if (sequence <= this.#acknowledged) continue
        let target = copied.at(-1) as Segment
        if (target.bytes + record.body.length > this.#options.segment_bytes && target.count > 0) {
          target = Segment.create(directory, { first: target.end, previous: target.last_hash })
          copied.push(target)
        }
        target.append(record.body, record.at_ms)
      }
    }
    return whole
  }

  async close(): Promise<void> {
    await this.sync()
    for (const segment of this.#segments) segment.close()
  }
}
