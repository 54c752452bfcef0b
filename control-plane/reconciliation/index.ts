/** Verbs of reconciliation: what differs between what sources see and what is sold, with its money. They read, and change nothing. */
import { z } from 'zod'
import { add, type Fraction, parseDecimal, ZERO } from '../base/exact.ts'
import { permit } from '../base/actor.ts'
import { majorText, toMinor } from '../base/money.ts'
import { HOUR_MS, hourOf, type Instant, type Interval, iso } from '../base/time.ts'
import { LIVE } from '../db/cut.ts'
import { type Context, readOneMoment } from '../db/index.ts'
import { decodeCursor, encodeCursor } from '../http/index.ts'
import type { Page } from '../http/contract.ts'
import { hourMetersOf, type MeterName } from '../metering/contract.ts'
import { usageOf } from '../metering/index.ts'
import {
  type Discrepancy,
  DISCREPANCIES,
  type DiscrepancyFilter,
  type DiscrepancyQuery,
  MONTH_HOURS,
  type ReconciliationSummary,
} from './contract.ts'
import type { Counter, Facts, Silent, SourceFact } from './facts.ts'
import { ABANDONED_MS, isCurrent, unheard } from './known.ts'
import { moneyOf } from './money.ts'
import { chosen, inOrder, type Names, present } from './present.ts'
import { type Found, judged, type Judged, METERED_WITHIN_MS, unmetered, type Unknown } from './rules.ts'
import * as store from './store.ts'

export { previewAdoption } from './adoption.ts'

interface Reconciled {
  facts: Facts
  judgement: Judged
  items: Discrepancy[]
  names: Names
}

async function gather(ctx: Context): Promise<Facts> {
  const now = ctx.now()
  const sold = await store.soldKinds(ctx)
  const sources = await store.sources(ctx, now - ABANDONED_MS)
  return {
    now,
    sold,
    sources,
    scopes: await store.scopes(ctx, sources),
    machines: await store.machines(ctx, sold, now - METERED_WITHIN_MS),
    services: await store.services(ctx),
    attachments: await store.attachments(ctx),
    ended: await store.endedServices(ctx),
    ended_eyes: await store.endedEyes(ctx),
    ...(await store.prices(ctx)),
  }
}

/** All is read as of one moment: what is decided meanwhile is no difference. Must be the first of its transaction. */
async function reconcile(ctx: Context): Promise<Reconciled> {
  await readOneMoment(ctx.tx)
  const facts = await gather(ctx)
  const first = judged(facts)
  const silent = await silentOf(ctx, facts, first.counters)
  const judgement = withCounters(first, facts, silent)
  const found = await sinceNobody(ctx, judgement.found)
  const per_month = await moneyOf(ctx, found, silent)
  const names = await namesOf(ctx, found)
  const items = found.map((one, index) => present(one, per_month[index] ?? null, facts, names))
  return { facts, judgement, items, names }
}

/** Counters without a reading for a day, of machines whose scope was listed all that day: else nobody could have read them. */
async function silentOf(ctx: Context, { now, machines }: Facts, counters: readonly Counter[]): Promise<Silent[]> {
  if (counters.length === 0) return []
  const since = now - METERED_WITHIN_MS
  const gaps = await store.gapsSince(ctx, since)
  const asked = counters.filter(({ resource_id }) => !gaps.has(machines.get(resource_id)?.scope_id ?? ''))
  const silent: (Silent & { part: MeterName })[] = []
  // of a percentile both of its counters are asked for
  const parts = asked.flatMap((one) => hourMetersOf(one.meter).map((part) => ({ ...one, part })))
  for (const [part, own] of Map.groupBy(parts, (one) => one.part)) {
    const meters = Map.groupBy(own, ({ resource_id }) => resource_id)
    const found = await store.silentIn(ctx, part, [...meters.keys()], { since, within_ms: MONTH_MS })
    for (const { counted: quantity, ...row } of found)
      for (const { meter } of meters.get(row.resource_id) ?? []) silent.push({ ...row, meter, part, quantity })
  }
  const wanted = silent.map(({ resource_id, read_at }) => ({ resource_id, intervals: edgesOf(read_at) }))
  const used = await usageOf(ctx, wanted, LIVE)
  return silent.map(({ part, ...row }, index) => {
    const leaves = [...(used[index]?.values() ?? [])].flatMap((meters) => meters.get(part) ?? [])
    return { ...row, quantity: leaves.reduce((sum, { quantity }) => sum + quantity, row.quantity) }
  })
}
const MONTH_MS = MONTH_HOURS * HOUR_MS
/** The parts of hours at the ends of the 720 hours before an instant. */
function edgesOf(read_at: Instant | null): Interval[] {
  if (read_at === null) return []
  const from = read_at - MONTH_MS
  // whole hours lie between the end of the hour in which it begins and the beginning of that in which it ends
  const [first, last] = [hourOf(from + HOUR_MS - 1), hourOf(read_at)]
  return [
    { from, to: first },
    { from: last, to: read_at },
  ].filter((part) => part.from < part.to)
}

