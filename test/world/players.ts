/** Starts processes that play seeds, and hands each the next one. */
import { join } from 'node:path'
import type { Task } from './player.ts'
import type { Server, Verdict } from './trial.ts'

interface Tasks {
  server: Server
  seeds: readonly number[]
  days: number
  jobs: number
  notes?: boolean
}
/** Plays the seeds in order, `jobs` at a time; stops early where `stop` says so. `tree` is the root of the sources to try. */
export async function playAll(
  { server, seeds, days, jobs, notes = false }: Tasks,
  tree: string,
  heard: (verdict: Verdict) => 'on' | 'stop',
): Promise<void> {
  const waiting = [...seeds]
  const work = async () => {
    const player = new Player(tree)
    try {
      for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift())
        if (heard(await player.play({ server, seed, days, notes })) === 'stop') waiting.length = 0
    } finally {
      await player.end()
    }
  }
  await Promise.all(Array.from({ length: Math.min(jobs, seeds.length) }, work))
}

class Player {
  readonly #child: Bun.Subprocess
  #answered: (verdict: Verdict) => void = () => {}
  #said = ''

  constructor(tree: string) {
    this.#child = Bun.spawn([process.execPath, join(tree, 'test/world/player.ts')], {
      cwd: tree,
      stdio: ['ignore', 'inherit', 'pipe'],
      ipc: (verdict: Verdict) => this.#answered(verdict),
    })
    void this.#listen()
  }

  async #listen(): Promise<void> {
    const { stderr } = this.#child
    if (!(stderr instanceof ReadableStream)) return
    const decoder = new TextDecoder()
    for await (const chunk of stderr) this.#said = (this.#said + decoder.decode(chunk)).slice(-2_000)
  }

  async play(task: Task): Promise<Verdict> {
    const answered = new Promise<Verdict>((resolve) => (this.#answered = resolve))
    this.#child.send(task)
    const ended = this.#child.exited.then((code): Verdict => ({
      seed: task.seed,
      wrong: [`The player ended with code ${code}: ${this.#said}`],
      broke: true,
      turn: '',
      faults: '',
      bounds: '',
      seconds: 0,
    }))
    return Promise.race([answered, ended])
  }

  async end(): Promise<void> {
    this.#child.kill()
    await this.#child.exited
  }
}
