/** The system event log → entries, each once, at its instant whatever the BMC's clock says. Pure. */
import { z } from 'zod'
import { sha256 } from '#connectors/contract.ts'
import { said } from '#connectors/firmware.ts'
import type { Level } from './map.ts'

const KEYS_MAX = 10_000
/** What stood in the log when it was last read. */
export const Known = z.strictObject({
  keys: z.array(z.string().max(16)).max(KEYS_MAX),
  read_ms: z.int().nonnegative(),
  /** of `sel info`: while it is the same, so is the log */
  signature: z.string().max(500),
})
export type Known = z.infer<typeof Known>

export interface Entry {
  key: string
  /** by the BMC's clock; undefined where it was told none */
  says_ms: number | undefined
  /** the kind of sensor and its name */
  sensor: string
  event: string
  asserted: boolean
}

/** `-c sel elist`: number, date, time, sensor, event, direction, and the reading with its threshold. */
export function parseEntries(text: string): Entry[] {
  return text.split('\n').flatMap((line) => {
    if (line.length > 1_000) return []
    const parts = line.split(',').map((part) => part.trim())
    const [number = '', date = '', time = '', kind] = parts
    const sensor = said(kind)
    if (!/^[0-9a-f]{1,4}$/i.test(number) || sensor === undefined) return []
    // a comma may be in what happened
    const direction = parts.findIndex((part, index) => index > 3 && /^(de)?asserted$/i.test(part))
    const event = said(parts.slice(4, direction < 0 ? 5 : direction).join(', ')) ?? ''
    const key = sha256(parts.join('\n')).slice(0, 16)
    return { key, says_ms: instantOf(date, time), sensor, event, asserted: !/^de/i.test(parts[direction] ?? '') }
  })
}

/** ipmitool 1.8.18 and 1.8.19 differ in their years; before its clock was set a BMC counts seconds. */
function instantOf(date: string, time: string): number | undefined {
  if (/^pre-?init$/i.test(date)) return /^\d{1,10}$/.test(time) ? Number(time) * 1_000 : undefined
  const [, month, day, year = ''] = /^(\d\d)\/(\d\d)\/(\d\d|\d{4})$/.exec(date) ?? []
  const clock = /^(\d\d:\d\d:\d\d)/.exec(time)?.[1]
  if (month === undefined || day === undefined || clock === undefined) return undefined
  const at = Date.parse(`${year.length === 2 ? `20${year}` : year}-${month}-${day}T${clock}Z`)
  return Number.isFinite(at) ? at : undefined
}

/** `raw 0x0a 0x48` (Get SEL Time), four bytes: how far the BMC's clock is behind ours; under two seconds is none. */
export function behindMs(raw: string, now_ms: number): number {
  const bytes = raw.match(/\b[0-9a-f]{2}\b/gi)?.slice(-4) ?? []
  if (bytes.length !== 4) return 0
  const seconds = Number.parseInt(bytes.toReversed().join(''), 16)
  const behind = now_ms - seconds * 1_000
  return seconds === 0xff_ff_ff_ff || Math.abs(behind) < 2_000 ? 0 : behind
}

/** What says that the log changed, without reading it. */
export const signature = (info: string): string =>
  info
    .split('\n')
    .filter((line) => /^(Entries|Last Add Time|Last Del Time|Overflow)\b/.test(line))
    .join('\n')
    .slice(0, 500)

/** A log is written a little after what it tells of. */
const LATE_MS = 60_000

/** When an entry that was not there at `since_ms` came: a clock that says otherwise was off when it was written. */
export function when({ says_ms }: Entry, since_ms: number, now_ms: number, behind_ms: number): number {
  const at_ms = says_ms === undefined ? now_ms : says_ms + behind_ms
  if (at_ms > now_ms || at_ms < since_ms - LATE_MS) return now_ms
  return Math.max(at_ms, since_ms)
}

/** Entries that were not there when the log was last read; at first sight all of it is old. */
export function fresh(entries: readonly Entry[], known: Known | undefined): Entry[] {
  if (!known) return []
  const seen = new Set(known.keys)
  return entries.filter(({ key }) => {
    const isNew = !seen.has(key)
    seen.add(key)
    return isNew
  })
}
export const keysOf = (entries: readonly Entry[]): string[] =>
  [...new Set(entries.map(({ key }) => key))].slice(-KEYS_MAX)

/** The threshold that an entry says was passed, away from the good or back; null for any other event. */
export function thresholdOf({ event }: Entry): Exclude<Level, 'ok'> | null {
  const [, side, degree, way] =
    /^(upper|lower) (non-critical|critical|non-recoverable) going (high|low)$/i.exec(event) ?? []
  if (
    side === undefined ||
    degree === undefined ||
    (side.toLowerCase() === 'upper') !== (way?.toLowerCase() === 'high')
  )
    return null
  const short = { 'non-critical': 'nc', critical: 'cr', 'non-recoverable': 'nr' }[degree.toLowerCase()] as
    'nc' | 'cr' | 'nr'
  return `${side.toLowerCase() === 'upper' ? 'u' : 'l'}${short}`
}
