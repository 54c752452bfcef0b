/** Decisions of people: what a password must be, and how long one who guesses must wait. */
import type { Instant } from '../base/time.ts'

export const PASSWORD = { min: 12, max: 200, differentMin: 5 } as const

/** Why a password is refused; null where it may be. `common` are tried first by who guesses, `about` by who knows the person. */
export function whyWeak(password: string, common: ReadonlySet<string>, about: readonly string[]): string | null {
  const length = [...password].length
  if (length < PASSWORD.min) return `must have at least ${PASSWORD.min} characters; several words are easy to keep`
  if (length > PASSWORD.max) return `must have at most ${PASSWORD.max} characters`
  const lower = password.toLowerCase()
  if (common.has(lower)) return 'is among the most common passwords, which are tried first'
  if (new Set(lower).size < PASSWORD.differentMin) return 'has too few different characters'
  if (about.some((word) => word.toLowerCase() === lower)) return 'must be something else than your name or e-mail'
  return null
}

/** So many wrong ones in a row are a person who mistypes. */
export const FREE_TRIES = 5
const FIRST_WAIT_MS = 15_000
const LONGEST_WAIT_MS = 15 * 60_000

/** How long nothing is tried after so many wrong ones in a row: twice as long each time, up to a quarter of an hour. */
export const waitAfter = (failures: number): number =>
  failures < FREE_TRIES ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures - FREE_TRIES, 10))

/** Told when a wait begins, then each time that the number doubled: guessing makes few events. */
export const isToldOf = (failures: number): boolean =>
  failures >= FREE_TRIES && Number.isInteger(Math.log2(failures / FREE_TRIES))

/** Whether an invitation can be accepted. */
export const isOpen = (
  {
    accepted_at,
    revoked_at,
    expires_at,
  }: Record<'accepted_at' | 'revoked_at', Instant | null> & { expires_at: Instant },
  now: Instant,
): boolean => accepted_at === null && revoked_at === null && now < expires_at

export const domainOf = (email: string): string => email.slice(email.lastIndexOf('@') + 1).toLowerCase()
