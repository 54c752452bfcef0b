/** A process beside the bench that is spoken to by lines. */
import { join } from 'node:path'
import { endsWithUs } from '../../deploy/process.ts'

export class Worker {
  readonly #child: Bun.Subprocess<'pipe', 'pipe', 'inherit'>
  readonly #lines: AsyncGenerator<string>

  constructor(program: string, ...words: string[]) {
    const command = endsWithUs(['bun', join(import.meta.dirname, program), ...words])
    this.#child = Bun.spawn(command, { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
    this.#lines = linesOf(this.#child.stdout)
  }

  get pid(): number {
    return this.#child.pid
  }

  end(): void {
    this.#child.kill()
  }

  /** The next line that it says; an error where it ended. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error(`A process of the bench ended with exit code ${await this.#child.exited}.`)
    return value
  }

  say(line: string): void {
    this.#child.stdin.write(`${line}\n`)
    void this.#child.stdin.flush()
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}
