/** The bytes of a spool's segment file; pure. */
import { sha256 } from '#connectors/wire.ts'
import { crc32 } from 'node:zlib'

/**
 * A segment is a head and records, all big-endian:
 *   head    'ATLSEG1\n' · u64 first sequence · 32 bytes hash of the record before it (zeros: none) · u32 CRC of these
 *   record  u32 length · u64 milliseconds · 32 bytes SHA-256 of the body · u32 CRC of these · body
 */
const MAGIC = Buffer.from('ATLSEG1\n')
export const HEAD_BYTES = 8 + 8 + 32 + 4
export const RECORD_BYTES = 4 + 8 + 32 + 4
const NO_HASH = '0'.repeat(64)

export interface Head {
  first: number
  /** '' for the first record of a spool */
  previous: string
}
export interface RecordHead {
  length: number
  at_ms: number
  hash: string
}

const withCrc = (bytes: Buffer): Buffer => {
  bytes.writeUInt32BE(crc32(bytes.subarray(0, -4)), bytes.length - 4)
  return bytes
}
const crcHolds = (bytes: Buffer): boolean => crc32(bytes.subarray(0, -4)) === bytes.readUInt32BE(bytes.length - 4)

export function encodeHead({ first, previous }: Head): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES)
  MAGIC.copy(bytes)
  bytes.writeBigUInt64BE(BigInt(first), 8)
  bytes.write(previous || NO_HASH, 16, 'hex')
  return withCrc(bytes)
}

export function decodeHead(bytes: Buffer): Head | null {
  if (bytes.length !== HEAD_BYTES || !bytes.subarray(0, 8).equals(MAGIC) || !crcHolds(bytes)) return null
  const previous = bytes.toString('hex', 16, 48)
  return { first: Number(bytes.readBigUInt64BE(8)), previous: previous === NO_HASH ? '' : previous }
}

export function encodeRecord(body: Uint8Array, at_ms: number): { bytes: Buffer; hash: string } {
  const hash = sha256(body)
  const head = Buffer.alloc(RECORD_BYTES)
  head.writeUInt32BE(body.length, 0)
  head.writeBigUInt64BE(BigInt(at_ms), 4)
  head.write(hash, 12, 'hex')
  return { bytes: Buffer.concat([withCrc(head), body]), hash }
}

/** Null where the bytes aren't the head of a record, or its body would be longer than a message may be. */
export function decodeRecordHead(bytes: Buffer, length_max: number): RecordHead | null {
  if (bytes.length !== RECORD_BYTES || !crcHolds(bytes)) return null
  const length = bytes.readUInt32BE(0)
  if (length > length_max) return null
  return { length, at_ms: Number(bytes.readBigUInt64BE(4)), hash: bytes.toString('hex', 12, 44) }
}
