/** How a decision changes the versions of a service, and the time in which a resource fulfils one: pure. */
import { Problem } from '../../base/problem.ts'
import type { Instant } from '../../base/time.ts'

export interface Span {
  valid_from: Instant
  valid_to: Instant | null
}
export interface Decision {
  at: Instant
  correction: boolean
  reason: string
}

/** Throws `invalid` where the past would be changed without being called a correction, with its reason. */
export function assertMayHold({ at, correction, reason }: Decision, now: Instant, pointer: string): void {
  if (at >= now) return
  if (!correction)
    throw new Problem('invalid', 'The past is not edited. Let it begin now or later, or record a correction.', [
      { pointer, detail: 'is in the past' },
    ])
  if (reason.trim() === '')
    throw new Problem('invalid', 'A correction of the past needs a reason, which stands in its history.', [
      { pointer: '/reason', detail: 'must say why the past is changed' },
    ])
}

export const holdsAt = ({ valid_from, valid_to }: Span, at: Instant): boolean =>
  valid_from <= at && (valid_to === null || valid_to > at)

export const isWithin = (live: readonly Span[], at: Instant): boolean => live.some((one) => holdsAt(one, at))

export interface Change<T> {
  /** no longer as they stand */
  superseded: T[]
  /** what is left of those */
  kept: T[]
  /** in which the decision holds; null: it ends things */
  span: Span | null
}

/** From an instant on until the next version that is planned, or the end: throws `conflict` where nothing holds at that instant. */
export function changed<T extends Span>(live: readonly T[], at: Instant): Change<T> & { span: Span; before: T } {
  const before = live.find((version) => holdsAt(version, at))
  if (!before)
    throw new Problem('conflict', 'The service does not hold at that instant: it had not begun, or it had ended.', [
      { pointer: '/at', detail: 'must lie within the service' },
    ])
  const kept = before.valid_from < at ? [{ ...before, valid_to: at }] : []
  return { superseded: [before], kept, span: { valid_from: at, valid_to: before.valid_to }, before }
}

/** Nothing holds from an instant on: what had been planned later is gone, too. */
export function ended<T extends Span>(live: readonly T[], at: Instant): Change<T> {
  const superseded = live.filter(({ valid_to }) => valid_to === null || valid_to > at)
  const kept = superseded.filter(({ valid_from }) => valid_from < at).map((one) => ({ ...one, valid_to: at }))
  return { superseded, kept, span: null }
}

/** What an end cut off goes on again, until another instant or for ever. Pure inverse of `ended`, but for what was planned later: that is gone. */
export function resumed<T extends Span>(live: readonly T[], end: Instant, until: Instant | null): Change<T> {
  const superseded = live.filter(({ valid_to }) => valid_to === end)
  return { superseded, kept: superseded.map((one) => ({ ...one, valid_to: until })), span: null }
}

export type State = 'scheduled' | 'trial' | 'active' | 'cancelled'
/** By the versions that hold, oldest first. */
export function stateOf(live: readonly (Span & { trial_until: Instant | null })[], now: Instant): State {
  const current = live.find((version) => holdsAt(version, now))
  if (current) return current.trial_until !== null && current.trial_until > now ? 'trial' : 'active'
  return live.some(({ valid_from }) => valid_from > now) ? 'scheduled' : 'cancelled'
}

/** That of now, else the next one, else the last. */
export const currentOf = <T extends Span>(live: readonly T[], now: Instant): T | undefined =>
  live.find((version) => holdsAt(version, now)) ?? live.find(({ valid_from }) => valid_from > now) ?? live.at(-1)
