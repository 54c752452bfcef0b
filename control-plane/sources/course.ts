/** What a source did over a time, told from the events of it and of its agent. Pure. */
import { HOUR_MS, hourOf, type Instant, type Interval, intersect } from '../base/time.ts'

type State = 'ok' | 'failing' | 'paused' | 'silent'
export interface Stretch extends Interval {
  state: State
}
/** What an event changes: one of three things that hold beside each other. */
export interface Turn {
  at: Instant
  what: 'failing' | 'paused' | 'silent'
  begins: boolean
}

/** Turns in any order, also from before the interval; `since`: the source wasn't there before. */
export function courseOf(turns: readonly Turn[], since: Instant, { from, to }: Interval): Stretch[] {
  const holds = { failing: false, paused: false, silent: false }
  const out: Stretch[] = []
  let begun = Math.max(from, since)
  const until = (at: Instant) => {
    const end = Math.min(at, to)
    if (end <= begun) return
    const state = holds.paused ? 'paused' : holds.silent ? 'silent' : holds.failing ? 'failing' : 'ok'
    const last = out.at(-1)
    if (last?.state === state) last.to = end
    else out.push({ from: begun, to: end, state })
    begun = end
  }
  for (const { at, what, begins } of turns.toSorted((a, b) => a.at - b.at)) {
    until(at)
    holds[what] = begins
    // a source that rests has no failure, and what comes after is told anew
    if (what === 'paused' && begins) holds.failing = false
  }
  until(to)
  return out
}

/** Share of the time in which it was read that it failed; null where it wasn't read. */
export function errorRatio(course: readonly Stretch[], within: Interval): number | null {
  const spent = (state: State) =>
    course.reduce((sum, one) => {
      const part = one.state === state ? intersect(one, within) : null
      return part ? sum + part.to - part.from : sum
    }, 0)
  const [failing, ok] = [spent('failing'), spent('ok')]
  return failing + ok === 0 ? null : failing / (failing + ok)
}

/** The hours of a course, the last one up to its end. */
export function hoursOf({ from, to }: Interval): Interval[] {
  const out: Interval[] = []
  for (let at = hourOf(from); at < to; at += HOUR_MS)
    out.push({ from: Math.max(at, from), to: Math.min(at + HOUR_MS, to) })
  return out
}
