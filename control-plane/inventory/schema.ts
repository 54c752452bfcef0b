/** Tables of the inventory: facts (snapshots, sightings) and the two timelines that follow from them. */
import { sql } from 'drizzle-orm'
import {
  boolean,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import type { Content, Kind, Observation, Size, State } from '#connectors/contract.ts'
import { account, project } from '../accounts/schema.ts'
import { instant } from '../db/columns.ts'
import { source } from '../sources/schema.ts'
import type { RuleChange, RuleCondition, RuleEffect, RuleEvidence, SameAsEvidence } from './contract.ts'

/** What lists show unless they are asked for more: a condition of their indexes, word by word. */
export const LIVING = sql.raw('first_seen_at is not null and ended_at is null and covered_by is null')

/** Identity, and what is so now (a projection of the newest version and assignment, for lists). */
export const resource = pgTable(
  'resource',
  {
    id: uuid().primaryKey(),
    realm: text().notNull(),
    kind: text().$type<Kind>().notNull(),
    external_id: text().notNull(),
    incarnation: text().notNull(),
    created_at: instant().notNull(),
    source_id: uuid()
      .notNull()
      .references(() => source.id),
    name: text().notNull(),
    state: text().$type<State>().notNull(),
    size: jsonb().$type<Size>().notNull(),
    host_id: uuid(),
    scope_id: uuid(),
    attributes: jsonb().$type<Record<string, unknown>>().notNull(),
    evidence: jsonb().$type<Content['evidence']>().notNull(),
    first_seen_at: instant(),
    ended_at: instant(),
    conflict: boolean().notNull(),
    account_id: uuid(),
    project_id: uuid(),
    /** the resource that is billed for this machine now; null: itself */
    covered_by: uuid(),
    /** lower-case text that the search box looks through */
    search: text().notNull(),
    /** what rating said that it costs an hour when it was last looked at, in the currency of its account; lists are sorted by it */
    cost_per_hour: numeric(),
    /** by which prices and for what held that was said; null: it is nobody's, or was not looked at */
    cost_basis: text(),
    /** of what is held of it: what it costs goes by this and its prices alone */
    held_digest: text()
      .notNull()
      .generatedAlwaysAs(sql`left(md5(state || size::text), 16)`),
  },
  (t) => [
    uniqueIndex().on(t.realm, t.kind, t.external_id, t.incarnation),
    index().on(t.account_id),
    index().on(t.host_id),
    index().on(t.kind, t.name),
    index().on(t.source_id),
    index().on(t.covered_by),
    /** a part by its type and serial, over all realms */
    index('resource_component_index')
      .on(t.external_id)
      .where(sql`kind = 'component'`),
    index('resource_search_index').using('gin', sql`search gin_trgm_ops`),
    // lists of what lives: in order, counted, and looked through for what costs something else by now
    index('resource_name_index')
      .on(sql`lower(name)`, t.id)
      .where(LIVING),
    index('resource_cost_index')
      .on(sql`coalesce(cost_per_hour, '-infinity'::numeric)`, t.id)
      .where(LIVING),
    index('resource_living_index')
      .on(t.account_id, t.kind, t.state, t.held_digest, t.cost_basis, t.project_id, t.source_id, t.id)
      .where(LIVING),
    index('resource_costless_index')
      .on(t.id)
      .where(sql`cost_basis is not null and (account_id is null or ended_at is not null or covered_by is not null)`),
  ],
)

/** A part of a realm that one listing covers whole. */
export const scope = pgTable(
  'scope',
  {
    id: uuid().primaryKey(),
    realm: text().notNull(),
    kind: text().$type<Kind>().notNull(),
    external_id: text().notNull(),
  },
  (t) => [uniqueIndex().on(t.realm, t.kind, t.external_id)],
)

/** Parts of a listing that isn't whole yet. */
export const snapshotPart = pgTable(
  'snapshot_part',
  {
    snapshot_id: uuid().notNull(),
    part: integer().notNull(),
    source_id: uuid().notNull(),
    resources: jsonb().$type<Observation[]>().notNull(),
    stored_at: instant().notNull(),
  },
  (t) => [primaryKey({ columns: [t.snapshot_id, t.part] })],
)

/** The instants at which a scope was listed, and the digest of what was listed. */
export const snapshot = pgTable(
  'snapshot',
  {
    scope_id: uuid()
      .notNull()
      .references(() => scope.id),
    seen_at: instant().notNull(),
    source_id: uuid().notNull(),
    digest: text().notNull(),
    complete: boolean().notNull(),
    interval_ms: integer().notNull(),
    /** false until the listing of this digest has arrived */
    in_force: boolean().notNull(),
    cut: integer().notNull(),
    stored_at: instant().notNull(),
  },
  (t) => [primaryKey({ columns: [t.scope_id, t.seen_at, t.source_id] })],
)

/** What was listed, once for each digest. */
export const listing = pgTable(
  'listing',
  {
    scope_id: uuid()
      .notNull()
      .references(() => scope.id),
    digest: text().notNull(),
    resources: jsonb().$type<Observation[]>().notNull(),
    stored_at: instant().notNull(),
  },
  (t) => [primaryKey({ columns: [t.scope_id, t.digest] })],
)

/** A change point: from `seen_at` the scope showed this content, or (null) no such resource. */
export const sighting = pgTable(
  'sighting',
  {
    resource_id: uuid()
      .notNull()
      .references(() => resource.id),
    scope_id: uuid()
      .notNull()
      .references(() => scope.id),
    seen_at: instant().notNull(),
    /** true: an event's own instant; false: the first listing that showed it */
    exact: boolean().notNull(),
    /** order of events of one instant; 0 for listings */
    position: integer().notNull(),
    change: text().notNull(),
    content: jsonb().$type<Partial<Content>>(),
    source_id: uuid().notNull(),
    cut: integer().notNull(),
    stored_at: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.resource_id, t.seen_at, t.scope_id, t.exact, t.position] }),
    index().on(t.scope_id, t.seen_at),
  ],
)

