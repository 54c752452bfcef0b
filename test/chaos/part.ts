/** One process of a trial that may be killed with -9 at any moment and is started again. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Child, lastLines, type Program } from '../../deploy/process.ts'

const READY_MS = 60_000
const LOOK_MS = 100

export class Part {
  readonly child: Child
  readonly ready: () => Promise<boolean>
  kills = 0
  /** ends that nobody brought about, each with the last words of its log */
  readonly crashes: string[] = []
  /** from each kill to the start after it: times in which it surely didn't run */
  readonly away: { from: number; to: number }[] = []

  constructor(program: Program, folder: string, ready: () => Promise<boolean>) {
    this.child = new Child(program, folder)
    this.ready = ready
  }

  async kill(): Promise<number> {
    const { pid } = this.child
    this.note()
    if (pid !== undefined && !this.child.ended) process.kill(pid, 'SIGKILL')
    while (!this.child.ended) await sleep(5)
    const at = Date.now()
    this.kills += 1
    this.away.push({ from: at, to: Infinity })
    return at
  }

  async start(): Promise<void> {
    const last = this.away.at(-1)
    if (last) last.to = Date.now()
    await this.child.start()
  }

  /** A process that ends while it starts (its predecessor's children are still going) is started again. */
  async untilReady(): Promise<void> {
    const until = performance.now() + READY_MS
    while (this.child.ended || !(await this.ready())) {
      if (performance.now() > until)
        throw new Error(`${this.child.program.title} did not come up: ${this.child.logFile}`)
      if (this.child.ended) await this.child.start()
      await sleep(LOOK_MS)
    }
  }

  /** Called while nobody has killed it: it must be running. */
  note(): void {
    const { ended, program, logFile } = this.child
    if (ended) this.crashes.push(`${program.title} ended by itself (${ended}): ${lastLines(logFile, 12).join(' ⏎ ')}`)
  }

  stop(): Promise<void> {
    return this.child.stop()
  }
}
