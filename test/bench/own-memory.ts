/** Memory of processes with all below them, from /proc: what several share is counted once among them. */
import { readFileSync } from 'node:fs'
import { familyOf } from './process-tree.ts'

/** `Pss` of smaps_rollup: a page that three processes map is a third of each, so that the sum over all of them has it once (proc_pid_smaps(5)). */
function pssBytes(pid: number): number {
  try {
    const [, kib = '0'] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? []
    return Number(kib) * 1024
  } catch {
    // it ended between the listing and the look
    return 0
  }
}

export const memoryBytes = (roots: readonly number[]): number =>
  familyOf(roots).reduce((sum, { pid }) => sum + pssBytes(pid), 0)

const LOOK_MS = 1_000

/** Looks again and again while `work` runs: the most that was seen of each part, and of all together. */
export async function peakDuring<Part extends string>(
  parts: Readonly<Record<Part, () => readonly number[]>>,
  work: () => Promise<void>,
): Promise<Record<Part | 'together', number>> {
  const names = Object.keys(parts) as Part[]
  const peak = Object.fromEntries([...names, 'together'].map((name) => [name, 0])) as Record<Part | 'together', number>
  const look = () => {
    let together = 0
    for (const name of names) {
      const bytes = memoryBytes(parts[name]())
      peak[name] = Math.max(peak[name], bytes)
      together += bytes
    }
    peak.together = Math.max(peak.together, together)
  }
  const timer = setInterval(look, LOOK_MS)
  try {
    await work()
    look()
  } finally {
    clearInterval(timer)
  }
  return peak
}
