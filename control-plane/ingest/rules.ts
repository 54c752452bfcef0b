/** What is taken of a batch and what is refused, with the reason: pure. A bad fact stops no other. */
import { sure } from '../base/problem.ts'
import type { z } from 'zod'
import { Fact, METRICS, type Metric, Whole } from '#connectors/contract.ts'
import { meterOfKey } from '../metering/rules.ts'
import { plainReadings } from './plain.ts'

export interface Refusal {
  reason: 'malformed' | 'limit' | 'unknown_metric' | 'unit' | 'value' | 'foreign_source' | 'digest' | 'future' | 'past'
  detail: string
  /** known where the fact names one of the agent's own sources */
  source_id: string | null
  readings: number
  raw: unknown
}
export interface Taken {
  position: number
  fact: Fact
}

/** Facts may not lie further ahead than this: a clock that far off makes a bill of the future. */
const FUTURE_MS = 86_400_000

/** Nothing may be seen longer ago: two readings a lifetime apart would be spread over each hour between them. */
const PAST_MS = 800 * 86_400_000

/** By the agent's clock: since when something may have been seen, how far back it may name an instant (1970), how far ahead. */
export interface Reach {
  seen_ms: number
  earliest_ms: number
  latest_ms: number
}
export const reachOf = (now: number, offset_ms: number): Reach => ({
  seen_ms: now - PAST_MS - offset_ms,
  earliest_ms: -offset_ms,
  latest_ms: now + FUTURE_MS - offset_ms,
})

/** Sorts the facts of a batch into taken and refused. `sources`: ids of the sending agent's own sources. */
export function sift(
  facts: readonly unknown[],
  sources: ReadonlySet<string>,
  reach: Reach,
): { taken: Taken[]; refused: Refusal[] } {
  const taken: Taken[] = []
  const refused: Refusal[] = []
  for (const [position, raw] of facts.entries()) {
    const verdict = judge(raw, sources, reach)
    if ('fact' in verdict) taken.push({ position, fact: verdict.fact })
    else refused.push(verdict)
  }
  return { taken, refused }
}

function judge(raw: unknown, sources: ReadonlySet<string>, reach: Reach): { fact: Fact } | Refusal {
  const named = field(raw, 'source')
  const source_id = typeof named === 'string' && sources.has(named) ? named : null
  const refuse = (reason: Refusal['reason'], detail: string): Refusal => ({
    reason,
    detail,
    source_id,
    readings: readingCount(raw),
    raw,
  })
  const plain = plainReadings(raw)
  const { fact, wrong } = plain ? { fact: plain } : parsed(raw)
  if (!fact) return { ...refuse(wrong.reason, wrong.detail), ...(wrong.raw !== undefined && { raw: wrong.raw }) }
  if (!source_id)
    return refuse(
      'foreign_source',
      `Source ${fact.source} is not one of this agent's: facts about it are taken from its own agent only.`,
    )
  if (!plain && !isText(raw))
    return refuse(
      'malformed',
      'A text in the fact holds a NUL or half a character, or a field is named __proto__: none can be stored.',
    )
  const instants = instantsOf(fact)
  if (instants.some((at) => at > reach.latest_ms))
    return refuse(
      'future',
      `The fact lies more than a day ahead (${new Date(Math.max(...instants)).toISOString()}): check the clock of the agent's machine.`,
    )
  if (instants.some((at) => at < reach.earliest_ms))
    return refuse('malformed', "The fact lies before 1970 by our clock: check the clock of the agent's machine.")
  if (fact.seen_at_ms < reach.seen_ms)
    return refuse(
      'past',
      `The fact was seen more than ${PAST_MS / 86_400_000} days ago (${new Date(fact.seen_at_ms).toISOString()}): check the clock of the agent's machine.`,
    )
  return { fact }
}

type Parsed =
  { fact: Fact; wrong?: undefined } | { fact?: undefined; wrong: Pick<Refusal, 'reason' | 'detail'> & { raw?: string } }

/** The fact by its schema, or what is wrong with it. */
function parsed(raw: unknown): Parsed {
  // first, for what looks closer goes down into it
  if (isTooDeep(raw))
    return {
      wrong: {
        reason: 'limit',
        detail: `The fact is nested deeper than ${DEPTH_MAX} levels.`,
        raw: 'left out: nested too deep',
      },
    }
  const { data, error } = Fact.safeParse(raw)
  if (!error) return { fact: data }
  const isTooBig = error.issues.some((issue) => issue.code === 'too_big')
  return { wrong: { reason: isTooBig ? 'limit' : 'malformed', detail: explain(error) } }
}

/** Every instant that a fact names, by the agent's clock. */
function instantsOf(fact: Fact): number[] {
  if (fact.type === 'gap') return [fact.seen_at_ms, fact.from_ms]
  const origin = fact.type === 'readings' ? fact.epoch?.origin_ms : undefined
  return origin === undefined ? [fact.seen_at_ms] : [fact.seen_at_ms, origin]
}

