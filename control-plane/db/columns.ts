/** Column types that Drizzle lacks: instants as whole milliseconds, exact big numbers, bytes. */
import { customType } from 'drizzle-orm/pg-core'
import type { Instant } from '../base/time.ts'

/** `timestamptz(3)` ↔ milliseconds since 1970. */
export const instant = customType<{ data: Instant; driverData: string }>({
  dataType: () => 'timestamp (3) with time zone',
  toDriver: (at) => new Date(at).toISOString(),
  fromDriver: (text) => parseTimestamp(text),
})

/** PostgreSQL's "2026-11-01 00:00:00.123+00" of a session in UTC, as milliseconds. */
export function parseTimestamp(text: string): Instant {
  const at = Date.parse(`${text.replace(' ', 'T').replace(/\+00(:00)?$/, '')}Z`)
  if (!Number.isSafeInteger(at)) throw new Error(`not a timestamp in UTC: ${text}`)
  return at
}

/** `numeric(39,0)` ↔ bigint: quantities in base units × milliseconds. */
export const quantity = customType<{ data: bigint; driverData: string }>({
  dataType: () => 'numeric(39, 0)',
  toDriver: (value) => value.toString(),
  fromDriver: (text) => BigInt(text),
})

export const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => 'bytea' })
