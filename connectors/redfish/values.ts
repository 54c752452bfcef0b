/** Reads values out of what a BMC answered: a value of another type than the schema's is as if it were not there. Pure. */
import type { Readings } from '#connectors/contract.ts'

export type Fields = Readonly<Record<string, unknown>>
export type Gauges = Record<string, number>
export type Counters = NonNullable<Readings['counters']>

export const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
/** Some BMCs leave the list out around the only one. */
export const items = (value: unknown): Fields[] =>
  Array.isArray(value) ? value.map(fields) : typeof value === 'object' && value !== null ? [value as Fields] : []

/** A name for people, with whatever it holds but control characters. */
export function label(value: unknown, max = 128): string | undefined {
  if (typeof value !== 'string') return undefined
  const text = value
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, max)
    .toWellFormed()
  return text === '' ? undefined : text
}

/** Some BMCs write numbers as texts; `N/A` and its like are no number. */
export function number(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  return typeof value === 'string' && /^-?\d{1,15}(\.\d{1,15})?$/.test(value.trim()) ? Number(value) : undefined
}
export function whole(value: unknown): number | undefined {
  const found = number(value)
  return found !== undefined && Number.isSafeInteger(found) && found >= 0 ? found : undefined
}

/**
 * Where a link leads, without its fragment; undefined for what leads to another server: the credential is for this one.
 */
export function path(value: unknown): string | undefined {
  const id = typeof value === 'string' ? value : fields(value)['@odata.id']
  if (typeof id !== 'string' || !/^\/redfish\/[!-~]{0,1000}$/i.test(id)) return undefined
  return id.replace(/#.*$/, '').replace(/(?<=.)\/+$/, '')
}

/** The last part of a path: what the vendor calls the resource. */
export const lastPart = (at: string): string => at.slice(at.lastIndexOf('/') + 1)

/** Milliseconds since 1970; undefined for what is no instant. */
export function instant(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value)) return undefined
  const at = Date.parse(/(Z|[+-]\d\d:?\d\d)$/i.test(value) ? value : `${value}Z`)
  return Number.isFinite(at) ? at : undefined
}

/** Enabled, or nothing said of it. */
export function isPresent(resource: Fields): boolean {
  const state = fields(resource['Status'])['State']
  return !/^Absent$/i.test(String(state))
}
export function isMeasuring(resource: Fields): boolean {
  const state = fields(resource['Status'])['State']
  return (
    state === undefined ||
    state === null ||
    (typeof state === 'string' &&
      /^(Enabled|InTest|Standby(Offline|Spare)|Starting|Quiesced|Deferring|Updating|Degraded|Qualified)$/i.test(state))
  )
}

/** ok, warning or critical: its own health, and that of what hangs on it. */
export const health = (resource: Fields): string | undefined => healthIn(resource, 'Health')
export const rollup = (resource: Fields): string | undefined =>
  healthIn(resource, 'HealthRollup') ?? healthIn(resource, 'HealthRollUp')
function healthIn(resource: Fields, name: string): string | undefined {
  const said = fields(resource['Status'])[name]
  return typeof said === 'string' && /^(OK|Warning|Critical)$/i.test(said) ? said.toLowerCase() : undefined
}

/** A decimal number times a whole one, rounded down, without a float between; undefined where it isn't from 0 to 2⁶⁴ − 1. */
export function scaled(value: number, factor: bigint): bigint | undefined {
  const [, digits = '', decimals = ''] = /^(\d+)(?:\.(\d+))?$/.exec(String(value)) ?? []
  if (digits === '') return undefined
  const total = (BigInt(digits + decimals) * factor) / 10n ** BigInt(decimals.length)
  return total < 2n ** 64n ? total : undefined
}

/** Exact: a JSON number while it is, else decimal digits. */
export const wire = (value: bigint): number | string =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString()
