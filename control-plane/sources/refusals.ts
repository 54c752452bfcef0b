/** Who was refused what, as audit records that no flood can multiply: the first of a kind is told at once, its repeats by their number. */
import { permit } from '../base/actor.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import { REFUSALS_WINDOW_MS, type Seen, settleTold, type Subject, type Told } from './rules.ts'
import { selectIdsOfKeys } from './store.ts'

export interface Refusal {
  /** in snake case; a closed list in the places that know it */
  reason: string
  /** whom or what it is about; a key that belongs to no agent of ours, and null, are one and the same unknown */
  about: Subject | { public_key: string } | null
  /** holds no secret, and at most 200 characters of what others chose */
  detail: string
}

/** Different ones between two runs of `tell`; those beyond are counted as about nobody. */
const WAITING_MAX = 1_000
const UNKNOWN: Subject = { kind: 'agent', id: 'unknown' }

interface Counted {
  refusal: Refusal
  times: number
}

/** One for the process. What it knows of repeats is forgotten with it: a new process tells the first of each again. */
export class Refusals {
  #waiting = new Map<string, Counted>()
  #told: ReadonlyMap<string, Told> = new Map()

  note(refusal: Refusal, times = 1): void {
    const key = (of: Refusal) => JSON.stringify([of.reason, of.about])
    const isNew = !this.#waiting.has(key(refusal))
    const kept = isNew && this.#waiting.size >= WAITING_MAX ? { ...refusal, about: null } : refusal
    const known = this.#waiting.get(key(kept))
    if (known) known.times += times
    else this.#waiting.set(key(kept), { refusal: kept, times })
  }

  /** Background: writes what is new, and after an hour how often it went on. What can't be written waits for the next run. */
  async tell(transact: <T>(verb: (ctx: Context) => Promise<T>) => Promise<T>, now: number): Promise<void> {
    const waiting = [...this.#waiting.values()]
    const hasEnded = () => [...this.#told.values()].some(({ at }) => now - at >= REFUSALS_WINDOW_MS)
    if (waiting.length === 0 && !hasEnded()) return
    this.#waiting = new Map()
    try {
      this.#told = await transact((ctx) => tellRefusals(ctx, waiting, this.#told))
    } catch (error) {
      for (const { refusal, times } of waiting) this.note(refusal, times)
      throw error
    }
  }
}

async function tellRefusals(
  ctx: Context,
  waiting: readonly Counted[],
  before: ReadonlyMap<string, Told>,
): Promise<ReadonlyMap<string, Told>> {
  permit(ctx, 'agents.write')
  const keys = waiting.flatMap(({ refusal: { about } }) => (about && 'public_key' in about ? [about.public_key] : []))
  const ids = await selectIdsOfKeys(ctx.tx, keys)
  const seen = waiting.map(({ refusal: { reason, about, detail }, times }): Seen => ({
    reason,
    detail,
    times,
    subject: subjectOf(about, ids),
  }))
  const { told, records } = settleTold(before, seen, ctx.now())
  for (const { subject, reason, detail, times } of records)
    await append(ctx, { type: `${subject.kind}.refused`, subject, after: { reason, detail, times } })
  return told
}

function subjectOf(about: Refusal['about'], ids: ReadonlyMap<string, string>): Subject {
  if (!about) return UNKNOWN
  if (!('public_key' in about)) return about
  const id = ids.get(about.public_key)
  return id === undefined ? UNKNOWN : { kind: 'agent', id }
}