function withCounters(judgement: Judged, facts: Facts, silent: readonly Silent[]): Judged {
  const { machines, services, attachments, sources } = facts
  const differs = new Set(judgement.found.flatMap(({ machine }) => machine?.id ?? []))
  const held = Map.groupBy(attachments, ({ resource_id }) => resource_id)
  const [more, unknown]: [Found[], Unknown[]] = [[], []]
  for (const [id, list] of Map.groupBy(silent, ({ resource_id }) => resource_id)) {
    const machine = machines.get(id)
    if (!machine) continue
    const away = list.map(({ source_id }) => sources.get(source_id ?? '')).find(isAway)
    // who read it says nothing now: what he would read is as unknown as what he would see
    if (away && !differs.has(id)) unknown.push({ machine, service: null, scope: unheard(away) })
    if (away) continue
    const own = (held.get(id) ?? []).flatMap(({ service_id }) => services.get(service_id) ?? [])
    const since = Math.max(machine.running_since ?? 0, ...list.map(({ read_at }) => read_at ?? 0))
    more.push(unmetered(machine, own, { since, meters: [...new Set(list.map(({ meter }) => meter))] }))
  }
  const matched = more.filter(({ machine }) => !differs.has(machine?.id ?? '')).length + unknown.length
  return {
    ...judgement,
    matched: judgement.matched - matched,
    found: [...judgement.found, ...more],
    unknown: [...judgement.unknown, ...unknown],
  }
}
const isAway = (source: SourceFact | undefined): source is SourceFact =>
  source !== undefined && source.state !== 'ok' && source.state !== 'deleted'

/** What once had an owner is nobody's since he lost it. */
async function sinceNobody(ctx: Context, found: readonly Found[]): Promise<Found[]> {
  const free = found.filter(({ kind, account_id }) => kind === 'orphan' && account_id === null)
  if (free.length === 0) return [...found]
  const since = await store.freeSince(ctx, new Set(free.flatMap(({ machine }) => machine?.id ?? [])))
  return found.map((one) => {
    const at = one.kind === 'orphan' ? since.get(one.machine?.id ?? '') : undefined
    return at === undefined ? one : { ...one, since: Math.max(at, one.since ?? 0) }
  })
}

async function namesOf(ctx: Context, found: readonly Found[]): Promise<Names> {
  const accounts = new Set(
    found.flatMap(({ account_id, other_account_id }) => [account_id ?? [], other_account_id ?? []].flat()),
  )
  const hosts = new Set(
    found.flatMap(({ machine, promised }) => [machine?.host_id ?? [], promised?.host_id ?? []].flat()),
  )
  return {
    accounts: new Map((await store.accountNames(ctx, accounts)).map(({ id, name }) => [id, name])),
    hosts: new Map((await store.resourceNames(ctx, hosts)).map(({ id, name }) => [id, name])),
  }
}

/** Pages are counted off: money has no stable key, and what is seen to is gone. */
const Cursor = z.object({ offset: z.int().min(0).max(10_000_000) })

