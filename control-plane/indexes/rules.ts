/** Which values of an index may be published, and how they change those that were: pure. */
import { type FieldError, Problem } from '../base/problem.ts'
import { type Instant, type Interval, intersect, iso } from '../base/time.ts'
import type { IndexedValue } from './contract.ts'

/** A value that no correction has superseded; values of one index never overlap. */
export interface LiveValue {
  valid_from: Instant
  /** null: until the next value */
  valid_to: Instant | null
  amount: string
}
/** A value as it was sent: without an end it holds until the next one. */
export interface SentValue {
  from: Instant
  to: Instant | null
  amount: string
}
export interface Publication<T> {
  /** live values that no longer stand as they are */
  supersede: T[]
  /** what is left of them */
  remainders: { value: T; valid_from: Instant; valid_to: Instant | null }[]
  fresh: LiveValue[]
  /** how many were published so already */
  unchanged: number
}

/** So many wrong rows are told at once. */
const TOLD_ERRORS = 100
const endOf = ({ valid_to }: LiveValue): number => valid_to ?? Infinity
const meets = (a: LiveValue, b: LiveValue): boolean => a.valid_from < endOf(b) && b.valid_from < endOf(a)
const spanText = ({ valid_from, valid_to }: LiveValue): string =>
  `from ${iso(valid_from)}${valid_to === null ? ' on' : ` to ${iso(valid_to)}`}`

/**
 * What publishing some values changes among the live ones, which are in order. A value that was published so already is no change; one
 * without an end ends where another begins after it. Throws `invalid` or, where a published value would be changed without being
 * called a correction, `conflict`: with a pointer to each row that is wrong.
 */
export function published<T extends LiveValue>(
  live: readonly T[],
  sent: readonly SentValue[],
  correction: boolean,
): Publication<T> {
  const rows = sent.map((one, index) => ({ ...one, index })).toSorted((a, b) => a.from - b.from)
  refuse('invalid', 'Some values contradict themselves or each other; nothing was recorded.', wrongIn(rows))
  const fresh: LiveValue[] = []
  const touched = new Map<T, LiveValue[]>()
  const errors: FieldError[] = []
  for (const [place, row] of rows.entries()) {
    const holding = live.slice(firstEndingAfter(live, row.from))
    if (isKnown(holding[0], row)) continue
    const value = {
      valid_from: row.from,
      valid_to: endingOf(row, rows[place + 1]?.from, holding, correction),
      amount: row.amount,
    }
    for (const other of holding) {
      if (!meets(value, other)) break
      if (!correction && !isEndedBy(other, value))
        errors.push({ pointer: `/values/${row.index}`, detail: `changes the value ${other.amount} ${spanText(other)}` })
      touched.set(other, [...(touched.get(other) ?? []), value])
    }
    fresh.push(value)
  }
  refuse(
    'conflict',
    'A published value is not edited. Leave these rows out, or record a correction with its reason.',
    errors,
  )
  const remainders = [...touched].flatMap(([value, by]) =>
    leftOf(value, by, correction).map((part) => ({ value, ...part })),
  )
  return { supersede: [...touched.keys()], remainders, fresh, unchanged: sent.length - fresh.length }
}

function refuse(code: 'invalid' | 'conflict', detail: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw new Problem(code, detail, errors.slice(0, TOLD_ERRORS))
}

function wrongIn(rows: readonly (SentValue & { index: number })[]): FieldError[] {
  return rows.flatMap(({ from, to, index }, place) => {
    if (to !== null && to <= from) return [{ pointer: `/values/${index}/to`, detail: 'must be after from' }]
    const before = rows[place - 1]
    if (before && (before.from === from || (before.to !== null && before.to > from)))
      return [{ pointer: `/values/${index}/from`, detail: `lies within the value of row ${before.index + 1}` }]
    return []
  })
}

/** Live values follow each other, so their ends do. */
function firstEndingAfter(live: readonly LiveValue[], at: Instant): number {
  let [low, high] = [0, live.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const value = live[middle]
    if (value && endOf(value) <= at) low = middle + 1
    else high = middle
  }
  return low
}

const isKnown = (value: LiveValue | undefined, { from, to, amount }: SentValue): boolean =>
  value?.valid_from === from && value.amount === amount && (to === null || to === value.valid_to)

/** Its own end, else the beginning of the next value; what corrects a part of a value ends no later than that. */
function endingOf(
  { from, to }: SentValue,
  next: Instant | undefined,
  holding: readonly LiveValue[],
  correction: boolean,
): Instant | null {
  if (to !== null) return to
  const [first] = holding
  const later = holding.find((one) => one.valid_from > from)?.valid_from
  const replaced = correction && first && first.valid_from <= from ? endOf(first) : Infinity
  const end = Math.min(next ?? Infinity, later ?? Infinity, replaced)
  return end === Infinity ? null : end
}

/** A value without an end holds until another begins: that is no correction. */
const isEndedBy = (value: LiveValue, by: LiveValue): boolean =>
  value.valid_to === null && (value.valid_from < by.valid_from || value.amount === by.amount)

function leftOf(
  value: LiveValue,
  by: readonly LiveValue[],
  correction: boolean,
): Pick<LiveValue, 'valid_from' | 'valid_to'>[] {
  const out: Pick<LiveValue, 'valid_from' | 'valid_to'>[] = []
  let from: number = value.valid_from
  for (const one of by) {
    if (one.valid_from > from) out.push({ valid_from: from, valid_to: one.valid_from })
    from = Math.max(from, endOf(one))
    if (!correction) return out
  }
  if (from < endOf(value)) out.push({ valid_from: from, valid_to: value.valid_to })
  return out
}

/** What of some values holds in an interval; those that follow each other and say the same are one. */
export function holdingIn(values: readonly LiveValue[], interval: Interval): IndexedValue[] {
  const out: IndexedValue[] = []
  for (const { valid_from, valid_to, amount } of values) {
    const part = intersect({ from: valid_from, to: valid_to }, interval)
    const last = out.at(-1)
    if (!part) continue
    if (last && last.to === part.from && last.amount === amount) last.to = part.to
    else out.push({ ...part, amount })
  }
  return out
}
