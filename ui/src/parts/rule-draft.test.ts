/** A rule and the form that edits it. */
import { expect, test } from 'vitest'
import type { AssignmentRule } from '../api.ts'
import { EMPTY_DRAFT, isReady, toDraft, toRule } from './rule-draft.ts'

const account = '0198c5d0-0000-7000-8000-000000000001'
const rule = (condition: AssignmentRule['condition'], effect: AssignmentRule['effect']): AssignmentRule => ({
  id: account,
  name: 'A rule',
  position: 1,
  from: null,
  to: null,
  resources: 0,
  condition,
  effect,
})

test('a rule that is opened and saved unchanged says what it said', () => {
  const one = { to: 'account', account_id: account, project_id: null } as const
  const each: [AssignmentRule['condition'], AssignmentRule['effect']][] = [
    [{}, one],
    [{ realm: 'k8s', connector: 'kubernetes', kinds: ['namespace', 'pod'] }, one],
    [{ attribute: { path: ['attributes', 'labels', 'app.kubernetes.io/team'], like: 'acme-*' } }, one],
    [{ attribute: { path: ['attributes', 'pool'], equals: 'gold' } }, { to: 'account_id' }],
    [{ attribute: { path: ['attributes', 'ha', 'group'] } }, { to: 'account_id' }],
    [{ attribute: { path: ['external_id'] }, parent: { kind: 's3_user', external_id: 'acme' } }, { to: 'parent' }],
  ]
  for (const [condition, effect] of each)
    expect(toRule(toDraft(rule(condition, effect)))).toEqual({ name: 'A rule', condition, effect })
})

test('a rule that gives by value is not ready without what has the value, nor without an account', () => {
  const draft = { ...EMPTY_DRAFT, name: 'x', effect: 'values' as const, values: [{ value: 'red', account }] }
  expect(isReady(draft)).toBe(false)
  expect(isReady({ ...draft, key: 'team' })).toBe(true)
  expect(isReady({ ...draft, subject: 'anything' })).toBe(false)
  expect(isReady({ ...draft, key: 'team', values: [{ value: 'red', account: '' }] })).toBe(false)
})
