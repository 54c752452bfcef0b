/** The spool under kills at any byte, full disks and damage. */
import { randomUUID } from 'node:crypto'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '#connectors/contract.ts'
import fc from 'fast-check'
import { afterAll, expect, test, vi } from 'vitest'
import { HEAD_BYTES, RECORD_BYTES } from './frames.ts'
import { Segment } from './segment.ts'
import { Spool, type SpoolOptions } from './spool.ts'

const root = mkdtempSync(join(tmpdir(), 'atalaya-spool-'))
afterAll(() => rmSync(root, { recursive: true }))

const NOW = 1_000_000
const fresh = () => join(root, randomUUID())
const options = (bytes_max = 1 << 20, segment_bytes = 512): SpoolOptions => ({
  bytes_max,
  segment_bytes,
  now: () => NOW,
})
const body = (number: number, length = 20) => Buffer.from(`batch ${number} `.padEnd(length, '.'))

function pending(spool: Spool): { sequence: number; previous: string; text: string; hash: string }[] {
  const all = []
  for (let sequence = spool.first; sequence < spool.next; sequence++) {
    const read = spool.read(sequence)
    if (!read) throw new Error(`${sequence} can't be read`)
    all.push({ sequence, previous: read.previous, text: read.body.toString(), hash: sha256(read.body) })
  }
  return all
}
function expectChain(read: ReturnType<typeof pending>, before = ''): void {
  let previous = before
  for (const one of read) {
    expect(one.previous).toBe(previous)
    previous = one.hash
  }
}
const segments = (directory: string, id: string) =>
  readdirSync(join(directory, id))
    .filter((name) => name.endsWith('.seg'))
    .toSorted()
    .map((name) => join(directory, id, name))

test('what was appended is read again in order, with sequences from 1 and the hash of the one before', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 30 }),
      fc.boolean(),
      (bodies, reopen) => {
        const directory = fresh()
        let spool = Spool.open(directory, options())
        bodies.forEach((one, at_ms) => spool.append(one, at_ms))
        if (reopen) spool = Spool.open(directory, options())
        const read = pending(spool)
        expect(read.map((one) => one.hash)).toEqual(bodies.map((one) => sha256(one)))
        expect(read.map((one) => one.sequence)).toEqual(bodies.map((_, index) => index + 1))
        expectChain(read)
      },
    ),
    { numRuns: 60 },
  )
})

test('a kill at any byte leaves every whole batch, admits the torn one, and the chain goes on', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 10, max: 200 }), { minLength: 1, maxLength: 12 }),
      fc.nat(),
      (lengths, pick) => {
        const directory = fresh()
        const before = Spool.open(directory, options())
        lengths.forEach((length, number) => before.append(body(number, length), number + 1))
        const last = segments(directory, before.id).at(-1) as string
        const size = readFileSync(last).length
        const cut = HEAD_BYTES + (pick % (size - HEAD_BYTES + 1))
        truncateSync(last, cut)

        const spool = Spool.open(directory, options())
        const read = pending(spool)
        expect(spool.id).toBe(before.id)
        expect(read.map((one) => one.text)).toEqual(read.map((_, index) => body(index, lengths[index]).toString()))
        const whole =
          spool.bytes === segments(directory, spool.id).reduce((sum, path) => sum + readFileSync(path).length, 0)
        expect(whole).toBe(true)
        const torn = cut !== readFileSync(last).length
        expect(spool.losses.pending.map((loss) => loss.cause)).toEqual(torn ? ['spool_damaged'] : [])
        expect(spool.append(body(99), NOW)).toBe(read.length + 1)
        expectChain(pending(spool))
      },
    ),
    { numRuns: 150 },
  )
})