/** Stretches in which a scope was not listed for more than three intervals, as known to cuts [cut_from, cut_to). */
export const scopeGap = pgTable(
  'scope_gap',
  {
    scope_id: uuid()
      .notNull()
      .references(() => scope.id),
    from_at: instant().notNull(),
    to_at: instant().notNull(),
    cut_from: integer().notNull().default(0),
    cut_to: integer(),
  },
  (t) => [primaryKey({ columns: [t.scope_id, t.from_at, t.cut_from] })],
)

/** Resources whose versions must be made anew from an instant on. */
export const dirtyResource = pgTable(
  'dirty_resource',
  {
    resource_id: uuid().primaryKey(),
    since: instant().notNull(),
    marked_at: instant().notNull(),
  },
  (t) => [index().on(t.marked_at)],
)

/** The observed timeline, bitemporal: valid [valid_from, valid_to), known to cuts [cut_from, cut_to). */
export const observedVersion = pgTable(
  'observed_version',
  {
    id: uuid().primaryKey(),
    resource_id: uuid()
      .notNull()
      .references(() => resource.id),
    valid_from: instant().notNull(),
    valid_to: instant(),
    from_exact: boolean().notNull(),
    to_exact: boolean().notNull(),
    /** last complete listing of the scope without it; null where there was none before */
    not_before: instant(),
    content: jsonb().$type<Content>().notNull(),
    scope_id: uuid().notNull(),
    host_id: uuid(),
    conflict: boolean().notNull(),
    cut_from: integer().notNull(),
    cut_to: integer(),
    stored_at: instant().notNull(),
  },
  (t) => [
    index().on(t.resource_id, t.valid_from),
    /** whose parent a resource is */
    index('observed_version_parent_index')
      .on(sql`(content->'parent'->>'external_id')`, sql`(content->'parent'->>'kind')`)
      .where(sql`cut_to is null and content ? 'parent'`),
  ],
)

