/** Turns how a tick went into facts: at each change, and once a minute while nothing changes. */
import type { Health } from '#connectors/contract.ts'
import { ConnectorError } from '#connectors/wire.ts'
import type { z } from 'zod'

const REPEAT_MS = 60_000
const TEXT_MAX = 2_000

export type Failure = NonNullable<Health_['error']>
type Health_ = z.input<typeof Health>

/** Values of settings that are never shown again don't get out through a vendor's error message either. */
export function withoutSecrets(text: string, settings: Record<string, unknown>, secrets: readonly string[]): string {
  let clean = text
  for (const name of secrets) {
    const value = settings[name]
    if (typeof value === 'string' && value !== '') clean = clean.replaceAll(value, '•••')
  }
  // user:password@ of any address that an error repeats
  return clean.replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, '$1•••@')
}

export function failureOf(error: unknown, clean: (text: string) => string): Failure {
  const message = clean(error instanceof Error ? error.message : String(error)).slice(0, TEXT_MAX) || 'no message'
  if (error instanceof ConnectorError)
    return { code: error.code, message, remedy: clean(error.remedy).slice(0, TEXT_MAX) || 'None is known.' }
  return { code: 'unexpected', message, remedy: 'Look into the agent’s log; if it goes on, report it to the project.' }
}

export class HealthOfSource {
  #told: { state: string; at_ms: number } | null = null
  #source: string

  constructor(source: string) {
    this.#source = source
  }

  /** The fact to report, or null when it was told less than a minute ago. */
  told(seen_at_ms: number, duration_ms: number, version?: string, error?: Failure): Health_ | null {
    const state = error ? `${error.code}\n${error.message}` : 'ok'
    // A wall clock that was set back makes the last telling lie in the future: it is told again.
    const age_ms = this.#told ? Math.abs(seen_at_ms - this.#told.at_ms) : Infinity
    if (this.#told?.state === state && age_ms < REPEAT_MS) return null
    this.#told = { state, at_ms: seen_at_ms }
    return { type: 'health', source: this.#source, seen_at_ms, ok: !error, duration_ms, version, error }
  }
}
