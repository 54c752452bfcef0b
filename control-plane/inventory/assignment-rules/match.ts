/** Whether a rule speaks of a resource as it was at an instant, and to whom it then gives it: pure. */
import type { RuleCondition, RuleEffect, RuleEvidence } from '../contract.ts'

export interface Owner {
  account_id: string
  project_id: string | null
}
/** An owner, and who says so by what. */
export interface Given extends Owner {
  rule_id: string | null
  inherited_from: string | null
  evidence: RuleEvidence
}
type Parent = NonNullable<RuleEvidence['parent']>

/** A resource at an instant, as conditions look at it. */
export interface Subject {
  parent: Parent | null
  /** what stands at a path of its content; undefined: nothing */
  at(path: readonly string[]): unknown
}
/** What the parent's timeline says at that instant; null: it has no parent that is known, or nobody owns that. */
export type ParentOwner = (Owner & { resource_id: string }) | null

export interface Rule {
  rule_id: string
  condition: RuleCondition
  effect: RuleEffect
}

/** By what never changes of a resource: most rules are of another realm. */
export const mayConcern = (
  { realm, connector, kinds }: RuleCondition,
  of: { realm: string; connector: string; kind: string },
): boolean =>
  (realm === undefined || realm === of.realm) &&
  (connector === undefined || connector === of.connector) &&
  (!kinds || kinds.some((kind) => kind === of.kind))

/** `*` stands for any text. In linear time, whoever wrote the pattern. */
export function isLike(pattern: string, value: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return value === first
  if (!value.startsWith(first)) return false
  let from = first.length
  for (const part of rest) {
    const found = value.indexOf(part, from)
    if (found < 0) return false
    from = found + part.length
  }
  return value.length - last.length >= from && value.endsWith(last)
}

/** The values at a path as text, in an order that is always the same: a list stands for each of its members. */
function valuesAt(subject: Subject, path: readonly string[]): string[] {
  const found = subject.at(path)
  const list: unknown[] = Array.isArray(found) ? found : [found]
  return list
    .filter((one) => typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean')
    .map(String)
    .toSorted()
}

const fits = ({ equals, like }: NonNullable<RuleCondition['attribute']>, value: string): boolean =>
  (equals === undefined || value === equals) && (like === undefined || isLike(like, value))

/** To whom a rule that may concern the resource gives it; null: it doesn't speak of it. `accounts`: those that there are. */
export function giving(
  { rule_id, condition, effect }: Rule,
  subject: Subject,
  parentOwner: ParentOwner,
  accounts: ReadonlySet<string>,
): Given | null {
  const { attribute, parent } = condition
  if (parent && subject.parent?.kind !== parent.kind) return null
  if (parent?.external_id !== undefined && subject.parent?.external_id !== parent.external_id) return null
  const values = attribute ? valuesAt(subject, attribute.path).filter((value) => fits(attribute, value)) : []
  if (attribute && values.length === 0) return null
  for (const value of attribute ? values : [undefined]) {
    const owner = ownerOf(effect, value, parentOwner, accounts)
    if (!owner) continue
    const inherited_from = effect.to === 'parent' ? (parentOwner?.resource_id ?? null) : null
    return {
      ...owner,
      rule_id,
      inherited_from,
      evidence: evidenceOf(condition, value, subject, effect.to === 'parent'),
    }
  }
  return null
}

function ownerOf(
  effect: RuleEffect,
  value: string | undefined,
  parentOwner: ParentOwner,
  accounts: ReadonlySet<string>,
): Owner | null {
  if (effect.to === 'account') return { account_id: effect.account_id, project_id: effect.project_id }
  if (effect.to === 'parent')
    return parentOwner && { account_id: parentOwner.account_id, project_id: parentOwner.project_id }
  if (value === undefined) return null
  if (effect.to === 'account_id') return accounts.has(value) ? { account_id: value, project_id: null } : null
  return Object.hasOwn(effect.values, value) ? (effect.values[value] ?? null) : null
}

const evidenceOf = (
  { attribute, parent }: RuleCondition,
  value: string | undefined,
  subject: Subject,
  inherits: boolean,
): RuleEvidence => ({
  ...(attribute && value !== undefined && { path: attribute.path, value }),
  ...((parent || inherits) && subject.parent && { parent: subject.parent }),
})

/** Of what it is a part of: what holds where no rule speaks. */
export const inherited = (subject: Subject, owner: ParentOwner): Given | null =>
  owner &&
  subject.parent && {
    account_id: owner.account_id,
    project_id: owner.project_id,
    rule_id: null,
    inherited_from: owner.resource_id,
    evidence: { parent: subject.parent },
  }
