/** Whose a resource is when, by rules: a pure function of what was observed, of the rules and of its parents' owners. */
import { canonical } from '#connectors/contract.ts'
import type { Instant } from '../../base/time.ts'
import type { RuleEvidence } from '../contract.ts'
import {
  type Given,
  giving,
  inherited,
  mayConcern,
  type Owner,
  type ParentOwner,
  type Rule,
  type Subject,
} from './match.ts'

export type Bounds = { from: Instant | null; to: Instant | null }
export type TimedRule = Rule & Bounds & { position: number }
type Parent = NonNullable<RuleEvidence['parent']>

/** What conditions look at, from an instant on. */
export interface Shown {
  from: Instant
  parent: Parent | null
  at: Subject['at']
}
export interface Observed {
  id: string
  realm: string
  kind: string
  connector: string
  /** it can't have been there before; null: nobody looked before it was first seen */
  born: Instant | null
  /** when it ended; null: it goes on */
  ended: Instant | null
  /** oldest first, at least one */
  shown: readonly Shown[]
}
/** Who owned each parent when: by `keyOf` of the parent, without overlaps. */
export type ParentOwners = ReadonlyMap<string, readonly (Bounds & Owner & { resource_id: string })[]>
export const keyOf = (realm: string, { kind, external_id }: Parent): string => `${realm}\n${kind}\n${external_id}`

export type Assigned = Bounds & Given

const [BEGINNING, END] = [-Infinity, Infinity]
const holdsAt = ({ from, to }: Bounds, at: Instant): boolean => (from ?? BEGINNING) <= at && at < (to ?? END)

const byOrder = (a: TimedRule, b: TimedRule): number =>
  a.position - b.position || (a.rule_id < b.rule_id ? -1 : Number(a.rule_id > b.rule_id))

/**
 * The owners of a resource from the first on that there is: at each instant the first rule in force that speaks of it, else the owner of
 * what it is a part of, else whoever had it. Before it was first seen it counts as what it then was. What happens after its end is no
 * matter of its owner.
 */
export function owners(
  observed: Observed,
  rules: readonly TimedRule[],
  parents: ParentOwners,
  accounts: ReadonlySet<string>,
): Assigned[] {
  const ordered = rules.filter(({ condition }) => mayConcern(condition, observed)).toSorted(byOrder)
  const out: Assigned[] = []
  let current: Assigned | null = null
  for (const at of instants(observed, ordered, parents)) {
    const given = givenAt(observed, at, ordered, parents, accounts)
    if (!given || (current && sameOwner(current, given))) continue
    const from = at === BEGINNING ? null : at
    if (current) current.to = from
    current = { ...given, from, to: null }
    out.push(current)
  }
  return out
}

const sameOwner = (a: Owner, b: Owner): boolean => a.account_id === b.account_id && a.project_id === b.project_id

/** When its owner may change, in order: at its birth, and at each change of what is looked at. */
function instants({ realm, born, ended, shown }: Observed, rules: readonly Bounds[], parents: ParentOwners): Instant[] {
  const first = born ?? BEGINNING
  const all = new Set<Instant>([first])
  const add = (at: Instant | null) => at !== null && at > first && at < (ended ?? END) && all.add(at)
  for (const { from, to } of rules) [from, to].forEach(add)
  for (const { from } of shown.slice(1)) add(from)
  for (const key of new Set(shown.flatMap(({ parent }) => (parent ? [keyOf(realm, parent)] : []))))
    for (const { from, to } of parents.get(key) ?? []) [from, to].forEach(add)
  return [...all].toSorted((a, b) => a - b)
}

function givenAt(
  observed: Observed,
  at: Instant,
  rules: readonly TimedRule[],
  parents: ParentOwners,
  accounts: ReadonlySet<string>,
): Given | null {
  const now = observed.shown.findLast(({ from }) => from <= at) ?? observed.shown[0]
  if (!now) return null
  const subject: Subject = { parent: now.parent, at: now.at }
  const owner: ParentOwner = now.parent
    ? (parents.get(keyOf(observed.realm, now.parent))?.find((one) => holdsAt(one, at)) ?? null)
    : null
  for (const rule of rules) {
    const given = holdsAt(rule, at) ? giving(rule, subject, owner, accounts) : null
    if (given) return given
  }
  return inherited(subject, owner)
}

/** What is left of the owners by rule beside what people decided. */
export const beside = (assigned: readonly Assigned[], decided: readonly Bounds[]): Assigned[] =>
  decided.reduce<Assigned[]>((rest, hole) => rest.flatMap((row) => without(row, hole)), [...assigned])

function without(row: Assigned, hole: Bounds): Assigned[] {
  const [from, to] = [row.from ?? BEGINNING, row.to ?? END]
  const [start, end] = [hole.from ?? BEGINNING, hole.to ?? END]
  if (end <= from || to <= start) return [row]
  return [...(from < start ? [{ ...row, to: hole.from }] : []), ...(end < to ? [{ ...row, from: hole.to }] : [])]
}

/** What makes a row of the timeline this one. */
export const identityOf = ({ account_id, project_id, from, to, rule_id, inherited_from, evidence }: Assigned): string =>
  canonical([account_id, project_id, from, to, rule_id, inherited_from, evidence as never])

/** A stretch in which another is the owner than before. */
export interface Change extends Bounds {
  before: Owner | null
  after: Owner | null
}
/** Where two timelines differ in the owner, in order. */
export function differences(before: readonly (Bounds & Owner)[], after: readonly (Bounds & Owner)[]): Change[] {
  const bounds = [...before, ...after].flatMap(({ from, to }) => [from ?? BEGINNING, to ?? END])
  const points = [...new Set(bounds)].toSorted((a, b) => (a < b ? -1 : Number(a > b)))
  const out: Change[] = []
  for (const [index, at] of points.entries()) {
    const until = points[index + 1]
    if (until === undefined) break
    const [was, is] = [before, after].map((rows) => rows.find((row) => holdsAt(row, at)) ?? null)
    if (was === is || (was && is && sameOwner(was, is))) continue
    out.push({
      from: at === BEGINNING ? null : at,
      to: until === END ? null : until,
      before: was ?? null,
      after: is ?? null,
    })
  }
  return out
}

/** Where each of several that bore one id answers to it: from when it was first seen until the next was; the first one also before. */
export function answering<T extends { incarnation: string; first_seen_at: Instant }>(
  incarnations: readonly T[],
): (T & Bounds)[] {
  const ordered = incarnations.toSorted(
    (a, b) => a.first_seen_at - b.first_seen_at || (a.incarnation < b.incarnation ? -1 : 1),
  )
  return ordered
    .map((one, index) => ({
      ...one,
      from: index === 0 ? null : one.first_seen_at,
      to: ordered[index + 1]?.first_seen_at ?? null,
    }))
    .filter(({ from, to }) => from === null || to === null || from < to)
}

/** The part of each row that lies within bounds. */
export const clipped = <T extends Bounds>(rows: readonly T[], bounds: Bounds): T[] =>
  rows.flatMap((row) => {
    const from = Math.max(row.from ?? BEGINNING, bounds.from ?? BEGINNING)
    const to = Math.min(row.to ?? END, bounds.to ?? END)
    return from < to ? [{ ...row, from: from === BEGINNING ? null : from, to: to === END ? null : to }] : []
  })
