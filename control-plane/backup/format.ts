/**
 * The file of a backup: a line with the format's version, frames (kind, length, payload), and at the end the SHA-256 of all before it.
 * Rows lie in pieces that are compressed one by one, so that neither side ever holds more than one of them.
 */
import { FORMAT_VERSION } from './contract.ts'

const NAME = 'ATALAYA BACKUP '
/** Longest first line, so that a file of another kind is told at once. */
export const FIRST_LINE_BYTES = 32
export const END_MARK = Buffer.from('\nEND OF BACKUP\n')
export const SHA256_BYTES = 32
export const TRAILER_BYTES = SHA256_BYTES + END_MARK.length
export const FRAME_HEAD_BYTES = 5
/** Rows in one piece, before compression. */
export const PIECE_BYTES = 1 << 20
/** Longest payload: a piece that could not be compressed, or a list in JSON. */
export const PAYLOAD_BYTES = 8 << 20

/** In the order in which they come: head, files, then each table with its rows, then the end. */
export const KINDS = { head: 'H', file: 'F', table: 'T', rows: 'R', table_end: 'E', end: 'Z' } as const
export type Kind = keyof typeof KINDS

export interface Frame {
  kind: Kind
  payload: Buffer
}

export const firstLine = (): Buffer => Buffer.from(`${NAME}${FORMAT_VERSION}\n`)

/** The bytes of the first line, or why this isn't a backup that can be read here. */
export function readFirstLine(start: Buffer): { length: number } | { wrong: string } {
  const end = start.indexOf('\n')
  const version = /^(\d+)$/.exec(start.toString('latin1', NAME.length, end))?.[1]
  if (end < 0 || !start.subarray(0, NAME.length).equals(Buffer.from(NAME)) || version === undefined)
    return { wrong: "It isn't a backup of Atalaya, or its beginning is damaged." }
  if (Number(version) !== FORMAT_VERSION)
    return {
      wrong: `It has format version ${version}, and this program reads version ${FORMAT_VERSION}. Use the Atalaya that made it, or one as new.`,
    }
  return { length: end + 1 }
}

export function frameHead(kind: Kind, bytes: number): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES)
  head.write(KINDS[kind], 0, 'latin1')
  head.writeUInt32BE(bytes, 1)
  return head
}

/** Null where no frame begins so. */
export function readFrameHead(head: Buffer): { kind: Kind; bytes: number } | null {
  const letter = head.toString('latin1', 0, 1)
  const kind = (Object.keys(KINDS) as Kind[]).find((name) => KINDS[name] === letter)
  const bytes = head.readUInt32BE(1)
  return kind && bytes <= PAYLOAD_BYTES ? { kind, bytes } : null
}

/** The same bytes in pieces of one size. */
export async function* inPieces(source: AsyncIterable<Uint8Array>, piece_bytes = PIECE_BYTES): AsyncGenerator<Buffer> {
  let [held, held_bytes]: [Uint8Array[], number] = [[], 0]
  for await (const chunk of source) {
    held.push(chunk)
    held_bytes += chunk.length
    if (held_bytes < piece_bytes) continue
    const all = Buffer.concat(held)
    let from = 0
    for (; all.length - from >= piece_bytes; from += piece_bytes) yield all.subarray(from, from + piece_bytes)
    const rest = all.subarray(from)
    ;[held, held_bytes] = [[rest], rest.length]
  }
  if (held_bytes > 0) yield Buffer.concat(held)
}
