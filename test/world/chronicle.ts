/** Keeps the truth while the world runs: every fact that was seen, and when the control plane had it. */
import { isAlive, type Body } from './life.ts'
import type { Plan } from './plan.ts'
import type { Decision, Instant, Look, Loss, Source, Telling, Tick, Truth } from './truth.ts'

/** What is known of a listing's way, beside the look itself. */
interface Arrival {
  look: Look
  /** realm, scope and digest: what a listing's content is known by */
  content: string
  /** parts that are on their way; null: a listing equal to an earlier one */
  parts: number | null
}

export class Chronicle {
  readonly ticks: Tick[] = []
  readonly tellings: Telling[] = []
  readonly losses: Loss[] = []
  readonly decisions: Decision[] = []
  readonly #arrivals: Arrival[] = []

  /** Returns what to call when a part of it, or the whole, was stored. */
  saw(look: Look, content: string, parts: number | null): (at: Instant) => void {
    const arrival = { look, content, parts }
    this.#arrivals.push(arrival)
    return (at) => {
      if (arrival.parts !== null) arrival.parts -= 1
      if (!arrival.parts) look.stored_at = at
    }
  }

  get looks(): readonly Look[] {
    return this.#arrivals.map(({ look }) => look)
  }

  /** A listing that says only `as before` is in force once the control plane holds what was before. */
  #enforced(): Look[] {
    const known = new Map<string, Instant>()
    for (const { look, content, parts } of this.#arrivals)
      if (parts !== null && look.stored_at !== null)
        known.set(content, Math.min(known.get(content) ?? Infinity, look.stored_at))
    return this.#arrivals.map(({ look, content }) => {
      const since = known.get(content)
      const stored_at = since === undefined || look.stored_at === null ? null : Math.max(since, look.stored_at)
      return { ...look, stored_at }
    })
  }

  truth(plan: Plan, bodies: readonly Body[], sources: readonly Source[], end: Instant): Truth {
    const { seed, days, start, currency, tax_rate, accounts } = plan
    return {
      seed,
      days,
      start,
      end,
      currency,
      tax_rate,
      accounts,
      sources,
      machines: bodies,
      looks: this.#enforced(),
      tellings: this.tellings,
      ticks: this.ticks,
      losses: this.losses,
      decisions: this.decisions,
    }
  }
}

/** Whether a source can read counters of the machine at this instant. */
export const isRead = (body: Body, at: Instant, host: string): boolean =>
  body.life.some(
    (part) => part.host === host && part.from <= at && (part.to === null || at < part.to) && isAlive(part.state),
  )