test('a kill while the head of a new file is written loses nothing and takes no sequence twice', () => {
  for (let cut = 0; cut < HEAD_BYTES; cut++) {
    const directory = fresh()
    const before = Spool.open(directory, options(1 << 20, 100))
    before.append(body(1, 90), 1)
    before.append(body(2, 90), 2)
    const last = segments(directory, before.id).at(-1) as string
    truncateSync(last, cut)
    const spool = Spool.open(directory, options(1 << 20, 100))
    expect(spool.next).toBe(2)
    expect(spool.append(body(2, 90), 2)).toBe(2)
    expectChain(pending(spool))
  }
})

test('zeros after the last batch, as a machine without power leaves them, are a torn tail', () => {
  const directory = fresh()
  const before = Spool.open(directory, options())
  before.append(body(1), 1)
  appendFileSync(segments(directory, before.id)[0] as string, Buffer.alloc(3_000))
  const spool = Spool.open(directory, options())
  expect(spool.id).toBe(before.id)
  expect(pending(spool)).toHaveLength(1)
  expect(spool.losses.pending).toHaveLength(1)
})

test('a flipped byte within makes a new spool that holds what is whole, and the rest is admitted', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 0, max: 7 }), (pick, bit) => {
      const directory = fresh()
      const before = Spool.open(directory, options(1 << 20, 100_000))
      for (let number = 0; number < 5; number++) before.append(body(number), number)
      const [path] = segments(directory, before.id) as [string]
      const bytes = readFileSync(path)
      // The last record is left alone: damage at its end can't be told from a torn tail.
      const at = HEAD_BYTES + (pick % (bytes.length - HEAD_BYTES - RECORD_BYTES - 20))
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
      writeFileSync(path, bytes)
      const spool = Spool.open(directory, options(1 << 20, 100_000))
      const kept = Math.floor((at - HEAD_BYTES) / (RECORD_BYTES + 20))
      expect(spool.id).not.toBe(before.id)
      expect(pending(spool).map((one) => one.text)).toEqual(Array.from({ length: kept }, (_, n) => body(n).toString()))
      expectChain(pending(spool))
      expect(spool.losses.pending.map((loss) => loss.cause)).toEqual(['spool_damaged'])
    }),
    { numRuns: 80 },
  )
})

test('the spool never grows above its bound; what is dropped is the oldest, and each dropped sequence is admitted', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 10, max: 400 }), { minLength: 5, maxLength: 60 }),
      fc.nat({ max: 30 }),
      (lengths, acknowledged) => {
        const spool = Spool.open(fresh(), options(2_000, 600))
        lengths.forEach((length, number) => {
          spool.append(body(number, length), number + 1)
          if (number + 1 === acknowledged) spool.acknowledge(acknowledged)
          expect(spool.bytes).toBeLessThanOrEqual(2_000)
        })
        const kept = new Set(pending(spool).map((one) => one.sequence))
        const lost = new Set<number>()
        for (const { first_sequence = 0, last_sequence = -1, from_ms, to_ms } of spool.losses.pending) {
          for (let sequence = first_sequence; sequence <= last_sequence; sequence++) lost.add(sequence)
          expect(from_ms).toBeLessThanOrEqual(first_sequence)
          expect(to_ms).toBe(last_sequence)
        }
        for (let sequence = 1; sequence <= lengths.length; sequence++) {
          const states = [kept.has(sequence), lost.has(sequence), sequence <= acknowledged && !kept.has(sequence)]
          expect(states.some(Boolean), `${sequence} vanished without a word`).toBe(true)
          if (kept.has(sequence)) expect(lost.has(sequence)).toBe(false)
        }
      },
    ),
    { numRuns: 80 },
  )
})

test('losses are admitted after a restart too, and only once they are in the spool are they forgotten', () => {
  const directory = fresh()
  const spool = Spool.open(directory, options(1_000, 300))
  for (let number = 0; number < 20; number++) spool.append(body(number, 150), number)
  const again = Spool.open(directory, options(1_000, 300))
  expect(again.losses.pending).toEqual(spool.losses.pending)
  expect(again.losses.pending).toHaveLength(1)
  again.losses.admitted([...again.losses.pending], again.next)
  expect(Spool.open(directory, options(1_000, 300)).losses.pending).toEqual([])
})

