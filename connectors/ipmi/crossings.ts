/**
 * Each crossing of a threshold is one event: what the log tells of a sensor isn't told again from its state, and what was told from
 * its state isn't told again when the log catches up. Pure.
 */
import { z } from 'zod'
import { type Level, LEVELS, type Sensor } from './map.ts'
import { type Entry, thresholdOf } from './sel.ts'

/** What was last told of a sensor. */
export const Told = z.strictObject({
  past: z.array(z.enum(LEVELS)).max(LEVELS.length),
  /** from its state, and the log may still tell it */
  by_state: z.boolean(),
})
export type Told = z.infer<typeof Told>

export interface Happening {
  at_ms: number
  change: string
}

const worst = (past: readonly Level[]): Level => past.reduce((a, b) => (rank(b) > rank(a) ? b : a), 'ok' as Level)
/** 0 is good, 3 non-recoverable, on either side */
const rank = (level: Level): number => (level === 'ok' ? 0 : ((LEVELS.indexOf(level) - 1) % 3) + 1)
const WORDS: Readonly<Record<Level, string>> = {
  ok: 'back to normal',
  lnc: 'Lower Non-critical going low',
  lcr: 'Lower Critical going low',
  lnr: 'Lower Non-recoverable going low',
  unc: 'Upper Non-critical going high',
  ucr: 'Upper Critical going high',
  unr: 'Upper Non-recoverable going high',
}
const clip = (text: string): string => (text.length <= 64 ? text : `${text.slice(0, 63)}…`).toWellFormed()

export interface Dated extends Entry {
  at_ms: number
}
/** One move over several thresholds is an entry each, in one second: it is one crossing, of the last of them. */
const TOGETHER_MS = 2_000

export function happenings(
  before: Readonly<Record<string, Told>>,
  sensors: readonly Sensor[],
  entries: readonly Dated[],
  now_ms: number,
): { events: Happening[]; told: Record<string, Told> } {
  const told: Record<string, Told> = { ...before }
  const events: Happening[] = []
  const mentioned = new Set<string>()
  for (const group of grouped(entries)) {
    const [first] = group
    if (!first) continue
    const names = sensorsOf(first, sensors)
    for (const { key } of names) mentioned.add(key)
    const isEcho = names.length > 0 && names.every(({ key }) => isTold(before[key], group))
    for (const { key } of names) told[key] = logged(told[key], group)
    if (!isEcho) events.push({ at_ms: first.at_ms, change: clip(wordsOf(group)) })
  }
  for (const { key, level, value, unit } of sensors) {
    if (level === null || mentioned.has(key)) continue
    const known = Object.hasOwn(told, key) ? told[key] : undefined
    if (known && worst(known.past) !== level)
      events.push({
        at_ms: now_ms,
        change: clip(`${key}: ${WORDS[level]}${value === null ? '' : ` (${value} ${unit})`}`),
      })
    if (!known || worst(known.past) !== level)
      told[key] = { past: level === 'ok' ? [] : [level], by_state: known !== undefined }
    else if (known.by_state) told[key] = { ...known, by_state: false }
  }
  return { events: events.toSorted((a, b) => a.at_ms - b.at_ms), told }
}

function grouped(entries: readonly Dated[]): Dated[][] {
  const groups: Dated[][] = []
  for (const entry of entries) {
    const last = groups.at(-1)
    const before = last?.at(-1)
    const belongs =
      before &&
      thresholdOf(entry) !== null &&
      thresholdOf(before) !== null &&
      before.sensor === entry.sensor &&
      before.asserted === entry.asserted &&
      Math.abs(entry.at_ms - before.at_ms) <= TOGETHER_MS
    if (belongs) last?.push(entry)
    else groups.push([entry])
  }
  return groups
}

/** Which sensors an entry is of: the log says their kind before their name, and only a number where it doesn't know the name. */
function sensorsOf(entry: Entry, sensors: readonly Sensor[]): Sensor[] {
  const level = thresholdOf(entry)
  if (level === null) return []
  if (/#0x[0-9a-f]+$/i.test(entry.sensor)) return sensors.filter((one) => one.level === (entry.asserted ? level : 'ok'))
  const named = sensors.filter(({ name }) => entry.sensor === name || entry.sensor.endsWith(` ${name}`))
  const longest = Math.max(...named.map(({ name }) => name.length))
  return named.filter(({ name }) => name.length === longest)
}

/** The state told it already, a tick ago. */
function isTold(known: Told | undefined, group: readonly Entry[]): boolean {
  if (!known?.by_state) return false
  return group.every((entry) => {
    const level = thresholdOf(entry)
    if (level === null) return false
    const now = worst(known.past)
    return entry.asserted ? now[0] === level[0] && rank(now) >= rank(level) : rank(now) < rank(level)
  })
}

function logged(known: Told | undefined, group: readonly Entry[]): Told {
  const past = new Set(known?.past ?? [])
  for (const entry of group) {
    const level = thresholdOf(entry)
    if (level !== null && entry.asserted) past.add(level)
    else if (level !== null) past.delete(level)
  }
  return { past: LEVELS.filter((level) => past.has(level)), by_state: false }
}

function wordsOf(group: readonly Entry[]): string {
  const levels = group.flatMap((entry) => thresholdOf(entry) ?? [])
  const [first] = group
  const event = levels.length > 0 ? WORDS[levels.reduce((a, b) => (rank(b) > rank(a) ? b : a))] : first?.event
  const words = [first?.sensor, event].filter((word) => word !== undefined && word !== '').join(': ')
  return first?.asserted === false ? `${words} (ended)` : words
}
