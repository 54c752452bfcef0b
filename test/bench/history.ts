/** Recorded runs, and whether a figure fell since the one before; pure but for reading the file. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const HISTORY = join(import.meta.dirname, 'history.jsonl')
/** A ratio that is worse by more than this share has fallen. */
const FALL_MAX = 0.2

export interface Recorded {
  bench: string
  at: string
  cpu?: string
  cores: number
  [figure: string]: unknown
}

export function readHistory(file = HISTORY): Recorded[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Recorded)
}

interface Ratio {
  ratio: number
  /** true where a higher one is better: its bar is a least one */
  more_is_better: boolean
}

function ratiosOf(run: Recorded): Map<string, Ratio> {
  const out = new Map<string, Ratio>()
  for (const [figure, value] of Object.entries(run)) {
    if (typeof value !== 'object' || value === null || !('ratio' in value)) continue
    if (typeof value.ratio === 'number') out.set(figure, { ratio: value.ratio, more_is_better: 'ratio_min' in value })
  }
  return out
}

const isLike = (a: Recorded, b: Recorded): boolean => a.bench === b.bench && a.cpu === b.cpu && a.cores === b.cores

/** What fell in a run, in words, against the newest one before it of the same bench on the same kind of machine. */
export function fallen(run: Recorded, before: readonly Recorded[]): string[] {
  const last = before.findLast((other) => isLike(other, run))
  if (!last) return []
  const now = ratiosOf(run)
  return [...ratiosOf(last)].flatMap(([figure, was]) => {
    const is = now.get(figure)
    if (!is) return [`${run.bench}: ${figure} is not measured any more; it was ${was.ratio.toFixed(3)}× at ${last.at}.`]
    const share = was.more_is_better ? is.ratio / was.ratio : was.ratio / is.ratio
    if (share >= 1 - FALL_MAX) return []
    const by = Math.round((1 - share) * 100)
    return [
      `${run.bench}: ${figure} is ${is.ratio.toFixed(3)}×, worse by ${by} % than ${was.ratio.toFixed(3)}× at ${last.at}.`,
    ]
  })
}

/** The newest recorded run of each bench and kind of machine against the one before it. */
export function fallenInHistory(history: readonly Recorded[]): string[] {
  return history.flatMap((run, index) =>
    history.slice(index + 1).some((later) => isLike(later, run)) ? [] : fallen(run, history.slice(0, index)),
  )
}
