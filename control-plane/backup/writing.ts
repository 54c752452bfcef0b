/** Writes a backup: under another name, on the disk before it gets its own, and readable by its owner only. */
import { createHash } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { type FileHandle, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { Head, KeptFile, Table, TableEnd, type End } from './contract.ts'
import { END_MARK, firstLine, frameHead, inPieces, type Kind } from './format.ts'
import { rowsIn } from './rules.ts'

export class Writing {
  readonly #file: string
  readonly #handle: FileHandle
  readonly #force: boolean
  readonly #hash = createHash('sha256')

  private constructor(file: string, handle: FileHandle, force: boolean) {
    this.#file = file
    this.#handle = handle
    this.#force = force
  }

  /** Throws where the file exists and may not be replaced. */
  static async begin(file: string, force: boolean): Promise<Writing> {
    refuseExisting(file, force)
    // what a killed backup left is replaced; its mode is not taken over
    rmSync(partialOf(file), { force: true })
    const writing = new Writing(file, await open(partialOf(file), 'wx', 0o600), force)
    await writing.#write(firstLine())
    return writing
  }

  head = (head: Head): Promise<void> => this.#json('head', head)
  keep = (file: KeptFile): Promise<void> => this.#json('file', file)

  /** `wrote` is told of each piece: its rows and bytes. */
  async table(
    table: Table,
    rows: AsyncIterable<Uint8Array>,
    wrote: (rows: number, bytes: number) => void,
  ): Promise<TableEnd> {
    await this.#json('table', table)
    const [hash, end] = [createHash('sha256'), { rows: 0, bytes: 0 }]
    for await (const piece of inPieces(rows)) {
      hash.update(piece)
      const count = rowsIn(piece)
      end.rows += count
      end.bytes += piece.length
      await this.#frame('rows', zstdCompressSync(piece))
      wrote(count, piece.length)
    }
    const ended = { ...end, sha256: hash.digest('hex') }
    await this.#json('table_end', ended)
    return ended
  }

  /** Now the file is whole: it gets its name. */
  async end(end: End): Promise<void> {
    await this.#json('end', end)
    await this.#writeAll(Buffer.concat([this.#hash.digest(), END_MARK]))
    await this.#handle.sync()
    await this.#handle.close()
    refuseExisting(this.#file, this.#force)
    await rename(partialOf(this.#file), this.#file)
    await syncFolder(dirname(this.#file))
  }

  /** After a failure: nothing stays. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => {})
    rmSync(partialOf(this.#file), { force: true })
  }

  #json(kind: Kind, value: unknown): Promise<void> {
    return this.#frame(kind, Buffer.from(JSON.stringify(value)))
  }

  async #frame(kind: Kind, payload: Buffer): Promise<void> {
    await this.#write(frameHead(kind, payload.length))
    await this.#write(payload)
  }

  async #write(bytes: Buffer): Promise<void> {
    this.#hash.update(bytes)
    await this.#writeAll(bytes)
  }

  async #writeAll(bytes: Buffer): Promise<void> {
    for (let from = 0; from < bytes.length;) {
      const { bytesWritten } = await this.#handle.write(bytes, from, bytes.length - from)
      from += bytesWritten
    }
  }
}

const partialOf = (file: string): string => `${file}.partial`

function refuseExisting(file: string, force: boolean): void {
  if (!force && existsSync(file))
    throw new Error(`${file} exists already. Choose another name, or replace it with --force.`)
}

/** The new name survives a power cut once the folder that holds it is on the disk. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
