/** The SQL of owners by rule: rules and their changes, the resources that are due, what rules look at, and the rows they make. */
import { and, desc, eq, inArray, isNull, isNotNull, or, type SQL, sql } from 'drizzle-orm'
import type { Kind } from '#connectors/contract.ts'
import { newId } from '../../base/id.ts'
import { type Instant, iso } from '../../base/time.ts'
import { among, arrayText, columnar, type Context, ms, rows } from '../../db/index.ts'
import type { RuleCondition, RuleEvidence } from '../contract.ts'
import { assignment, assignmentRule, assignmentRuleChange, dueOwner, resource } from '../schema.ts'
import type { Edit, Stored } from './edits.ts'
import { answering, type Assigned, clipped, keyOf, type Observed, type ParentOwners } from './rules.ts'

const LOCK = 7_241_021
const CHUNK = 1_000

/** Rules stay as they are until the transaction ends. */
export const holdRules = (ctx: Context) => ctx.tx.execute(sql`select pg_advisory_xact_lock_shared(${LOCK})`)
/** One changes them at a time, and nobody goes by them meanwhile. */
export const lockRules = (ctx: Context) => ctx.tx.execute(sql`select pg_advisory_xact_lock(${LOCK})`)

type RuleRow = typeof assignmentRule.$inferSelect
const fromRow = ({ valid_from, valid_to, ...row }: RuleRow): Stored => ({ ...row, from: valid_from, to: valid_to })

/** Versions that no later change replaced. */
export const liveRules = async ({ tx }: Context): Promise<Stored[]> =>
  (await tx.select().from(assignmentRule).where(isNull(assignmentRule.superseded_by))).map(fromRow)

/** What a change said, and what it replaced. */
export async function versionsOf({ tx }: Context, change_id: string): Promise<{ made: Stored[]; replaced: Stored[] }> {
  const found = await tx
    .select()
    .from(assignmentRule)
    .where(or(eq(assignmentRule.made_by, change_id), eq(assignmentRule.superseded_by, change_id)))
  return {
    made: found.filter((row) => row.made_by === change_id).map(fromRow),
    replaced: found.filter((row) => row.superseded_by === change_id).map(fromRow),
  }
}

export type ChangeRow = typeof assignmentRuleChange.$inferSelect

export async function insertChange({ tx }: Context, row: ChangeRow, edit: Edit): Promise<void> {
  await tx.insert(assignmentRuleChange).values(row)
  const old = edit.superseded.map(({ id }) => id)
  if (old.length > 0)
    await tx.update(assignmentRule).set({ superseded_by: row.id }).where(inArray(assignmentRule.id, old))
  const fresh = edit.fresh.map(({ from, to, ...version }) => ({
    ...version,
    id: newId(),
    valid_from: from,
    valid_to: to,
    made_by: row.id,
  }))
  if (fresh.length > 0) await tx.insert(assignmentRule).values(fresh)
}

export const markReversed = ({ tx }: Context, id: string, reversed_by: string) =>
  tx.update(assignmentRuleChange).set({ reversed_by }).where(eq(assignmentRuleChange.id, id))

/** Newest first. */
export const changes = ({ tx }: Context, limit: number, before: string | null = null): Promise<ChangeRow[]> =>
  tx
    .select()
    .from(assignmentRuleChange)
    .where(before === null ? undefined : sql`${assignmentRuleChange.id} < ${before}::uuid`)
    .orderBy(desc(assignmentRuleChange.id))
    .limit(limit)

export async function findChange({ tx }: Context, id: string): Promise<ChangeRow | undefined> {
  const [row] = await tx.select().from(assignmentRuleChange).where(eq(assignmentRuleChange.id, id))
  return row
}

/** So many resources are their owners' by each rule now. */
export async function countByRule({ tx }: Context): Promise<Map<string, number>> {
  const found = await rows<{ rule_id: string; count: number }>(
    tx,
    sql`select rule_id, count(*)::int as count from assignment
        where cut_to is null and rule_id is not null and valid_to is null group by rule_id`,
  )
  return new Map(found.map(({ rule_id, count }) => [rule_id, count]))
}

