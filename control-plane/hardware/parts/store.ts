/** The SQL of parts: what people said of them, where sources saw them, and one page of all of them. */
import { and, asc, eq, isNull, type SQL, sql } from 'drizzle-orm'
import { sure } from '../../base/problem.ts'
import type { Instant } from '../../base/time.ts'
import { arrayText, columnar, type Context, ms, rows } from '../../db/index.ts'
import type { PartQuery, PartState } from '../contract.ts'
import { partEntry } from '../schema.ts'

export type EntryRow = typeof partEntry.$inferSelect
/** `type/serial`, which is also how connectors name a part with a serial of its own. */
export const keyOf = ({ type, serial }: { type: string; serial: string }): string => `${type}/${serial}`

export const insertEntries = async ({ tx }: Context, list: readonly EntryRow[]): Promise<void> => {
  await tx.insert(partEntry).values([...list])
}
/** Held until the transaction ends. */
export async function lockEntry({ tx }: Context, id: string): Promise<EntryRow | null> {
  const [row] = await tx.select().from(partEntry).where(eq(partEntry.id, id)).for('update')
  return row ?? null
}
export const withdraw = async ({ tx }: Context, id: string, withdrawn_at: Instant, withdrawn_by: string) => {
  await tx.update(partEntry).set({ withdrawn_at, withdrawn_by }).where(eq(partEntry.id, id))
}

const LIVE_ENTRY = isNull(partEntry.withdrawn_at)
const OLDEST_FIRST = [asc(partEntry.effective_at), asc(partEntry.recorded_at), asc(partEntry.id)]
export const countEntries = ({ tx }: Context): Promise<number> => tx.$count(partEntry, LIVE_ENTRY)
/** All that stand, oldest first. */
export const entries = ({ tx }: Context): Promise<EntryRow[]> =>
  tx
    .select()
    .from(partEntry)
    .where(LIVE_ENTRY)
    .orderBy(...OLDEST_FIRST)
/** Those of one part, oldest first. */
export const entriesOf = ({ tx }: Context, { type, serial }: { type: string; serial: string }): Promise<EntryRow[]> =>
  tx
    .select()
    .from(partEntry)
    .where(and(LIVE_ENTRY, eq(partEntry.type, type), eq(partEntry.serial, serial)))
    .orderBy(...OLDEST_FIRST)

/** A stretch in which a source saw a part: what it told of it, and the machine, as the eye that is billed for it. */
export interface SeenRow {
  key: string
  resource_id: string
  scope_id: string
  from: Instant
  to: Instant | null
  machine_id: string | null
  machine_name: string | null
  parent: string | null
  slot: string | null
  model: string | null
  manufacturer: string | null
  health: string | null
}
/** A component that is known by a serial of its own, not by its slot. */
const hasSerial = (attributes: SQL) =>
  sql`r.kind = 'component' and r.external_id = (${attributes}->>'type') || '/' || (${attributes}->>'serial')`
const attributesOf = (name: string) => sql`v.content->'attributes'->>${sql.raw(`'${name}'`)} as ${sql.raw(name)}`

/** Live versions of some parts over all realms; of each part no more than so many, the newest. */
const VERSIONS_MAX = 1_000
export async function seenOf({ tx }: Context, keys: readonly string[]): Promise<SeenRow[]> {
  if (keys.length === 0) return []
  const found = await rows<Omit<SeenRow, 'from' | 'to'> & { from: string; to: string | null }>(
    tx,
    sql`select r.external_id as key, r.id as resource_id, v.scope_id, ${ms(sql`v.valid_from`)} as "from", ${ms(sql`v.valid_to`)} as "to",
          m.id as machine_id, m.name as machine_name, v.content->'parent'->>'external_id' as parent,
          ${attributesOf('slot')}, ${attributesOf('model')}, ${attributesOf('manufacturer')}, ${attributesOf('health')}
        from resource r
        cross join lateral (select * from observed_version o where o.resource_id = r.id and o.cut_to is null
          order by o.valid_from desc limit ${VERSIONS_MAX}) v
        left join lateral (select coalesce(v.host_id, (select q.id from resource q where q.realm = r.realm
          and q.kind = v.content->'parent'->>'kind' and q.external_id = v.content->'parent'->>'external_id'
          order by q.ended_at desc nulls first, q.id desc limit 1)) as id) h on true
        left join resource e on e.id = h.id
        left join resource m on m.id = coalesce(e.covered_by, e.id)
        where r.external_id = any(${arrayText(keys)}::text[]) and ${hasSerial(sql`r.attributes`)}
        order by r.external_id, v.valid_from, r.id`,
  )
  return found.map((row) => ({ ...row, from: Number(row.from), to: row.to === null ? null : Number(row.to) }))
}

