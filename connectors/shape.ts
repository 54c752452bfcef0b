/** Small checks of what comes from outside, for code that stays in an agent's memory: zod and its schemas take as much as all the rest. */

/** What the value is read as; throws Misshapen. `at` is where it stands in what was given. */
export type Shape<T> = (value: unknown, at?: string) => T

export class Misshapen extends Error {
  constructor(at: string, expected: string) {
    super(`${at || 'it'} must be ${expected}`)
    this.name = 'Misshapen'
  }
}

type Fields = Readonly<Record<string, unknown>>
const below = (at: string, key: string | number): string => (at === '' ? String(key) : `${at}.${key}`)

function plain(value: unknown, at: string): Fields {
  const prototype = typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : undefined
  if (prototype === null || prototype === Object.prototype) return value as Fields
  throw new Misshapen(at, 'an object')
}

/** Characters as JavaScript counts them. */
export const text =
  (min: number, max: number, pattern?: RegExp): Shape<string> =>
  (value, at = '') => {
    if (typeof value === 'string' && value.length >= min && value.length <= max && (pattern?.test(value) ?? true))
      return value
    throw new Misshapen(at, pattern ? `text of the form ${pattern}` : `text of ${min} to ${max} characters`)
  }

/** A whole number that JSON carries exactly. */
export const whole =
  (min: number = Number.MIN_SAFE_INTEGER, max: number = Number.MAX_SAFE_INTEGER): Shape<number> =>
  (value, at = '') => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value
    throw new Misshapen(at, `a whole number from ${min} to ${max}`)
  }

export const finite: Shape<number> = (value, at = '') => {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new Misshapen(at, 'a number')
}

export const oneOf =
  <const T extends string | boolean>(choices: readonly T[]): Shape<T> =>
  (value, at = '') => {
    const found = choices.find((choice) => choice === value)
    if (found !== undefined) return found
    throw new Misshapen(at, `one of ${choices.join(', ')}`)
  }

export const list =
  <T>(item: Shape<T>, length_max = Infinity): Shape<T[]> =>
  (value, at = '') => {
    if (!Array.isArray(value) || value.length > length_max) throw new Misshapen(at, `a list of at most ${length_max}`)
    return Array.from(value, (one, index) => item(one, below(at, index)))
  }

/** Any keys but the one that could make the copy another kind of object, which is left out. */
export const record =
  <T>(item: Shape<T>, key: Shape<string> = text(0, Infinity)): Shape<Record<string, T>> =>
  (value, at = '') => {
    const entries = Object.entries(plain(value, at)).filter(([name]) => name !== '__proto__')
    return Object.fromEntries(entries.map(([name, one]) => [key(name, below(at, name)), item(one, below(at, name))]))
  }

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
export const json: Shape<Json> = (value, at = '') => {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return finite(value, at)
  return Array.isArray(value) ? list(json)(value, at) : record(json)(value, at)
}

export const optional =
  <T>(shape: Shape<T>): Shape<T | undefined> =>
  (value, at) =>
    value === undefined ? undefined : shape(value, at)

/** What is left out is this. */
export const otherwise =
  <T>(shape: Shape<T>, fallback: () => NoInfer<T>): Shape<T> =>
  (value, at) =>
    value === undefined ? fallback() : shape(value, at)

/** These keys and no others; a copy without what is undefined. */
export const strict =
  <F extends Readonly<Record<string, Shape<unknown>>>>(fields: F): Shape<{ [K in keyof F]: ReturnType<F[K]> }> =>
  (value, at = '') => {
    const given = plain(value, at)
    for (const key of Object.keys(given))
      if (!Object.hasOwn(fields, key)) throw new Misshapen(below(at, key), 'left out: it is not known')
    const read = Object.entries(fields).map(([key, shape]) => [key, shape(given[key], below(at, key))] as const)
    return Object.fromEntries(read.filter(([, part]) => part !== undefined)) as { [K in keyof F]: ReturnType<F[K]> }
  }

/** The value as that shape, or undefined where it has another one. */
export function readAs<T>(shape: Shape<T>, value: unknown): T | undefined {
  try {
    return shape(value)
  } catch (error) {
    // RangeError: nested deeper than the stack is
    if (error instanceof Misshapen || error instanceof RangeError) return undefined
    throw error
  }
}

/** RFC 9562 */
export const uuid: Shape<string> = text(
  36,
  36,
  /^([0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|0{8}-(0{4}-){3}0{12}|f{8}-(f{4}-){3}f{12})$/i,
)
