/** What the product made of the facts, beside what the oracle says; each difference in words. */
import { arrived, type Death, isExcused, milliseconds } from './arrival.ts'
import { COUNTERS, conditionAt, factsAt, GAUGES, MACHINES, nameOf } from './fleet.ts'
import { gapsOf, type Span, type Ticks, usageByHour, versionsOf } from './oracle.ts'
import type { AgentSite, Site } from './site.ts'
import { canonical, sha256 } from '#connectors/contract.ts'
import { testimony } from './witness.ts'

const iso = (at: number | null): string => (at === null ? 'now' : new Date(at).toISOString())

/** The ticks that count, and what is wrong with those that don't. */
export async function ticksOf(
  site: Site,
  agent: AgentSite,
  deaths: readonly Death[],
): Promise<{ ticks: Ticks; wrong: string[] }> {
  const [all, here] = [testimony(agent.witness), await arrived(site.sql, agent)]
  const said = new Map(all.map((tick) => [tick.at_ms, tick]))
  const wrong: string[] = []
  for (const { at_ms, previous_ms, facts } of all) {
    if (sha256(canonical(factsAt(agent.fleet, at_ms, previous_ms))) !== facts)
      wrong.push(`${agent.fleet.host} said something else at ${iso(at_ms)} than the machines were`)
    if (!here.has(at_ms) && !isExcused(agent, at_ms, all, deaths))
      wrong.push(`${agent.fleet.host}: what was collected at ${iso(at_ms)} was lost`)
  }
  for (const at of here) if (!said.has(at)) wrong.push(`${agent.fleet.host}: nobody looked at ${iso(at)}`)
  return { ticks: all.filter(({ at_ms }) => here.has(at_ms)), wrong }
}

/** Both as text, one entry a key; the first words say which. */
function compare(what: string, expected: ReadonlyMap<string, string>, found: ReadonlyMap<string, string>): string[] {
  return [...new Set([...expected.keys(), ...found.keys()])].flatMap((key) => {
    const [want, is] = [expected.get(key) ?? 'nothing', found.get(key) ?? 'nothing']
    return want === is ? [] : [`${what} ${key}: expected ${want}, found ${is}`]
  })
}

export async function differencesOf(site: Site, agent: AgentSite, ticks: Ticks): Promise<string[]> {
  return [
    ...(await readings(site, agent, ticks)),
    ...(await versions(site, agent, ticks)),
    ...(await gaps(site, agent, ticks)),
    ...(await usage(site, agent, ticks)),
    ...(await losses(site, agent)),
    ...(await intake(site, agent, ticks)),
  ]
}

const machines = Array.from({ length: MACHINES }, (_, machine) => machine)

/** Each reading is there exactly once. */
async function readings({ sql }: Site, { fleet }: AgentSite, ticks: Ticks): Promise<string[]> {
  const rows = await sql<{ name: string; at: string; count: string }[]>`
    select r.external_id as name, ${milliseconds(sql, 'g.seen_at')} as at, count(*) as count
    from reading g join resource r on r.id = g.resource_id where r.realm = ${fleet.host} group by 1, 2`
  const expected = machines.flatMap((machine) =>
    ticks.flatMap(({ at_ms }): [string, string][] =>
      conditionAt(fleet, machine, at_ms) ? [[`${nameOf(fleet, machine)} at ${iso(at_ms)}`, '1 times']] : [],
    ),
  )
  const found = rows.map((row): [string, string] => [`${row.name} at ${iso(Number(row.at))}`, `${row.count} times`])
  return compare('readings of', new Map(expected), new Map(found))
}

async function versions({ sql }: Site, { fleet }: AgentSite, ticks: Ticks): Promise<string[]> {
  interface Row {
    name: string
    from: string
    to: string | null
    from_exact: boolean
    to_exact: boolean
    state: string
    size: Record<string, number>
  }
  const rows = await sql<Row[]>`
    select r.external_id as name, ${milliseconds(sql, 'v.valid_from')} as "from", ${milliseconds(sql, 'v.valid_to')} as "to",
      v.from_exact, v.to_exact, v.content->>'state' as state, v.content->'size' as size
    from observed_version v join resource r on r.id = v.resource_id where r.realm = ${fleet.host} and v.cut_to is null`
  const text = (
    to: number | null,
    from_exact: boolean,
    to_exact: boolean,
    state: string,
    size: Record<string, number>,
  ) => `until ${iso(to)} ${state} ${canonical(size)} (${from_exact ? 'exact' : 'seen'}, ${to_exact ? 'exact' : 'seen'})`
  const expected = machines.flatMap((machine) =>
    versionsOf(fleet, machine, ticks).map(({ from, to, from_exact, to_exact, condition }): [string, string] => {
      const { state, ...size } = condition
      return [`${nameOf(fleet, machine)} from ${iso(from)}`, text(to, from_exact, to_exact, state, size)]
    }),
  )
  const found = rows.map((row): [string, string] => [
    `${row.name} from ${iso(Number(row.from))}`,
    text(row.to === null ? null : Number(row.to), row.from_exact, row.to_exact, row.state, row.size),
  ])
  return compare('version of', new Map(expected), new Map(found))
}

