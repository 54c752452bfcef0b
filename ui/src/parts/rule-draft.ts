/** A rule of ownership as a form holds it, and the form as the API takes it: pure. */
import type { AssignmentRule, NewRule } from '../api.ts'

export const SUBJECTS = ['anything', 'label', 'pool', 'name', 'external_id', 'attribute'] as const
export type RuleSubject = (typeof SUBJECTS)[number]
export const EFFECTS = ['account', 'values', 'account_id', 'parent'] as const
export type RuleEffectKind = (typeof EFFECTS)[number]

export interface RuleDraft {
  name: string
  realm: string
  connector: string
  kinds: string[]
  subject: RuleSubject
  /** of a label its key, of an attribute its path with dots */
  key: string
  /** empty: any value; `*` stands for any text */
  value: string
  parentKind: string
  parentId: string
  effect: RuleEffectKind
  account: string
  project: string
  values: { value: string; account: string }[]
}

export const EMPTY_DRAFT: RuleDraft = {
  name: '',
  realm: '',
  connector: '',
  kinds: [],
  subject: 'label',
  key: '',
  value: '',
  parentKind: '',
  parentId: '',
  effect: 'account',
  account: '',
  project: '',
  values: [{ value: '', account: '' }],
}

type Path = readonly string[]
const ROOTS: Partial<Record<RuleSubject, Path>> = {
  pool: ['attributes', 'pool'],
  name: ['name'],
  external_id: ['external_id'],
}
const pathOf = ({ subject, key }: Pick<RuleDraft, 'subject' | 'key'>): string[] => {
  if (subject === 'label') return ['attributes', 'labels', key.trim()]
  if (subject === 'attribute') return ['attributes', ...key.trim().split('.')]
  return [...(ROOTS[subject] ?? [])]
}

export function subjectOf(path: Path): Pick<RuleDraft, 'subject' | 'key'> {
  const [root, second, ...rest] = path
  if (root === 'attributes' && second === 'labels' && rest.length === 1) return { subject: 'label', key: rest[0] ?? '' }
  if (root === 'attributes' && second === 'pool' && rest.length === 0) return { subject: 'pool', key: '' }
  if (root === 'name' || root === 'external_id') return { subject: root, key: '' }
  return { subject: 'attribute', key: path.slice(1).join('.') }
}

/** What is chosen by the value of something needs that something. */
const needsSubject = (effect: RuleEffectKind): boolean => effect === 'values' || effect === 'account_id'
export const needsKey = (subject: RuleSubject): boolean => subject === 'label' || subject === 'attribute'

export function isReady(draft: RuleDraft): boolean {
  const { name, subject, key, effect, account, values } = draft
  if (name.trim() === '' || (needsKey(subject) && key.trim() === '')) return false
  if (needsSubject(effect) && subject === 'anything') return false
  if (effect === 'account') return account !== ''
  return effect !== 'values' || values.some((one) => one.value !== '' && one.account !== '')
}

export function toRule(draft: RuleDraft): NewRule {
  const { name, realm, connector, kinds, subject, value, parentKind, parentId } = draft
  return {
    name: name.trim(),
    condition: {
      ...(realm && { realm }),
      ...(connector && { connector }),
      ...(kinds.length > 0 && { kinds: kinds as NonNullable<NewRule['condition']['kinds']> }),
      ...(subject !== 'anything' && {
        attribute: {
          path: pathOf(draft),
          ...(value !== '' && (value.includes('*') ? { like: value } : { equals: value })),
        },
      }),
      ...(parentKind && {
        parent: {
          kind: parentKind as NonNullable<NewRule['condition']['parent']>['kind'],
          ...(parentId && { external_id: parentId }),
        },
      }),
    },
    effect: effectOf(draft),
  }
}

function effectOf({ effect, account, project, values }: RuleDraft): NewRule['effect'] {
  if (effect === 'account') return { to: effect, account_id: account, project_id: project || null }
  if (effect !== 'values') return { to: effect }
  const named = values.filter((one) => one.value !== '' && one.account !== '')
  return { to: effect, values: Object.fromEntries(named.map((one) => [one.value, { account_id: one.account }])) }
}

export function toDraft({ name, condition, effect }: AssignmentRule): RuleDraft {
  const { realm = '', connector = '', kinds = [], attribute, parent } = condition
  return {
    ...EMPTY_DRAFT,
    name,
    realm,
    connector,
    kinds: [...kinds],
    ...(attribute ? subjectOf(attribute.path) : { subject: 'anything', key: '' }),
    value: attribute?.equals ?? attribute?.like ?? '',
    parentKind: parent?.kind ?? '',
    parentId: parent?.external_id ?? '',
    effect: effect.to,
    ...(effect.to === 'account' && { account: effect.account_id, project: effect.project_id ?? '' }),
    ...(effect.to === 'values' && {
      values: Object.entries(effect.values).map(([value, owner]) => ({ value, account: owner.account_id })),
    }),
  }
}