/** What a page must know of a part of which people spoke: its state follows from all that is known of it. */
export interface SpokenRow {
  key: string
  state: PartState
  site: string
  model: string
}
const SORTS: Record<PartQuery['sort'], SQL> = {
  serial: sql`lower(p.serial)`,
  type: sql`p.type`,
  model: sql`lower(p.model)`,
  state: sql`p.state`,
}
const within = (text: string | undefined, column: SQL): SQL | undefined => {
  const list = (text ?? '').split(',').flatMap((one) => one.trim() || [])
  return list.length > 0 ? sql`${column} = any(${arrayText(list)}::text[])` : undefined
}
const like = (text: string) => `%${text.toLowerCase().replaceAll(/[\\%_]/g, (c) => `\\${c}`)}%`

/** Parts of which nobody spoke are where their source saw them, or missing; of a serial in several realms the one that is there now. */
const allParts = (spoken: readonly SpokenRow[]): SQL => sql`
  (with said as (select * from ${columnar(spoken, { key: 'text', state: 'text', site: 'text', model: 'text' })}),
    seen as (select distinct on (r.external_id) r.external_id as key, r.attributes->>'model' as model, r.ended_at, r.host_id
      from resource r where ${hasSerial(sql`r.attributes`)} and r.first_seen_at is not null
      order by r.external_id, (r.ended_at is null) desc, r.first_seen_at desc, r.id)
  select a.key, split_part(a.key, '/', 1) as type, substr(a.key, strpos(a.key, '/') + 1) as serial, a.model, a.state, m.name as machine,
    case when a.state = 'installed' then coalesce(k.site, m.attributes->'location'->>'site', '') else a.site end as site
  from (select coalesce(s.key, w.key) as key, coalesce(s.model, w.model, '') as model,
      coalesce(w.state, case when s.ended_at is null then 'installed' else 'missing' end) as state, coalesce(w.site, '') as site,
      case when s.ended_at is null then s.host_id end as host_id
    from seen s full join said w on w.key = s.key) a
  left join resource e on e.id = a.host_id
  left join resource m on m.id = coalesce(e.covered_by, e.id)
  left join rack_mount t on t.resource_id = m.id and t.withdrawn_at is null and t.unmounted_at is null
  left join rack k on k.id = t.rack_id) p`

const matching = ({ state, type, site, q }: PartQuery): SQL => {
  const wanted = [
    within(state, sql`p.state`),
    within(type, sql`p.type`),
    site ? sql`p.site = ${site}` : undefined,
    q
      ? sql`(lower(p.serial) like ${like(q)} or lower(p.model) like ${like(q)} or lower(p.machine) like ${like(q)})`
      : undefined,
  ]
  return and(sql`true`, ...wanted) ?? sql`true`
}

/** Keys of a page of parts, one more than asked for where there are more, and by what they are sorted. */
export async function listKeys(
  { tx }: Context,
  query: PartQuery,
  spoken: readonly SpokenRow[],
  after: { key: string; sort: string } | null,
): Promise<{ key: string; sort: string }[]> {
  const by = SORTS[query.sort]
  const [direction, past] = query.order === 'asc' ? [sql`asc`, sql`>`] : [sql`desc`, sql`<`]
  const from = after ? sql`and (${by}, p.key) ${past} (${after.sort}, ${after.key})` : sql``
  return await rows(
    tx,
    sql`select p.key, ${by} as sort from ${allParts(spoken)} where ${matching(query)} ${from}
        order by ${by} ${direction}, p.key ${direction} limit ${query.limit + 1}`,
  )
}
export async function countKeys({ tx }: Context, query: PartQuery, spoken: readonly SpokenRow[]): Promise<number> {
  const [row] = await rows<{ total: number }>(
    tx,
    sql`select count(*)::int as total from ${allParts(spoken)} where ${matching(query)}`,
  )
  return sure(row).total
}