/** Gaps are exactly the times in which no agent looked; what a cut knew of them before late facts filled one stays known to that cut. */
async function gaps({ sql }: Site, { fleet }: AgentSite, ticks: Ticks): Promise<string[]> {
  const rows = await sql<{ from: string; to: string }[]>`
    select ${milliseconds(sql, 'g.from_at')} as "from", ${milliseconds(sql, 'g.to_at')} as "to"
    from scope_gap g join scope c on c.id = g.scope_id where c.realm = ${fleet.host} and g.cut_to is null`
  const entries = (list: readonly Span[]) =>
    new Map(list.map(({ from, to }) => [`${fleet.host} from ${iso(from)}`, `until ${iso(to)}`]))
  const found = rows.map(({ from, to }) => ({ from: Number(from), to: Number(to) }))
  return compare('gap of', entries(gapsOf(ticks)), entries(found))
}

async function usage({ sql }: Site, { fleet }: AgentSite, ticks: Ticks): Promise<string[]> {
  const rows = await sql<{ name: string; meter: string; hour: Date; quantity: string }[]>`
    select r.external_id as name, u.meter, u.hour, u.quantity::text as quantity
    from usage_hour u join resource r on r.id = u.resource_id
    where r.realm = ${fleet.host} and u.cut_to is null and u.quantity > 0`
  const expected = machines.flatMap((machine) =>
    [...usageByHour(fleet, machine, ticks)].map(([key, used]): [string, string] => [
      `${nameOf(fleet, machine)} ${key}`,
      used.toString(),
    ]),
  )
  const found = rows.map((row): [string, string] => [
    `${row.name} ${row.meter} ${row.hour.toISOString()}`,
    row.quantity,
  ])
  return compare('usage of', new Map(expected), new Map(found))
}

const AWAY_MS = 3_000

/** What an agent admits is that it was away: no more than that, and each long absence. */
async function losses({ sql }: Site, { fleet, part, source_id }: AgentSite): Promise<string[]> {
  const rows = await sql<{ from: string; to: string; cause: string }[]>`
    select ${milliseconds(sql, 'from_at')} as "from", ${milliseconds(sql, 'to_at')} as "to", cause
    from lost_range where source_id = ${source_id}`
  const admitted = rows.map(({ from, to, cause }) => ({ from: Number(from), to: Number(to), cause }))
  const words = ({ from, to }: Span) => `${fleet.host} was away from ${iso(from)} until ${iso(to)}`
  const within = (inner: Span, outer: Span) => outer.from <= inner.from && inner.to <= outer.to
  return [
    ...admitted
      .filter((loss) => loss.cause !== 'agent_down' || !part.away.some((away) => within(away, loss)))
      .map((loss) => `a loss was admitted (${loss.cause}) that was none: ${words(loss)}`),
    ...part.away
      .filter((away) => away.to - away.from > AWAY_MS && !admitted.some((loss) => within(away, loss)))
      .map((away) => `an absence was not admitted: ${words(away)}`),
  ]
}

/** received = duplicate + quarantined + metric only + metered, and each is what was collected. */
async function intake(site: Site, { fleet, source_id }: AgentSite, ticks: Ticks): Promise<string[]> {
  interface Hour {
    received: number
    duplicate: number
    quarantined: number
    metric_only: number
    metered: number
    balanced: boolean
    hour: string
  }
  const { intake: items } = await site.must<{ intake: Hour[] }>('GET', `/accounting?hours=3&source_id=${source_id}`)
  const sum = (of: (hour: Hour) => number) => items.reduce((total, hour) => total + of(hour), 0)
  const told = machines.reduce(
    (count, machine) => count + ticks.filter(({ at_ms }) => conditionAt(fleet, machine, at_ms)).length,
    0,
  )
  const expected = new Map([
    ['taken once', told * (COUNTERS.length + GAUGES)],
    ['metered', told * COUNTERS.length],
    ['metric only', told * GAUGES],
    ['quarantined', 0],
  ])
  const found = new Map([
    ['taken once', sum((hour) => hour.received - hour.duplicate)],
    ['metered', sum((hour) => hour.metered)],
    ['metric only', sum((hour) => hour.metric_only)],
    ['quarantined', sum((hour) => hour.quarantined)],
  ])
  const text = (counts: Map<string, number>) => new Map([...counts].map(([key, count]) => [key, String(count)]))
  return [
    ...items
      .filter((hour) => !hour.balanced)
      .map((hour) => `the intake of ${fleet.host} at ${hour.hour} doesn't add up`),
    ...compare(`intake of ${fleet.host},`, text(expected), text(found)),
  ]
}