export const namesOfRules = async ({ tx }: Context, ids: readonly string[]): Promise<Map<string, string>> => {
  if (ids.length === 0) return new Map()
  const found = await tx
    .selectDistinctOn([assignmentRule.rule_id], { id: assignmentRule.rule_id, name: assignmentRule.name })
    .from(assignmentRule)
    .where(among(assignmentRule.rule_id, ids))
    .orderBy(assignmentRule.rule_id, desc(assignmentRule.made_by))
  return new Map(found.map(({ id, name }) => [id, name]))
}

/** Names of rules in force, or that will be, that give to a project. */
export const rulesNaming = ({ tx, now }: Context, project_id: string) =>
  rows<{ name: string }>(
    tx,
    sql`select distinct name from assignment_rule where superseded_by is null and effect::text like ${`%${project_id}%`}
          and (valid_to is null or valid_to > ${iso(now())}::timestamptz) order by name limit 5`,
  )

/** Accounts that there are among these. */
export async function knownAccounts({ tx }: Context, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const found = await rows<{ id: string }>(tx, sql`select id from account where ${among(sql`id`, ids)}`)
  return new Set(found.map(({ id }) => id))
}

/** Projects of these that are open, with their accounts. */
export const openProjects = ({ tx }: Context, ids: readonly string[]) =>
  ids.length === 0
    ? Promise.resolve([])
    : rows<{ id: string; account_id: string }>(
        tx,
        sql`select id, account_id from project where ${among(sql`id`, ids)} and closed_at is null for share`,
      )

export async function accountNames({ tx }: Context, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const found = await rows<{ id: string; name: string }>(
    tx,
    sql`select id, name from account where ${among(sql`id`, ids)} union all select id, name from project where ${among(sql`id`, ids)}`,
  )
  return new Map(found.map(({ id, name }) => [id, name]))
}

type Where = Pick<RuleCondition, 'realm' | 'connector' | 'kinds'>
const text = (list: readonly string[]) => sql`${arrayText(list)}::text[]`
const within = ({ realm, connector, kinds }: Where): SQL =>
  and(
    sql`true`,
    realm === undefined ? undefined : sql`r.realm = ${realm}`,
    connector === undefined ? undefined : sql`s.connector = ${connector}`,
    kinds && sql`r.kind = any(${text(kinds)})`,
  ) ?? sql`true`

/** Resources of which one of these conditions may speak, and that lived on after an instant (null: all). */
const mayConcern = (conditions: readonly Where[], since: Instant | null): SQL => sql`
  from resource r join source s on s.id = r.source_id
  where r.first_seen_at is not null and (${sql.join(conditions.map(within), sql` or `)})
    and ${since === null ? sql`true` : sql`(r.ended_at is null or r.ended_at > ${iso(since)}::timestamptz)`}`

export const concerned = async (
  { tx }: Context,
  conditions: readonly Where[],
  since: Instant | null,
  limit: number,
): Promise<string[]> =>
  (await rows<{ id: string }>(tx, sql`select r.id ${mayConcern(conditions, since)} limit ${limit}`)).map(({ id }) => id)

export const markConcerned = ({ tx, now }: Context, conditions: readonly Where[], since: Instant | null) =>
  tx.execute(
    sql`insert into due_owner (id, resource_id, marked_at) select uuidv7(), r.id, ${iso(now())}::timestamptz ${mayConcern(conditions, since)}`,
  )

/** Resources that are, or once were, a part of one of these. */
const partsOf = (ids: readonly string[]): SQL => sql`
  select distinct v.resource_id from resource p
    join observed_version v on v.cut_to is null and v.content ? 'parent'
      and v.content->'parent'->>'external_id' = p.external_id and v.content->'parent'->>'kind' = p.kind
    join resource c on c.id = v.resource_id and c.realm = p.realm
  where ${among(sql`p.id`, ids)}`