/** Far more than any description needs, far less than what overflows a stack here or in PostgreSQL. */
const DEPTH_MAX = 64

/** Looks no further down than the bound. */
export function isTooDeep(value: unknown, left = DEPTH_MAX): boolean {
  if (left < 0) return true
  return typeof value === 'object' && value !== null && Object.values(value).some((item) => isTooDeep(item, left - 1))
}

/** PostgreSQL stores neither NUL nor a lone surrogate; a field `__proto__` would be dropped without a word. */
export function isText(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0')
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, item]) => key !== '__proto__' && isText(key) && isText(item))
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined

/** How many readings a fact carries, whatever else is wrong with it. */
export function readingCount(raw: unknown): number {
  if (field(raw, 'type') !== 'readings') return 0
  const size = (part: unknown) => (typeof part === 'object' && part !== null ? Object.keys(part).length : 0)
  return size(field(raw, 'counters')) + size(field(raw, 'gauges'))
}

const explain = (error: z.ZodError): string =>
  error.issues
    .slice(0, 5)
    .map((issue) => `/${issue.path.join('/')}: ${issue.message}`)
    .join('; ')

export interface Measured {
  counters: Map<string, string>
  /** those of a meter in digits, others as they came */
  gauges: Map<string, number | string>
  refused: Pick<Refusal, 'reason' | 'detail' | 'raw'>[]
}

/** Checks each reading of a fact by the list of metrics: name, unit, type, value. */
export function measure(counters: Record<string, unknown>, gauges: Record<string, unknown>): Measured {
  const out: Measured = { counters: new Map(), gauges: new Map(), refused: [] }
  for (const [key, value] of Object.entries(counters)) {
    const wrong = wrongMetric(key, 'counter')
    const digits = digitsOf(value)
    if (wrong) out.refused.push({ ...wrong, raw: { [key]: value } })
    else if (digits === null)
      out.refused.push({
        reason: 'value',
        detail: `Counter ${key} must be a whole number from 0 to 2⁶⁴ − 1.`,
        raw: { [key]: value },
      })
    else out.counters.set(key, digits)
  }
  for (const [key, value] of Object.entries(gauges)) {
    const wrong = wrongMetric(key, 'gauge')
    const { is, told } = gaugeOf(key, value)
    if (wrong) out.refused.push({ ...wrong, raw: { [key]: value } })
    else if (told === null)
      out.refused.push({ reason: 'value', detail: `Gauge ${key} must be ${is}.`, raw: { [key]: value } })
    else out.gauges.set(key, told)
  }
  return out
}

/** What is billed is counted in whole units; what is a number of its own may be told in digits, where a float would lose some. */
function gaugeOf(key: string, value: unknown): { is: string; told: number | string | null } {
  const digits = digitsOf(value)
  if (meterOfKey(key)) return { is: 'a whole number from 0 to 2⁶⁴ − 1', told: digits }
  if (typeof value === 'string') return { is: 'a finite number', told: digits }
  return { is: 'a finite number', told: typeof value === 'number' && Number.isFinite(value) ? value : null }
}

/** A whole number as the wire's `Whole` takes it, in decimal digits; null where it isn't one. */
function digitsOf(value: unknown): string | null {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return String(value)
  const whole = Whole.safeParse(value)
  return whole.success ? String(whole.data) : null
}

function wrongMetric(key: string, type: Metric['type']): Pick<Refusal, 'reason' | 'detail'> | null {
  const slash = key.indexOf('/')
  const name = slash < 0 ? key : key.slice(0, slash)
  const metric = Object.hasOwn(METRICS, name) ? METRICS[name] : undefined
  if (metric && metric.type === type) return null
  if (metric) return { reason: 'value', detail: `${name} is a ${metric.type}, reported as a ${type}.` }
  const stem = name.replace(/_[^_]+$/, '')
  const meant = Object.keys(METRICS).find((known) => known.replace(/_[^_]+$/, '') === stem)
  if (meant)
    return {
      reason: 'unit',
      detail: `${name} is not in the base unit: report ${meant} (${sure(METRICS[meant]).unit}).`,
    }
  return { reason: 'unknown_metric', detail: `There is no metric ${name}.` }
}

/** The watermark after more sequences arrived: the last one below which nothing is missing. */
export function advance(
  watermark: number,
  present: readonly number[],
  lost: readonly { first: number; last: number }[],
): number {
  const have = new Set(present)
  let at = watermark
  for (;;) {
    const range = lost.find((r) => r.first <= at + 1 && at + 1 <= r.last)
    if (range) at = range.last
    else if (have.has(at + 1)) at += 1
    else return at
  }
}
