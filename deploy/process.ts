/** Starts child processes, keeps their logs bounded, restarts those that die, and leaves none behind. */
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const LOG_BYTES = 16 * 1024 * 1024
const LOG_CHECK_MS = 30_000
const RESTART_FIRST_MS = 1_000
const RESTART_LAST_MS = 30_000
/** a child that ran so long has recovered: the next restart is quick again */
const STEADY_MS = 60_000
/** a child that says so often in a row that it is not well is ended, and started again */
const UNWELL = { every_ms: 5_000, times: 3 } as const

export type Signal = 'SIGTERM' | 'SIGINT' | 'SIGQUIT'

export interface Program {
  /** for people: "PostgreSQL" */
  title: string
  /** name of its log file */
  name: string
  /** asked for at each start, so that a restart can clean up first */
  command(): string[] | Promise<string[]>
  env?: Record<string, string | undefined>
  cwd?: string
  stopSignal?: Signal
  /** how long it may take to stop before it is killed */
  stop_ms: number
  /** false where it runs but has given up its work, and only a new start helps */
  healthy?(): Promise<boolean>
  /** the exit code by which it says that it is over for good: it isn't started again */
  over_code?: number
}

const linux = process.platform === 'linux'
const setpriv = linux ? Bun.which('setpriv') : null

/** Has the kernel end the child when this process dies, even by kill -9; elsewhere than on Linux the command as it is. */
export const endsWithUs = (command: string[], signal: Signal = 'SIGTERM'): string[] =>
  setpriv ? [setpriv, '--pdeathsig', signal.slice(3), ...command] : command

/** What tells this process from a later one with the same number; null when there is none. */
export function processIdentity(pid: number): string | null {
  if (!isAlive(pid)) return null
  if (linux) {
    try {
      // the fields follow the name in parentheses, which may hold anything; the 20th of them is the start time
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (fields[0] === 'Z') return null
      return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fields[19]}`
    } catch {
      return null
    }
  }
  return (
    Bun.spawnSync(['ps', '-o', 'lstart=', '-p', String(pid)])
      .stdout.toString()
      .trim() || null
  )
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Sends a signal to a process, or with a negative number to its group; false when there is none. */
function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch {
    return false
  }
}

/** Ends a process that isn't our child (left over from a run that was killed), and waits for it. */
export async function endProcess(pid: number, signal: Signal, wait_ms: number): Promise<void> {
  const identity = processIdentity(pid)
  if (!identity) return
  send(pid, signal)
  for (let waited_ms = 0; processIdentity(pid) === identity; waited_ms += 50) {
    if (waited_ms >= wait_ms) send(pid, 'SIGKILL')
    if (waited_ms >= wait_ms + 5_000)
      throw new Error(`Process ${pid} is left over from an earlier run and can't be ended. End it by hand.`)
    await sleep(50)
  }
}

/** The end of a log, for people. */
export function lastLines(file: string, count: number): string[] {
  if (!existsSync(file)) return []
  const text = readFileSync(file, 'utf8').slice(-16_384).trimEnd()
  return text ? text.split('\n').slice(-count) : []
}

function openLog(file: string): number {
  if (existsSync(file) && statSync(file).size > 0) renameSync(file, `${file}.1`)
  return openSync(file, 'a', 0o600)
}

/** The child appends, so the file may be cut under it: at most two of LOG_BYTES (and what 30 s add) are kept. */
function boundLog(file: string): void {
  if (!existsSync(file) || statSync(file).size < LOG_BYTES) return
  copyFileSync(file, `${file}.1`)
  truncateSync(file)
}

/** Told of each start, and in words of what happens later. */
export interface Observer {
  started?(pid: number): void
  event?(line: string, details: string[]): void
  /** it ended with its `over_code` */
  over?(): void
}

export class Child {
  readonly program: Program
  readonly logFile: string
  #process: Bun.Subprocess | undefined
  #stopping = false
  #supervised = false
  #started_at_ms = 0
  #delay_ms = RESTART_FIRST_MS
  readonly #logCheck: ReturnType<typeof setInterval>
  readonly #observer: Observer

