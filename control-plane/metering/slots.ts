/** Bytes of each five minutes, and the one of them that a percentile names: exact, the same in any order of arrival. Pure. */
import { sure } from '../base/problem.ts'
import type { Instant, Interval } from '../base/time.ts'
import { type Peak, SLOT_MS } from './contract.ts'
import { countedTo, type Course, joined } from './rules.ts'

/** What the counters of one direction say of a slot. */
export interface Slot {
  bytes: bigint
  /** `whole`: at each instant some device is known, and none lost a part of its count */
  seen: 'whole' | 'partly' | 'not'
  /** its readings lie further apart than a slot: it has the same mean as its neighbours */
  spread: boolean
  /** it lies in a silence: of that the total is known, and nothing else */
  silent: boolean
}

/**
 * The whole slots of some time. One that a bound of ownership or price cuts is of neither side: its other half is another's traffic,
 * and a mean of less than five minutes would weigh as much as one of five.
 */
export const wholeSlots = (times: readonly Interval[]): Interval[] =>
  joined(times)
    .map(({ from, to }) => ({ from: Math.ceil(from / SLOT_MS) * SLOT_MS, to: Math.floor(to / SLOT_MS) * SLOT_MS }))
    .filter(({ from, to }) => from < to)

/** The slots of an interval of whole ones over all devices of one direction, in one pass over what is known of each. */
export function slotsIn(courses: readonly Course[], interval: Interval): Slot[] {
  const count = (interval.to - interval.from) / SLOT_MS
  const slots = Array.from({ length: count }, (): Slot => ({ bytes: 0n, seen: 'not', spread: false, silent: false }))
  for (const course of courses) for (const span of course.spans) addSpan(slots, span, interval)
  const spans = courses.flatMap((course) => course.spans)
  for (const { from, to } of joined(spans))
    for (const { slot, at } of touched(slots, { from, to }, interval))
      slot.seen = from <= at && to >= at + SLOT_MS ? 'whole' : 'partly'
  const lost = courses.flatMap((course) => course.gaps.filter((gap) => gap.quantity === null))
  for (const gap of lost) for (const { slot } of touched(slots, gap, interval)) slot.seen = 'partly'
  return slots
}

/** A span's growth by the same value(t) that hours of usage have: twelve slots are their hour. */
function addSpan(slots: readonly Slot[], span: Course['spans'][number], interval: Interval): void {
  if (span.increase === 0n) return
  let before: bigint | null = null
  for (const { slot, at } of touched(slots, span, interval)) {
    const after = countedTo(span, at + SLOT_MS)
    slot.bytes += after - (before ?? countedTo(span, at))
    slot.spread ||= span.to - span.from > SLOT_MS
    slot.silent ||= span.estimated
    before = after
  }
}

/** The slots of an interval that a part of time touches, each with its beginning. */
function* touched(
  slots: readonly Slot[],
  part: Interval,
  { from, to }: Interval,
): Iterable<{ slot: Slot; at: Instant }> {
  const first = Math.floor((Math.max(part.from, from) - from) / SLOT_MS)
  const end = Math.ceil((Math.min(part.to, to) - from) / SLOT_MS)
  for (let index = first; index < end; index += 1) yield { slot: sure(slots[index]), at: from + index * SLOT_MS }
}

/** The slots of a whole period, gathered window by window. */
export class Slots {
  readonly #at: Instant[] = []
  readonly #in: Slot[] = []
  readonly #out: Slot[] = []

  add(from: Instant, received: readonly Slot[], sent: readonly Slot[]): void {
    for (const [index, slot] of received.entries()) {
      this.#at.push(from + index * SLOT_MS)
      this.#in.push(slot)
      this.#out.push(sure(sent[index]))
    }
  }

  /** `skips`: silences count for nothing, though their total is known. */
  peak(dropped_percent: number, skips: boolean): Peak {
    const isThere = (list: readonly Slot[]) => list.some((slot) => slot.seen === 'whole')
    const directions = [this.#in, this.#out].filter(isThere)
    const counts = (index: number) =>
      directions.every((list) => sure(list[index]).seen === 'whole' && !(skips && sure(list[index]).silent))
    const observed = directions.length === 0 ? [] : [...this.#at.keys()].filter(counts)
    const rank = rankOf(observed.length, dropped_percent)
    const ranked = (list: readonly Slot[]): bigint | null => {
      if (!isThere(list)) return null
      const bytes = observed.map((index) => sure(list[index]).bytes).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
      return bytes[rank - 1] ?? 0n
    }
    const says = (what: 'spread' | 'silent') =>
      observed.filter((index) => directions.some((list) => sure(list[index])[what])).length
    return {
      in: ranked(this.#in),
      out: ranked(this.#out),
      rank,
      slots: observed.length,
      missing: this.#at.length - observed.length,
      spread: says('spread'),
      estimated: says('silent') > 0,
      unseen: this.#unseen(),
    }
  }

  #unseen(): Interval[] {
    const none = [...this.#at.entries()].filter(
      ([index]) => sure(this.#in[index]).seen === 'not' && sure(this.#out[index]).seen === 'not',
    )
    return joined(none.map(([, at]) => ({ from: at, to: at + SLOT_MS })))
  }
}

/** ⌈(100 − dropped) % of n⌉: of 8928 slots the 8482nd, so that 446 may be higher. */
export const rankOf = (count: number, dropped_percent: number): number =>
  Math.ceil((count * (100 - dropped_percent)) / 100)