test('files go when all of them was acknowledged, and the sequence goes on after the last file', () => {
  const directory = fresh()
  const spool = Spool.open(directory, options(1 << 20, 200))
  for (let number = 0; number < 10; number++) spool.append(body(number, 100), number)
  expect(segments(directory, spool.id).length).toBeGreaterThan(5)
  spool.acknowledge(10)
  expect(segments(directory, spool.id)).toHaveLength(1)
  const again = Spool.open(directory, options(1 << 20, 200))
  expect(again.append(body(10), 10)).toBe(11)
})

test('an acknowledgement beyond what there is, or of the past, moves nothing that it should not', () => {
  const spool = Spool.open(fresh(), options())
  spool.append(body(1), 1)
  spool.append(body(2), 2)
  spool.acknowledge(99)
  expect([spool.first, spool.next]).toEqual([3, 3])
  spool.acknowledge(1)
  expect(spool.first).toBe(3)
})

test('a renewed spool has another id and the same pending batches from 1', () => {
  const directory = fresh()
  const spool = Spool.open(directory, options(1 << 20, 200))
  for (let number = 0; number < 10; number++) spool.append(body(number, 100), number)
  spool.acknowledge(4)
  const { id } = spool
  spool.renew()
  const read = pending(spool)
  expect(spool.id).not.toBe(id)
  expect(read.map(({ sequence, text }) => [sequence, text])).toEqual(
    [4, 5, 6, 7, 8, 9].map((number, index) => [index + 1, body(number, 100).toString()]),
  )
  expect(readdirSync(directory)).toEqual([spool.id])
  expect(pending(Spool.open(directory, options()))).toEqual(read)
})

test('a renewal whose note of what it replaces is damaged takes nothing with it', () => {
  const directory = fresh()
  const spool = Spool.open(directory, options())
  spool.append(body(1), NOW)
  const other = join(directory, randomUUID())
  mkdirSync(other)
  writeFileSync(join(other, 'replaces'), '')
  const again = Spool.open(directory, options())
  expect([again.id, pending(again).map((one) => one.text)]).toEqual([spool.id, [body(1).toString()]])
  writeFileSync(join(directory, again.id, 'replaces'), '')
  expect(pending(Spool.open(directory, options())).map((one) => one.text)).toEqual([body(1).toString()])
})

test('a renewal that was killed half-way is either not there or whole', () => {
  const directory = fresh()
  const spool = Spool.open(directory, options())
  spool.append(body(1), 1)
  const old = spool.id
  const half = join(directory, `${randomUUID()}.new`)
  writeFileSync(half, '')
  expect(Spool.open(directory, options()).id).toBe(old)
  expect(readdirSync(directory)).toEqual([old])
})

test('a full disk costs the oldest batches, never the newest, and leaves every file whole', () => {
  const full = () => Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
  for (const where of ['create', 'append'] as const) {
    const directory = fresh()
    const spool = Spool.open(directory, options(1 << 20, 300))
    for (let number = 0; number < 10; number++) spool.append(body(number, 200), number)
    const failing =
      where === 'create'
        ? vi.spyOn(Segment, 'create').mockImplementationOnce(() => {
            throw full()
          })
        : vi.spyOn(Segment.prototype, 'append').mockImplementationOnce(() => {
            throw full()
          })
    expect(spool.append(body(10, 200), 10)).toBe(11)
    failing.mockRestore()
    expect(spool.losses.pending).toMatchObject([{ cause: 'spool_overflow', first_sequence: 1, last_sequence: 1 }])
    const read = pending(Spool.open(directory, options(1 << 20, 300)))
    expect(read.map((one) => one.text)).toEqual(
      Array.from({ length: 10 }, (_, index) => body(index + 1, 200).toString()),
    )
    expectChain(read, sha256(body(0, 200)))
  }
})
