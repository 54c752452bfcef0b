/** How often each fault really took effect in a run: a fault that did nothing proves nothing. */

/** In words, as the run prints them. Those of `PROMISED` must have taken effect in every world. */
export const FAULTS = {
  fact: 'life-cycle facts',
  resized: 'resizes',
  stopped: 'stops and pauses',
  migrated: 'live migrations',
  ended: 'ends',
  id_reused: 'ids taken by a new incarnation',
  reset: 'counters that began anew between two readings',
  fell: 'counters that fell unannounced',
  wrapped_32: 'wraps at 2³²',
  wrapped_64: 'wraps at 2⁶⁴',
  two_eyes: 'guests seen from inside too',
  three_eyes: 'guests that three eyes see',
  price_changed: 'price changes',
  price_corrected: 'corrections of a price',
  transferred: 'transfers',
  owner_corrected: 'corrections of an owner',
  invoiced: 'invoices',
  held_back: 'invoices that a gap held back',
  accepted: 'gaps that people accepted',
  late_after_invoice: 'facts that came after an invoice over their time',
  told: 'events of the vendor',
  incomplete: 'incomplete listings',
  in_parts: 'listings in parts',
  late: 'listings that came after a later one of their scope',
  unknown_digest: 'listings that had to be sent whole again',
  delayed: 'messages that took more than a minute',
  reordered: 'batches that overtook an earlier one',
  repeated: 'batches that came again and were not counted',
  dropped: 'requests that the bus lost',
  reply_dropped: 'replies that the bus lost',
  crashed: 'batches whose transaction broke off halfway',
  clock_off: 'facts of a clock an hour off',
  clock_stepped: 'facts after a clock had been set',
  cut_off: 'facts that waited for more than two hours for the network',
  wiped: 'facts that went with a wiped spool',
  cloned: 'batches of a cloned spool that were set aside',
  overflowed: 'facts that a full spool dropped',
  gap_admitted: 'admitted losses',
} as const
export type Fault = keyof typeof FAULTS

export class Faults {
  readonly #counts = new Map<Fault, number>()

  add(fault: Fault, times = 1): void {
    this.#counts.set(fault, (this.#counts.get(fault) ?? 0) + times)
  }

  of(fault: Fault): number {
    return this.#counts.get(fault) ?? 0
  }

  /** `late 12, dropped 40, …` */
  get text(): string {
    return (Object.keys(FAULTS) as Fault[]).map((fault) => `${fault} ${this.of(fault)}`).join(', ')
  }

  /** What the plan promised and the run did not do, in words; each with how many there must be. */
  missing(promised: Partial<Record<Fault, number>>): string[] {
    return (Object.entries(promised) as [Fault, number][])
      .filter(([fault, least]) => this.of(fault) < least)
      .map(([fault, least]) => `${FAULTS[fault]}: ${this.of(fault)}, promised ${least}`)
  }
}

/** Comes of other faults, as chance has it: not of every world. */
const CHANCY: ReadonlySet<string> = new Set(['unknown_digest'])

/** Every world has all of this. */
export const PROMISED: Partial<Record<Fault, number>> = {
  ...Object.fromEntries(
    Object.keys(FAULTS)
      .filter((fault) => !CHANCY.has(fault))
      .map((fault) => [fault, 1]),
  ),
  fact: 300,
  price_changed: 3,
  transferred: 2,
  reset: 5,
}
