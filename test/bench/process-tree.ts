/** Processor seconds of processes with all that they started, from /proc: also of children that have ended meanwhile. */
import { readdirSync, readFileSync } from 'node:fs'

/** `getconf CLK_TCK`: the unit of times in `stat`, 100 on every Linux that Bun runs on. */
const TICKS_PER_SECOND = 100

interface Process {
  pid: number
  parent: number
  seconds: number
}

/** Fields of `/proc/<pid>/stat` follow the name in parentheses, which may hold anything (proc_pid_stat(5)). */
export function readStat(pid: number, stat: string): Process {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const field = (number: number) => Number(fields[number - 3])
  // utime, stime, and those of children that were waited for
  const ticks = field(14) + field(15) + field(16) + field(17)
  return { pid, parent: field(4), seconds: ticks / TICKS_PER_SECOND }
}

function allProcesses(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [readStat(Number(name), readFileSync(`/proc/${name}/stat`, 'utf8'))]
      } catch {
        // it ended between the listing and the look
        return []
      }
    })
}

/** The processes and all below them. */
export function familyOf(roots: readonly number[]): Process[] {
  const all = allProcesses()
  const below = new Set(roots)
  for (let known = 0; known < below.size;) {
    known = below.size
    for (const { pid, parent } of all) if (below.has(parent)) below.add(pid)
  }
  return all.filter(({ pid }) => below.has(pid))
}

/** Processor seconds so far of the processes and of all below them. */
export const processorSeconds = (roots: readonly number[]): number =>
  familyOf(roots).reduce((sum, { seconds }) => sum + seconds, 0)
