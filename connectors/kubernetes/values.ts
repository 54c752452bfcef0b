/** What objects of Kubernetes' API hold, read with suspicion: what isn't as documented is an error, never a guess. Pure. */
import { ConnectorError } from '#connectors/wire.ts'

export type Fields = Readonly<Record<string, unknown>>
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

export const badAnswer = (what: string): ConnectorError =>
  new ConnectorError(
    'bad_answer',
    `the Kubernetes API gave an answer that is not as documented: ${what}`,
    'See that the address is that of the API server, with no other program before it; else report this as a fault.',
  )

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function fields(value: unknown, what: string): Fields {
  if (!isFields(value)) throw badAnswer(`${what} is no object`)
  return value
}

/** What may be left out is empty then; what is there must be an object. */
export const optionalFields = (value: unknown, what: string): Fields =>
  value === undefined || value === null ? {} : fields(value, what)

/** A list that may be left out. */
export function list(value: unknown, what: string): Fields[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value) || !value.every(isFields)) throw badAnswer(`${what} is no list of objects`)
  return value
}

/** Text that can be stored; undefined where there is none. */
export function text(value: unknown, max = 512): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined
  const clean = value.slice(0, max).toWellFormed().replaceAll('\0', '')
  return clean === '' ? undefined : clean
}

/** What must be there and can't be cut: a part of an identity. */
export function identifier(value: unknown, what: string, max: number): string {
  if (typeof value !== 'string' || value === '' || value.length > max || text(value, max) !== value)
    throw badAnswer(`${what} is no name`)
  return value
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/
/** RFC 3339 in milliseconds, most often whole seconds; undefined where there is none. */
export function instantMs(value: unknown, what: string): number | undefined {
  if (value === undefined || value === null) return undefined
  const at_ms = typeof value === 'string' && INSTANT.test(value) ? Math.floor(Date.parse(value)) : Number.NaN
  if (!Number.isFinite(at_ms)) throw badAnswer(`${what} is no instant`)
  // a container whose end nobody saw is told to have ended in 1970
  return at_ms <= 0 ? undefined : at_ms
}

/** Without the keys that have no value: `undefined` isn't JSON. */
export const defined = (values: Record<string, Json | undefined>): Record<string, Json> =>
  Object.fromEntries(Object.entries(values).filter((entry): entry is [string, Json] => entry[1] !== undefined))

export const sorted = (values: Iterable<string>): string[] => [...new Set(values)].toSorted()

/** A number as the wire has it: JSON while that is exact, else digits. */
export const wire = (value: bigint): number | string => (value <= Number.MAX_SAFE_INTEGER ? Number(value) : `${value}`)
