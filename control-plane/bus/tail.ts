/** Follows the log of a nats-server, whoever turns or cuts it: each run reads what is new, and never more than a bound. */
import { open, stat } from 'node:fs/promises'
import { type Trespass, trespassInLog } from './trespass.ts'

/** What comes faster is passed over: it repeats what was read. */
const BYTES_MAX = 256 * 1024

/** Starts at the present end: what was logged before is another run's. */
export function logTail(file: string, found: (trespass: Trespass) => void): () => Promise<void> {
  let place: { inode: number; offset: number } | null = null
  return async () => {
    const seen = await stat(file).catch(() => null)
    if (!seen) {
      place ??= { inode: 0, offset: 0 }
      return
    }
    place ??= { inode: seen.ino, offset: seen.size }
    if (place.inode !== seen.ino || place.offset > seen.size) place = { inode: seen.ino, offset: 0 }
    const from = Math.max(place.offset, seen.size - BYTES_MAX)
    const text = await read(file, from, seen.size - from)
    // the last line may be half written; one that is longer than the bound is passed over
    const whole = text.length < BYTES_MAX ? text.lastIndexOf('\n') + 1 : text.length
    place.offset = from + whole
    for (const line of text.slice(0, whole).split('\n')) {
      const trespass = trespassInLog(line)
      if (trespass) found(trespass)
    }
  }
}

async function read(file: string, from: number, length: number): Promise<string> {
  if (length <= 0) return ''
  const handle = await open(file, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, from)
    // one byte a character: offsets count bytes
    return buffer.subarray(0, bytesRead).toString('latin1')
  } finally {
    await handle.close()
  }
}
