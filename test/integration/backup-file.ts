/** Backup files taken apart and put together again, so that tests can make wrong ones with a right checksum; and the command itself. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import {
  END_MARK,
  firstLine,
  type Frame,
  FRAME_HEAD_BYTES,
  frameHead,
  readFrameHead,
  TRAILER_BYTES,
} from '#control-plane/backup/format.ts'
import { endsWithUs } from '../../deploy/process.ts'

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

export interface PlacedFrame extends Frame {
  /** where it begins in the file */
  at: number
}

export function framesOf(backup: Buffer): PlacedFrame[] {
  const frames: PlacedFrame[] = []
  for (let at = firstLine().length; at < backup.length - TRAILER_BYTES;) {
    const { kind, bytes } = readFrameHead(backup.subarray(at, at + FRAME_HEAD_BYTES))!
    const from = at + FRAME_HEAD_BYTES
    frames.push({ kind, at, payload: backup.subarray(from, from + bytes) })
    at = from + bytes
  }
  return frames
}

/** A file with a checksum that is right, whatever its frames say. */
export function sealed(frames: readonly Frame[], first = firstLine()): Buffer {
  const parts = frames.flatMap(({ kind, payload }) => [frameHead(kind, payload.length), payload])
  const body = Buffer.concat([first, ...parts])
  return Buffer.concat([body, sha256(body), END_MARK])
}

/** The same frame with other content. */
export const reworded = (frame: Frame, change: (value: Record<string, unknown>) => Record<string, unknown>): Frame => ({
  ...frame,
  payload: Buffer.from(JSON.stringify(change(JSON.parse(frame.payload.toString()) as Record<string, unknown>))),
})

/** The file with another text in a table's rows, and the table's own checksum to match. */
export function withRows(backup: Buffer, table: string, change: (text: string) => string): Buffer {
  const frames: Frame[] = framesOf(backup)
  const at = frames.findIndex(({ kind, payload }) => kind === 'table' && payload.includes(`"name":"${table}"`))
  const rows = Buffer.from(change(zstdDecompressSync(frames[at + 1]!.payload).toString()))
  frames[at + 1] = { kind: 'rows', payload: zstdCompressSync(rows) }
  frames[at + 2] = reworded(frames[at + 2]!, (end) => ({ ...end, sha256: sha256(rows).toString('hex') }))
  return sealed(frames)
}

export interface Ran {
  code: number
  stdout: string
  stderr: string
}

/** `atalaya …` as a process of its own. */
export function atalaya(args: string[], place: { ownerUrl: string; data: string }) {
  const child = Bun.spawn(endsWithUs(['bun', 'control-plane/cli.ts', ...args]), {
    cwd: join(import.meta.dirname, '../..'),
    env: { ...process.env, DATABASE_URL: place.ownerUrl, ATALAYA_DATA: place.data },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const ended: Promise<Ran> = Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]).then(([code, stdout, stderr]) => ({ code, stdout, stderr }))
  return { ended, kill: () => child.kill('SIGKILL') }
}