export const parts = async ({ tx }: Context, ids: readonly string[]): Promise<string[]> =>
  (await rows<{ resource_id: string }>(tx, partsOf(ids))).map(({ resource_id }) => resource_id)

export async function markParts({ tx, now }: Context, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await tx.execute(
    sql`insert into due_owner (id, resource_id, marked_at) select uuidv7(), p.resource_id, ${iso(now())}::timestamptz from (${partsOf(ids)}) p`,
  )
}

/** Takes resources that are due, the oldest mark first; several workers never take the same mark. */
export async function claimDue({ tx }: Context, limit: number): Promise<string[]> {
  const claimed = await rows<{ resource_id: string }>(
    tx,
    sql`delete from due_owner where id in (select id from due_owner order by id limit ${limit} for update skip locked)
        returning resource_id`,
  )
  return [...new Set(claimed.map(({ resource_id }) => resource_id))].toSorted()
}

export const countDue = (ctx: Context): Promise<number> => ctx.tx.$count(dueOwner)

/** Each has one writer of its owners until the transaction ends. */
export const lockAll = ({ tx }: Context, ids: readonly string[]) =>
  tx.select({ id: resource.id }).from(resource).where(among(resource.id, ids)).orderBy(resource.id).for('no key update')

interface SeenRow {
  id: string
  realm: string
  kind: string
  external_id: string
  connector: string
  from: string
  to: string | null
  from_exact: boolean
  not_before: string | null
  parent: RuleEvidence['parent'] | null
  found: unknown[]
}
const FUNCTION_ARGUMENTS = 50
/** What stands at each path, as one array: a function of PostgreSQL takes no more than a hundred arguments. */
function foundAt(paths: readonly (readonly string[])[]): SQL {
  const each = paths.map((path) =>
    path[0] === 'external_id' ? sql`to_jsonb(r.external_id)` : sql`v.content #> ${text(path)}`,
  )
  const parts: SQL[] = [sql`'[]'::jsonb`]
  for (let at = 0; at < each.length; at += FUNCTION_ARGUMENTS)
    parts.push(sql`jsonb_build_array(${sql.join(each.slice(at, at + FUNCTION_ARGUMENTS), sql`, `)})`)
  return sql.join(parts, sql` || `)
}

/** What rules look at of resources, from the first version to the last. */
export async function observedOf(
  { tx }: Context,
  ids: readonly string[],
  paths: readonly (readonly string[])[],
): Promise<Observed[]> {
  const found = await rows<SeenRow>(
    tx,
    sql`select r.id, r.realm, r.kind, r.external_id, s.connector, ${ms(sql`v.valid_from`)} as "from", ${ms(sql`v.valid_to`)} as "to",
          v.from_exact, ${ms(sql`v.not_before`)} as not_before, v.content->'parent' as parent, ${foundAt(paths)} as found
        from observed_version v join resource r on r.id = v.resource_id join source s on s.id = r.source_id
        where v.cut_to is null and ${among(sql`v.resource_id`, ids)} order by v.resource_id, v.valid_from`,
  )
  const place = new Map(paths.map((path, index) => [path.join('\n'), index]))
  return [...Map.groupBy(found, ({ id }) => id).values()].flatMap((own) => {
    const [first, last] = [own[0], own.at(-1)]
    if (!first || !last) return []
    const { id, realm, kind, connector, from_exact, not_before } = first
    const born = from_exact ? Number(first.from) : not_before === null ? null : Number(not_before)
    const shown = own.map((row) => ({
      from: Number(row.from),
      parent: row.parent ?? null,
      at: (path: readonly string[]) => row.found[place.get(path.join('\n')) ?? -1],
    }))
    return [{ id, realm, kind, connector, born, ended: last.to === null ? null : Number(last.to), shown }]
  })
}