/** The assigned timeline, bitemporal: who owned it, by people's decisions, and by rules where there is none. Null bounds are open. */
export const assignment = pgTable(
  'assignment',
  {
    id: uuid().primaryKey(),
    resource_id: uuid()
      .notNull()
      .references(() => resource.id),
    account_id: uuid()
      .notNull()
      .references(() => account.id),
    project_id: uuid().references(() => project.id),
    valid_from: instant(),
    valid_to: instant(),
    actor: text().notNull(),
    reason: text().notNull(),
    recorded_at: instant().notNull(),
    cut_from: integer().notNull(),
    cut_to: integer(),
    /** the rule that said so, by what it saw; null: a person did, or the source is of the account */
    evidence: jsonb().$type<RuleEvidence>(),
    /** null in a row with evidence: it has the owner of what it is a part of */
    rule_id: uuid(),
    inherited_from: uuid().references(() => resource.id),
  },
  (t) => [
    index().on(t.resource_id),
    index().on(t.account_id),
    index()
      .on(t.rule_id)
      .where(sql`cut_to is null and rule_id is not null`),
    // twice a second somebody asks whether a planned transfer has come
    index('assignment_begun_index')
      .on(t.valid_from)
      .where(sql`cut_to is null and valid_from is not null`),
  ],
)

/** What people changed of the rules by which resources come to accounts. */
export const assignmentRuleChange = pgTable('assignment_rule_change', {
  id: uuid().primaryKey(),
  kind: text().$type<RuleChange['kind']>().notNull(),
  name: text().notNull(),
  /** null: ever since */
  effective_at: instant(),
  reason: text().notNull(),
  actor: text().notNull(),
  recorded_at: instant().notNull(),
  reversed_by: uuid(),
})

/** Versions of those rules, bitemporal: in force in [valid_from, valid_to), as said by one change until another says otherwise. */
export const assignmentRule = pgTable(
  'assignment_rule',
  {
    id: uuid().primaryKey(),
    rule_id: uuid().notNull(),
    valid_from: instant(),
    valid_to: instant(),
    position: integer().notNull(),
    name: text().notNull(),
    condition: jsonb().$type<RuleCondition>().notNull(),
    effect: jsonb().$type<RuleEffect>().notNull(),
    made_by: uuid()
      .notNull()
      .references(() => assignmentRuleChange.id),
    superseded_by: uuid().references(() => assignmentRuleChange.id),
  },
  (t) => [index().on(t.rule_id), index().on(t.made_by), index().on(t.superseded_by)],
)

/** Resources whose owner by rule must be found anew. Rows are only added and taken, so that who adds waits for nobody. */
export const dueOwner = pgTable('due_owner', {
  id: uuid().primaryKey(),
  resource_id: uuid().notNull(),
  marked_at: instant().notNull(),
})

/** Proofs that a resource has shown: by them the eyes on one machine find each other. */
export const proof = pgTable(
  'proof',
  {
    resource_id: uuid()
      .notNull()
      .references(() => resource.id),
    key: text().notNull(),
  },
  (t) => [primaryKey({ columns: [t.resource_id, t.key] }), index().on(t.key)],
)

/** One machine seen by several eyes, bitemporal: in [valid_from, valid_to) `billed_id` is billed and `resource_id` is covered. */
export const sameAs = pgTable(
  'same_as',
  {
    id: uuid().primaryKey(),
    resource_id: uuid()
      .notNull()
      .references(() => resource.id),
    billed_id: uuid()
      .notNull()
      .references(() => resource.id),
    evidence: text().$type<SameAsEvidence>().notNull(),
    valid_from: instant().notNull(),
    valid_to: instant(),
    /** the billed eye saw the machine end here, and the covered one was not heard since */
    held_from: instant(),
    cut_from: integer().notNull(),
    cut_to: integer(),
    stored_at: instant().notNull(),
  },
  (t) => [index().on(t.resource_id, t.valid_from), index().on(t.billed_id)],
)

/** What people said of two resources; the one that isn't withdrawn holds, whatever the evidence. */
export const sameAsDecision = pgTable(
  'same_as_decision',
  {
    id: uuid().primaryKey(),
    a_id: uuid()
      .notNull()
      .references(() => resource.id),
    b_id: uuid()
      .notNull()
      .references(() => resource.id),
    same: boolean().notNull(),
    actor: text().notNull(),
    reason: text().notNull(),
    recorded_at: instant().notNull(),
    withdrawn_at: instant(),
  },
  (t) => [index().on(t.a_id), index().on(t.b_id)],
)

/** Resources whose covers changed: what became of their usage must be judged again. */
export const dirtyCover = pgTable(
  'dirty_cover',
  {
    resource_id: uuid().primaryKey(),
    since: instant().notNull(),
    marked_at: instant().notNull(),
  },
  (t) => [index().on(t.marked_at)],
)