  constructor(program: Program, logFolder: string, observer: Observer = {}) {
    mkdirSync(logFolder, { recursive: true, mode: 0o700 })
    this.program = program
    this.logFile = join(logFolder, `${program.name}.log`)
    this.#observer = observer
    this.#logCheck = setInterval(() => boundLog(this.logFile), LOG_CHECK_MS)
    this.#logCheck.unref()
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** The exit of the present process: undefined while it runs. */
  get ended(): string | undefined {
    const child = this.#process
    if (!child || (child.exitCode === null && child.signalCode === null)) return undefined
    return child.signalCode ? `killed by ${child.signalCode}` : `exit code ${child.exitCode}`
  }

  async start(): Promise<void> {
    const command = await this.program.command()
    if (this.#stopping) return
    const log = openLog(this.logFile)
    try {
      // its own session: Ctrl-C in the terminal must reach only us, who stop the children in order
      this.#process = Bun.spawn(command, {
        cwd: this.program.cwd,
        env: this.program.env ?? process.env,
        stdin: 'ignore',
        stdout: log,
        stderr: log,
        detached: true,
        onExit: () => void this.#exited(),
      })
      this.#started_at_ms = performance.now()
      this.#observer.started?.(this.#process.pid)
    } finally {
      closeSync(log)
    }
  }

  /** Waits until `ready` answers true; fails when the child ends first or the time is over. */
  async whenReady(ready: () => Promise<boolean>, within_ms: number): Promise<void> {
    const until_ms = performance.now() + within_ms
    for (;;) {
      if (this.ended) {
        // whoever is told that it is over is told before
        await sleep(0)
        throw new ChildError(this, `${this.program.title} ended while it started (${this.ended})`)
      }
      if (await ready()) return
      if (performance.now() > until_ms)
        throw new ChildError(this, `${this.program.title} was not ready after ${within_ms / 1000} s`)
      await sleep(25)
    }
  }

  /** From now on a child that dies, or runs without doing its work, is reported and started again. */
  supervise(): void {
    this.#supervised = true
    if (this.program.healthy) void this.#watch(this.program.healthy)
  }

  async #watch(healthy: () => Promise<boolean>): Promise<void> {
    for (let failures = 0; !this.#stopping;) {
      await sleep(UNWELL.every_ms, undefined, { ref: false })
      failures = this.ended || (await healthy()) ? 0 : failures + 1
      if (failures < UNWELL.times || this.#stopping) continue
      failures = 0
      this.#observer.event?.(`${this.program.title} runs but doesn't do its work: it is ended`, [])
      if (this.#process) send(this.#process.pid, 'SIGKILL')
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true
    clearInterval(this.#logCheck)
    const child = this.#process
    if (!child) return
    if (!this.ended) {
      send(child.pid, this.program.stopSignal ?? 'SIGTERM')
      const stopped = await Promise.race([
        child.exited.then(() => true),
        sleep(this.program.stop_ms, false, { ref: false }),
      ])
      if (!stopped) {
        send(child.pid, 'SIGKILL')
        await child.exited
      }
    }
    // what the child itself had started
    send(-child.pid, 'SIGKILL')
  }

  /** Ends the child at once, without waiting. */
  kill(): void {
    this.#stopping = true
    if (this.#process) send(-this.#process.pid, 'SIGKILL')
  }

  async #exited(): Promise<void> {
    if (this.#stopping) return
    // also while it still starts
    if (this.program.over_code !== undefined && this.#process?.exitCode === this.program.over_code)
      return this.#observer.over?.()
    if (!this.#supervised) return
    if (performance.now() - this.#started_at_ms > STEADY_MS) this.#delay_ms = RESTART_FIRST_MS
    const { title } = this.program
    this.#observer.event?.(
      `${title} stopped (${this.ended}); it starts again in ${this.#delay_ms / 1000} s`,
      lastLines(this.logFile, 5),
    )
    await sleep(this.#delay_ms)
    this.#delay_ms = Math.min(this.#delay_ms * 2, RESTART_LAST_MS)
    try {
      await this.start()
      if (!this.#stopping) this.#observer.event?.(`${title} was started again`, [])
    } catch (error) {
      this.#observer.event?.(`${title} could not be started again: ${(error as Error).message}`, [])
      await this.#exited()
    }
  }
}

/** A child that didn't come up, with the end of its log. */
export class ChildError extends Error {
  readonly details: string[]
  constructor(child: Child, message: string) {
    super(message)
    this.name = 'ChildError'
    this.details = [...lastLines(child.logFile, 15), `The whole log: ${child.logFile}`]
  }
}