export interface AssignedRow extends Omit<Assigned, 'evidence'> {
  id: string
  resource_id: string
  cut_from: number
  /** null: a person decided, or the source is of the account */
  evidence: RuleEvidence | null
}
export async function assignedOf({ tx }: Context, ids: readonly string[]): Promise<AssignedRow[]> {
  const found = await tx
    .select()
    .from(assignment)
    .where(and(among(assignment.resource_id, ids), isNull(assignment.cut_to)))
  return found.map(({ valid_from, valid_to, ...row }) => ({ ...row, from: valid_from, to: valid_to }))
}

interface ParentRow {
  id: string
  realm: string
  kind: Kind
  external_id: string
  incarnation: string
  first_seen_at: Instant
}
/** Every incarnation of what resources are a part of; their owners stay as they are until the transaction ends. */
export async function parentsOf({ tx }: Context, observed: readonly Observed[], lock: boolean): Promise<ParentRow[]> {
  const named = observed.flatMap(({ realm, shown }) =>
    shown.flatMap(({ parent }) => (parent ? [{ realm, kind: parent.kind, external_id: parent.external_id }] : [])),
  )
  const wanted = [...new Map(named.map((one) => [keyOf(one.realm, one), one])).values()]
  if (wanted.length === 0) return []
  const found = await rows<Omit<ParentRow, 'first_seen_at'> & { first_seen_at: string }>(
    tx,
    sql`select r.id, r.realm, r.kind, r.external_id, r.incarnation, ${ms(sql`r.first_seen_at`)} as first_seen_at from resource r
        join ${columnar(wanted, { realm: 'text', kind: 'text', external_id: 'text' }, 'w')}
          on r.realm = w.realm and r.kind = w.kind and r.external_id = w.external_id
        where r.first_seen_at is not null order by r.id ${lock ? sql`for share of r` : sql``}`,
  )
  return found.map((row) => ({ ...row, first_seen_at: Number(row.first_seen_at) }))
}

/** Who owned each of these when, as one that is named by its id. */
export function ownersOfParents(parents: readonly ParentRow[], assigned: readonly AssignedRow[]): ParentOwners {
  const own = Map.groupBy(assigned, ({ resource_id }) => resource_id)
  const named = Map.groupBy(parents, (row) => keyOf(row.realm, row))
  return new Map(
    [...named].map(([key, incarnations]) => [
      key,
      answering(incarnations).flatMap((one) =>
        clipped(own.get(one.id) ?? [], one).map(({ from, to, account_id, project_id }) => ({
          from,
          to,
          account_id,
          project_id,
          resource_id: one.id,
        })),
      ),
    ]),
  )
}

/** A row that a closed cut may have seen is kept with its end; one that none saw goes. */
export async function replaceAssigned(
  ctx: Context,
  gone: readonly AssignedRow[],
  fresh: readonly (Assigned & { resource_id: string })[],
  cut: number,
): Promise<void> {
  const unseen = gone.filter((row) => row.cut_from === cut).map((row) => row.id)
  const seen = gone.filter((row) => row.cut_from !== cut).map((row) => row.id)
  if (unseen.length > 0) await ctx.tx.delete(assignment).where(among(assignment.id, unseen))
  if (seen.length > 0) await ctx.tx.update(assignment).set({ cut_to: cut }).where(among(assignment.id, seen))
  const shared = { actor: 'rule', reason: '', recorded_at: ctx.now(), cut_from: cut }
  for (let at = 0; at < fresh.length; at += CHUNK)
    await ctx.tx.insert(assignment).values(
      fresh.slice(at, at + CHUNK).map(({ from, to, ...row }) => ({
        ...row,
        ...shared,
        id: newId(),
        valid_from: from,
        valid_to: to,
      })),
    )
}

export const named = ({ tx }: Context, ids: readonly string[]) =>
  tx
    .select({ id: resource.id, kind: resource.kind, name: resource.name })
    .from(resource)
    .where(and(among(resource.id, ids), isNotNull(resource.first_seen_at)))
