/** What a seal is: the text of a record, its digest, the hash that chains batches; and how each kind of tampering shows. */
import { canonical, sha256 } from '#connectors/contract.ts'
import type { EventRecord } from '../events/contract.ts'
import type { AuditFinding } from './contract.ts'

export interface Seal {
  number: number
  first_number: number
  last_number: number
  count: number
  entries: Uint8Array
  /** '' for the first */
  previous_hash: string
  hash: string
  /** milliseconds since 1970, as text */
  sealed_at: string
}
export type Head = Pick<Seal, 'number' | 'last_number' | 'hash'>
/** Before the first seal. */
export const START: Head = { number: 0, last_number: 0, hash: '' }

/** Every column, keys sorted: two records with equal text are equal. */
export const recordText = (record: EventRecord): string => canonical(record)

const NUMBER_BYTES = 8
const ENTRY_BYTES = NUMBER_BYTES + 32

function packEntries(records: readonly EventRecord[]): Buffer {
  const packed = Buffer.alloc(records.length * ENTRY_BYTES)
  for (const [index, record] of records.entries()) {
    packed.writeBigUInt64BE(BigInt(record.number), index * ENTRY_BYTES)
    packed.write(sha256(recordText(record)), index * ENTRY_BYTES + NUMBER_BYTES, 'hex')
  }
  return packed
}

/** Digest by number of record. */
export function readEntries(entries: Uint8Array): Map<string, string> {
  const packed = Buffer.from(entries.buffer, entries.byteOffset, entries.byteLength)
  const found = new Map<string, string>()
  for (let at = 0; at + ENTRY_BYTES <= packed.length; at += ENTRY_BYTES)
    found.set(packed.readBigUInt64BE(at).toString(), packed.toString('hex', at + NUMBER_BYTES, at + ENTRY_BYTES))
  return found
}

const hashOf = ({ hash: _own, entries, ...seal }: Seal): string =>
  sha256(canonical({ ...seal, entries: sha256(entries) }))

/** Seals records, which follow each other by number, onto the chain. */
export function sealOf(records: readonly EventRecord[], previous: Head, sealed_at: number): Seal {
  const seal = {
    number: previous.number + 1,
    first_number: previous.last_number + 1,
    last_number: Number(records.at(-1)?.number ?? previous.last_number),
    count: records.length,
    entries: packEntries(records),
    previous_hash: previous.hash,
    hash: '',
    sealed_at: String(sealed_at),
  }
  return { ...seal, hash: hashOf(seal) }
}

/** What is wrong with a seal and its place in the chain; its records are compared apart. */
export function checkSeal(seal: Seal, previous: Head): AuditFinding[] {
  const found: AuditFinding[] = []
  const subject = String(seal.number)
  if (hashOf(seal) !== seal.hash)
    found.push({ check: 'seal', subject, detail: 'The seal is not the one that was made.' })
  if (seal.number !== previous.number + 1)
    found.push({
      check: 'chain',
      subject: `${previous.number + 1}..${seal.number - 1}`,
      detail: 'Seals are missing, so nothing covers their records.',
    })
  else if (seal.previous_hash !== previous.hash || seal.first_number !== previous.last_number + 1)
    found.push({ check: 'chain', subject, detail: 'Its link to the seal before it is broken.' })
  const gone = seal.last_number - seal.first_number + 1 - seal.count
  if (gone !== 0)
    found.push({
      check: 'deleted',
      subject: `${seal.first_number}..${seal.last_number}`,
      detail: `${gone} of these records were gone before they were sealed.`,
    })
  return found
}

/** The last seal must be the one that the head tells of. */
export function checkEnd(last: Head, head: Head | null): AuditFinding[] {
  if (head === null && last.number === 0) return []
  if (head === null)
    return [{ check: 'chain', subject: 'head', detail: 'The row that says where the chain ends is missing.' }]
  if (head.number > last.number)
    return [
      {
        check: 'chain',
        subject: `${last.number + 1}..${head.number}`,
        detail: `Seals at the end are missing: the chain went on to record ${head.last_number}.`,
      },
    ]
  if (head.number < last.number)
    return [{ check: 'chain', subject: `${head.number + 1}..${last.number}`, detail: 'Seals were added at the end.' }]
  return head.hash === last.hash && head.last_number === last.last_number
    ? []
    : [{ check: 'chain', subject: String(last.number), detail: 'The last seal is not the one that was made.' }]
}

/** Compares records with what was sealed of them, and takes them off `sealed`: what stays there at the end was deleted. */
export function checkRecords(sealed: Map<string, string>, records: readonly EventRecord[]): AuditFinding[] {
  return records.flatMap((record): AuditFinding[] => {
    const { number: subject, type } = record
    const digest = sealed.get(subject)
    sealed.delete(subject)
    if (digest === undefined)
      return [
        { check: 'inserted', subject, detail: `This record (${type}, id ${record.id}) was added after its time.` },
      ]
    return digest === sha256(recordText(record))
      ? []
      : [{ check: 'altered', subject, detail: `This record (now ${type}, id ${record.id}) is not what was sealed.` }]
  })
}

/** What was sealed and is there no more. */
export const deletedOf = (sealed: ReadonlyMap<string, string>): AuditFinding[] =>
  [...sealed.keys()].map((subject) => ({ check: 'deleted', subject, detail: 'This record was sealed and is gone.' }))

const GUARDS = [
  'event_is_append_only',
  'event_is_kept',
  'audit_seal_is_append_only',
  'audit_head_moves_on',
  'audit_head_is_kept',
] as const

/** The triggers that refuse changes must all be there and fire in every session. */
export const checkGuards = (guards: readonly { name: string; enabled: boolean }[]): AuditFinding[] =>
  GUARDS.flatMap((subject): AuditFinding[] => {
    const guard = guards.find(({ name }) => name === subject)
    if (!guard) return [{ check: 'guard', subject, detail: 'The trigger that refuses changes is missing.' }]
    return guard.enabled ? [] : [{ check: 'guard', subject, detail: 'The trigger that refuses changes is disabled.' }]
  })