/** What differs, a page at a time. */
export async function discrepancies(ctx: Context, query: DiscrepancyQuery): Promise<Page<Discrepancy>> {
  permit(ctx, 'reconciliation.read')
  const offset = decodeCursor(query.cursor, Cursor)?.offset ?? 0
  const all = inOrder(chosen((await reconcile(ctx)).items, query), query)
  const end = offset + query.limit
  return {
    items: all.slice(offset, end),
    next_cursor: all.length > end ? encodeCursor({ offset: end }) : null,
    total: all.length,
  }
}

export const CSV_ROWS = 100_000
/** All that differs, as one list. */
export async function allDiscrepancies(ctx: Context, filter: DiscrepancyFilter): Promise<Discrepancy[]> {
  permit(ctx, 'reconciliation.read')
  return inOrder(chosen((await reconcile(ctx)).items, filter), filter).slice(0, CSV_ROWS)
}

/** How many match, differ and can't be judged, with the money of each kind. */
export async function reconciliationSummary(ctx: Context): Promise<ReconciliationSummary> {
  permit(ctx, 'reconciliation.read')
  const { facts, judgement, items, names } = await reconcile(ctx)
  const accounts = new Set(items.flatMap(({ account }) => account?.id ?? []))
  const sources = new Map(items.flatMap(({ source }) => (source ? [[source.id, source] as const] : [])))
  return {
    at: iso(ctx.now()),
    month_hours: MONTH_HOURS,
    matched: judgement.matched,
    machines: judgement.machines,
    services: judgement.services,
    kinds: DISCREPANCIES.map((kind) => {
      const own = items.filter((one) => one.kind === kind)
      const unpriced = own.filter(({ per_month }) => per_month === null).length
      return { kind, count: own.length, unpriced, per_month: sums(own) }
    }),
    unknown: {
      machines: judgement.unknown.filter(({ machine }) => machine !== null).length,
      services: judgement.unknown.filter(({ service }) => service !== null).length,
      sources: silences(facts, judgement.unknown),
    },
    accounts: [...names.accounts].filter(([id]) => accounts.has(id)).map(([id, name]) => ({ id, name })),
    realms: [...new Set(items.flatMap(({ resource }) => resource?.realm ?? []))].toSorted(),
    sources: [...sources.values()],
  }
}

const PLACES = 12
/** Of the amounts as they are shown, so that a tile is the sum of its rows. */
function sums(items: readonly Discrepancy[]): ReconciliationSummary['kinds'][number]['per_month'] {
  const priced = items.flatMap(({ per_month }) => per_month ?? [])
  return [...Map.groupBy(priced, ({ currency }) => currency)]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, own]) => {
      const of = (which: (typeof own)[number]['way']) => {
        const total = own
          .filter(({ way }) => way === which)
          .reduce<Fraction>((sum, { amount }) => add(sum, parseDecimal(amount, PLACES) ?? ZERO), ZERO)
        return majorText(toMinor(total, currency), currency)
      }
      return { currency, loss: of('loss'), overcharge: of('overcharge'), disputed: of('disputed') }
    })
}

/** By whose silence nothing can be said of how many machines, the most first. */
function silences(facts: Facts, unknown: readonly Unknown[]): ReconciliationSummary['unknown']['sources'] {
  const bySource = Map.groupBy(unknown, ({ scope }) => scope?.source_id ?? '')
  return [...bySource]
    .flatMap(([id, list]) => {
      const source = facts.sources.get(id)
      if (!source) return []
      const dark = list.flatMap(({ scope }) => (scope && !isCurrent(facts, scope) ? [scope.listed_at] : []))
      const listed = dark.filter((at) => at !== null)
      return [
        {
          source: { id, connector: source.connector, realm: source.realm },
          state: source.state === 'ok' ? ('incomplete' as const) : source.state,
          since: listed.length > 0 ? iso(Math.min(...listed)) : null,
          machines: list.filter(({ machine }) => machine !== null).length,
        },
      ]
    })
    .toSorted((a, b) => b.machines - a.machines || (a.source.id < b.source.id ? -1 : 1))
}
