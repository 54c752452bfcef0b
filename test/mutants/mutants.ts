/** Faults as they are made in billing systems, each as exact text of the product that is replaced in a copy of it. */

export interface Replacement {
  file: string
  text: string
  by: string
}
export interface Mutant {
  name: string
  /** what is wrong with it, for people */
  why: string
  replacements: readonly Replacement[]
}

const METERING = 'control-plane/metering/rules.ts'

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'metering in arrival order',
    why: 'what comes late is subtracted from what came before it',
    replacements: [
      {
        file: METERING,
        text: 'const epochs = Map.groupBy(readings.toSorted(inOrder), (reading) => reading.epoch)',
        by: 'const epochs = Map.groupBy(readings, (reading) => reading.epoch)',
      },
      {
        file: 'control-plane/metering/readings/store.ts',
        text: 'r.counters, r.counter_count)`',
        by: 'r.counters, r.counter_count, extract(epoch from r.stored_at))`',
      },
      {
        file: 'control-plane/metering/readings/store.ts',
        text: 'wrap_bits, counters, count] =',
        by: 'wrap_bits, counters, count, stored_at] =',
      },
      {
        file: 'control-plane/metering/readings/store.ts',
        text: 'counter_count: count }',
        by: 'counter_count: count, stored_at }',
      },
      {
        file: 'control-plane/metering/hours.ts',
        text: '  for (const row of list)\n    for (const [key, digits]',
        by: '  for (const row of list.toSorted((a, b) => a.stored_at - b.stored_at))\n    for (const [key, digits]',
      },
    ],
  },
  {
    name: 'absence ignored',
    why: 'a machine that is gone without an event runs for ever',
    replacements: [
      {
        file: 'control-plane/inventory/rules.ts',
        text: 'if (!current.has(key)) out.set(key, null)',
        by: 'if (!current.has(key)) continue',
      },
    ],
  },
  {
    name: 'stopped machines billed',
    why: 'processors and memory of a machine that does not run are charged',
    replacements: [
      {
        file: METERING,
        text: "meter.counts !== 'running' || state === 'running'",
        by: "meter.counts !== 'running' || state !== 'failed'",
      },
    ],
  },
  {
    name: 'price at invoice time',
    why: 'the whole period is charged at the price of its end',
    replacements: [
      {
        file: 'control-plane/rating/rate.ts',
        text: 'prices ?? (await pricesIn(ctx, books, period, cut))',
        by: `(await pricesIn(ctx, books, { from: period.to - 1, to: period.to }, cut)).map((price) => ({
      ...price,
      effective_at: 0,
      ends_at: null,
    }))`,
      },
    ],
  },
  {
    name: 'unit off by 1,024',
    why: 'a GiB is taken for a MiB',
    replacements: [{ file: 'control-plane/metering/contract.ts', text: 'GiB: 2n ** 30n', by: 'GiB: 2n ** 20n' }],
  },
  {
    name: 'key claimed before the write',
    why: 'a batch whose write breaks off is taken for a duplicate when it comes again',
    replacements: [
      {
        file: 'control-plane/ingest/index.ts',
        text: 'run((ctx) => take(ctx, agent, read.envelope, message.body, takeFacts))',
        by: `claimed(run, agent, read.envelope, message.body)`,
      },
      {
        file: 'control-plane/ingest/index.ts',
        text: '/** Deadlocks and serialisation failures',
        by: `async function claimed(run, agent, envelope, body) {
  let fresh = false
  const claim = async () => {
    fresh = true
    return { unknown_digests: [], sampled: [] }
  }
  const taken = await run((ctx) => take(ctx, agent, envelope, body, claim))
  if (fresh) await run((ctx) => takeFacts(ctx, agent.id, envelope, body))
  return taken
}

/** Deadlocks and serialisation failures`,
      },
    ],
  },
  {
    name: 'two eyes billed twice',
    why: 'a machine that an agent within and its hypervisor report is charged by both',
    replacements: [
      {
        file: 'control-plane/inventory/holdings/index.ts',
        text: 'owned: uncovered(rows, covers)',
        by: 'owned: uncovered(rows, [])',
      },
    ],
  },
  {
    name: 'owner by present state',
    why: 'a transfer moves the past along',
    replacements: [
      {
        file: 'control-plane/inventory/holdings/store.ts',
        text: 'from: assignment.valid_from,',
        by: 'from: sql<null>`null`,',
      },
      {
        file: 'control-plane/inventory/holdings/store.ts',
        text: 'overlaps(assignment.valid_from, assignment.valid_to, interval),',
        by: 'sql`${assignment.valid_to} is null`,',
      },
    ],
  },
  {
    name: 'gap as zero',
    why: 'what a counter grew by while nobody read it is not charged',
    replacements: [
      {
        file: METERING,
        text: 'course.spans.push({ from: a.at, to: b.at, increase, estimated })',
        by: 'if (!estimated) course.spans.push({ from: a.at, to: b.at, increase, estimated })',
      },
    ],
  },
  {
    name: 'offset ignored',
    why: 'a clock that is an hour off is believed',
    replacements: [
      {
        file: 'control-plane/ingest/index.ts',
        text: '{ spool: envelope.spool, sequence: envelope.sequence, offset_ms, cut:',
        by: '{ spool: envelope.spool, sequence: envelope.sequence, offset_ms: 0, cut:',
      },
    ],
  },
]
