/** Files of releases, in the data folder, each by its hash; and the public keys that agents enrolling here are told to trust. */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { keysIn } from '#connectors/contract.ts'
import { Problem } from '../base/problem.ts'

/** Downloads of one process at once: what comes beyond waits its turn. */
const DOWNLOADS_MAX = 16

export class ReleaseFiles {
  readonly #data: string
  #downloads = 0

  constructor(data: string) {
    this.#data = data
  }

  #path(sha256: string): string {
    return join(this.#data, 'releases', sha256)
  }

  /** Put there by whoever has this machine, by no route: a stolen session can't add one. */
  keys(): string[] {
    const path = join(this.#data, 'release-keys')
    return existsSync(path) ? keysIn(readFileSync(path, 'utf8')) : []
  }

  /** Whole and exactly what was signed, or not at all. */
  async keep(body: ReadableStream<Uint8Array>, { bytes, sha256 }: { bytes: number; sha256: string }): Promise<void> {
    mkdirSync(join(this.#data, 'releases'), { recursive: true, mode: 0o700 })
    const making = `${this.#path(sha256)}.${randomUUID()}`
    const file = await open(making, 'wx', 0o600)
    try {
      const hash = createHash('sha256')
      let size = 0
      for await (const chunk of body) {
        size += chunk.length
        if (size > bytes) throw wrongFile(`has more than the ${bytes} bytes that were signed`)
        hash.update(chunk)
        await file.writeFile(chunk)
      }
      if (size < bytes) throw wrongFile(`has ${size} bytes; ${bytes} were signed`)
      if (hash.digest('hex') !== sha256) throw wrongFile('has another hash than was signed')
      await file.sync()
      renameSync(making, this.#path(sha256))
    } finally {
      await file.close()
      rmSync(making, { force: true })
    }
  }

  forget(sha256: string): void {
    rmSync(this.#path(sha256), { force: true })
  }

  /** The file from this byte on. */
  give(sha256: string, from: number): ReadableStream<Uint8Array> {
    const path = this.#path(sha256)
    if (!existsSync(path))
      throw new Problem('unavailable', 'The file of this release is not on this server: upload it again under Agents.')
    if (this.#downloads >= DOWNLOADS_MAX)
      throw new Problem('unavailable', 'Other agents fetch this release just now. Ask again in a moment.')
    this.#downloads += 1
    const reader = Bun.file(path).slice(from).stream().getReader()
    let isOver = false
    const over = () => {
      if (!isOver) this.#downloads -= 1
      isOver = true
    }
    return new ReadableStream({
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (!done) return controller.enqueue(value)
          over()
          controller.close()
        } catch (error) {
          over()
          controller.error(error)
        }
      },
      async cancel() {
        over()
        await reader.cancel()
      },
    })
  }
}

const wrongFile = (detail: string) =>
  new Problem('invalid', 'Upload the very file that the manifest was made for.', [{ pointer: '', detail }])
