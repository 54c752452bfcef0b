/** What a process costs, from /proc: processor time of all its threads, and memory that is its own. */
import { readdirSync, readFileSync } from 'node:fs'

/** Processor time so far; threads that ended since the last look keep what they had then. */
export class ProcessorTime {
  #pid: number
  #threads = new Map<string, bigint>()

  constructor(pid: number) {
    this.#pid = pid
  }

  /** Nanoseconds on a processor: the first field of `schedstat`, which /proc gives for each thread alone. */
  read_ns(): bigint {
    const tasks = `/proc/${this.#pid}/task`
    for (const thread of readdirSync(tasks)) {
      try {
        const [ran = '0'] = readFileSync(`${tasks}/${thread}/schedstat`, 'utf8').split(' ')
        this.#threads.set(thread, BigInt(ran))
      } catch {
        // it ended between the listing and the look
      }
    }
    return [...this.#threads.values()].reduce((sum, ns) => sum + ns, 0n)
  }
}

/** Anonymous memory that this process alone pays for, in bytes; pages of its program file are not in it. */
export function anonymousBytes(pid: number): number {
  const [, kib] = /^Pss_Anon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? []
  if (kib === undefined) throw new Error('The kernel is too old: smaps_rollup has no Pss_Anon (Linux 5.9).')
  return Number(kib) * 1024
}
