/** Every error that a caller may see: a closed list of codes, mapped once to problem+json (RFC 9457). */

/** code → HTTP status and title. A code is never reused for another meaning. */
export const PROBLEMS = {
  invalid: [422, 'The request is not valid'],
  malformed: [400, 'The request cannot be read'],
  unauthenticated: [401, 'Sign in first'],
  session_idle: [401, 'The session was not used for too long'],
  forbidden: [403, 'You may not do this'],
  not_found: [404, 'There is no such thing here'],
  conflict: [409, 'This contradicts what is stored'],
  key_in_use: [409, 'The same request is still running'],
  key_reused: [422, 'This key was used for another request'],
  too_large: [413, 'The request is too large'],
  unsupported: [415, 'This kind of content is not read here'],
  rate_limited: [429, 'Too many requests'],
  unrated: [409, 'Some usage has no price'],
  gap_blocked: [409, 'Some usage was not observed'],
  nothing_to_invoice: [409, 'There is nothing to invoice'],
  stale_review: [409, 'What was reviewed is no longer so'],
  price_overlap: [409, 'Two versions of one price would overlap'],
  past_price: [409, 'A past price is not edited'],
  wrong_unit: [422, 'The unit does not fit the meter'],
  bad_settings: [422, 'The settings are not valid'],
  unavailable: [503, 'A part of the installation is not reachable'],
  unexpected: [500, 'Something went wrong on our side'],
} as const satisfies Record<string, readonly [number, string]>
export type ProblemCode = keyof typeof PROBLEMS

/** One wrong field: `pointer` is a JSON Pointer (RFC 6901) into the request. */
export interface FieldError {
  pointer: string
  detail: string
}

/** An operating error: says what failed, why, and what to do. Programmer errors are plain `Error`s. */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly errors: FieldError[]
  constructor(code: ProblemCode, detail: string, errors: FieldError[] = []) {
    super(detail)
    this.name = 'Problem'
    this.code = code
    this.errors = errors
  }
}

/** Asserts what the program itself guarantees; a failure is a bug, not a bad request. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`)
}

/** A value that the program itself guarantees to be there; its absence is a bug. */
export function sure<T>(value: T | null | undefined): T {
  assert(value !== null && value !== undefined, 'the value is there')
  return value
}
