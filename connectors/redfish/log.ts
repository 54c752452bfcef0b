/** Entries of a BMC's logs → events at their instants: each once, whatever is cleared or what its clock says. Pure. */
import { z } from 'zod'
import { sha256 } from '#connectors/contract.ts'
import type { Log, Member } from './survey.ts'
import { type Fields, fields, instant, label } from './values.ts'

const KEYS_MAX = 5_000
/** Of a log: what stood in it when it was last read. */
export const Known = z.strictObject({ keys: z.array(z.string().max(16)).max(KEYS_MAX), read_ms: z.int().nonnegative() })
export type Known = z.infer<typeof Known>

export interface Entry {
  at_ms: number
  change: string
}

/** Numbers are used anew after a log was cleared, so it is all that the entry says of itself. */
const keyOf = ({ body }: Member): string =>
  sha256(
    JSON.stringify([body['Id'], body['Created'], body['EventTimestamp'], body['MessageId'], body['Message']]),
  ).slice(0, 16)

/** How far the BMC's clock is behind ours; it tells whole seconds, so less than two are none. */
export function behindMs(clock: Fields | undefined, now_ms: number): number {
  const says = instant(clock?.['DateTime'])
  const behind = says === undefined ? 0 : now_ms - says
  return Math.abs(behind) < 2_000 ? 0 : behind
}

/** What is new in a log since it was read, and what to remember of it. At first sight all of it is old: it tells of a time before we looked. */
export function fresh(log: Log, known: Known | undefined, now_ms: number, behind_ms: number): Fresh {
  const keys = log.entries.map(keyOf)
  const next: Known = { keys: [...new Set(keys)].slice(0, KEYS_MAX), read_ms: now_ms }
  if (!known) return { entries: [], known: next }
  const old = new Set(known.keys)
  const found = log.entries.flatMap((entry, index) => {
    const key = keys[index] ?? ''
    if (old.has(key)) return []
    old.add(key)
    return { at_ms: when(entry.body, known.read_ms, now_ms, behind_ms), change: changeOf(entry.body) }
  })
  return { entries: found.toSorted((a, b) => a.at_ms - b.at_ms), known: next }
}
interface Fresh {
  entries: Entry[]
  known: Known
}

/**
 * An entry that was not there before came since: a clock that says otherwise was off when it was written. A log is written a little
 * after what it tells of, so what is only just before is put to the instant at which the log was last read.
 */
function when(body: Fields, since_ms: number, now_ms: number, behind_ms: number): number {
  const said = instant(body['EventTimestamp']) ?? instant(body['Created'])
  const at_ms = said === undefined ? now_ms : said + behind_ms
  if (at_ms > now_ms || at_ms < since_ms - LATE_MS) return now_ms
  return Math.max(at_ms, since_ms)
}
const LATE_MS = 60_000

/** What happened, in as many characters as an event has. */
export function changeOf(body: Fields): string {
  const message =
    label(body['Message'], 500) ?? label(body['EntryCode'], 500) ?? label(body['MessageId'], 500) ?? 'log entry'
  const severity =
    typeof body['Severity'] === 'string' && /^(Warning|Critical)$/i.test(body['Severity'])
      ? `${body['Severity'].toLowerCase()}: `
      : ''
  return clip(`${severity}${message}`)
}
const clip = (text: string): string => (text.length <= 64 ? text : `${text.slice(0, 63)}…`).toWellFormed()

/** Whose log of a manager it is: the one machine that it manages. */
export const managed = ({ body }: Member): unknown => {
  const servers = fields(body['Links'])['ManagerForServers']
  return Array.isArray(servers) && servers.length === 1 ? servers[0] : undefined
}
