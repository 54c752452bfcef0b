/** The streams of COPY, out of PostgreSQL and into it, where the driver needs care. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'

/** A COPY that was not sent yet. */
interface Copy {
  readable(): Promise<Readable>
  writable(): Promise<Writable>
}

/** What a COPY gives. All of it must be taken before the transaction does anything else. */
export async function* copied(copy: Copy): AsyncGenerator<Buffer> {
  const stream = await copy.readable()
  for await (const chunk of stream) yield chunk as Buffer
  // the driver pauses its socket behind a long row, and forgets to go on where that row was the last
  stream._read(0)
}

export async function sha256Of(chunks: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}

/** Feeds a COPY, no faster than it takes; throws PostgreSQL's own error. */
export async function feed(copy: Copy, rows: AsyncIterable<Buffer>): Promise<void> {
  const failed = rejectionOf(copy)
  const stream = await copy.writable()
  const finished = Promise.race([once(stream, 'finish'), failed])
  // it is awaited at the end, and may be rejected before
  finished.catch(() => {})
  try {
    for await (const piece of rows) if (!stream.write(piece)) await Promise.race([once(stream, 'drain'), failed])
  } catch (error) {
    stream.destroy(error as Error)
    throw error
  }
  stream.end()
  await finished
}

/** The driver settles a COPY when it begins, and would drop the error of one that PostgreSQL refuses later: it is caught on its way. */
function rejectionOf(query: object): Promise<never> {
  const { reject } = query as { reject(error: unknown): void }
  return new Promise((_, failed) =>
    Object.assign(query, {
      reject(error: unknown) {
        reject(error)
        failed(error)
      },
    }),
  )
}
