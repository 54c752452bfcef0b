/** What Proxmox VE's JSON holds, whatever its type of the day: numbers come as text, booleans as 0 and 1, keys may lack. Pure. */
import { ConnectorError } from '#connectors/wire.ts'

export type Row = Readonly<Record<string, unknown>>

const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value)

export const badAnswer = (what: string): ConnectorError =>
  new ConnectorError(
    'bad_answer',
    `Proxmox VE gave an answer that can't be read: ${what}`,
    'See that the address is that of Proxmox VE itself (port 8006), with no other program before it; else report this as a fault.',
  )

/** JSON whose numbers stay exact: those that JavaScript can't hold become their digits. */
export function parseJson(text: string, what: string): unknown {
  try {
    if (!/\d{16}/.test(text)) return JSON.parse(text)
    const exact = (_key: string, value: unknown, context?: { source?: string }): unknown =>
      typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) ? context?.source : value
    return JSON.parse(text, exact as (key: string, value: unknown) => unknown)
  } catch {
    throw badAnswer(`${what} is not JSON, but begins ${JSON.stringify(text.slice(0, 60))}`)
  }
}

/** A list of objects; one that isn't an object spoils the list, for nobody knows what it would have been. */
export function rows(data: unknown, what: string): Row[] {
  if (!Array.isArray(data)) throw badAnswer(`${what} is no list`)
  if (!data.every(isRow)) throw badAnswer(`${what} holds something else than objects`)
  return data
}

/** The objects of a list; what is something else is told to `note`, and hides none of them. */
export function objects(data: unknown, what: string, note: (odd: ConnectorError) => void): Row[] {
  if (!Array.isArray(data)) throw badAnswer(`${what} is no list`)
  const found = data.filter(isRow)
  if (found.length < data.length) note(badAnswer(`${what} holds something else than objects`))
  return found
}

export function record(data: unknown, what: string): Row {
  if (!isRow(data)) throw badAnswer(`${what} is no object`)
  return data
}

/** Text that isn't empty, well formed and not too long to be stored; numbers become their digits. */
export function text(value: unknown, max = 512): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (typeof value !== 'string' || value === '') return undefined
  const clean = value.slice(0, max).toWellFormed().replaceAll('\0', '')
  return clean === '' ? undefined : clean
}

const WHOLE = /^(0|[1-9]\d{0,19})$/
const LIMIT = 2n ** 64n

/** A whole number from 0 to 2⁶⁴ − 1; undefined for anything that isn't one. */
export function whole(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined
  if (typeof value !== 'string' || !WHOLE.test(value)) return undefined
  const read = BigInt(value)
  return read < LIMIT ? read : undefined
}

/** Any number; undefined for anything that isn't one. */
export function number(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'string' || !/^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(value)) return undefined
  const read = Number(value)
  return Number.isFinite(read) ? read : undefined
}

/** Proxmox VE's booleans: 1, 0 and their kin. */
export const flag = (value: unknown): boolean =>
  value === true || (typeof value !== 'object' && /^(1|on|yes|true)$/i.test(String(value)))

/** A number as the wire has it: JSON while that is exact, else digits. */
export const wire = (value: bigint): number | string => (value <= Number.MAX_SAFE_INTEGER ? Number(value) : `${value}`)

/** Seconds since 1970 as milliseconds; undefined where that is no instant of this age. */
export function instantMs(value: unknown): number | undefined {
  const seconds = whole(value)
  return seconds !== undefined && seconds > 0n && seconds < 10_000_000_000n ? Number(seconds) * 1_000 : undefined
}

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
/** Without the keys that have no value: `undefined` isn't JSON. */
export const defined = (values: Record<string, Json | undefined>): Record<string, Json> =>
  Object.fromEntries(Object.entries(values).filter((entry): entry is [string, Json] => entry[1] !== undefined))

export const sorted = (values: Iterable<string>): string[] => [...new Set(values)].toSorted()
