/** Owners by rule: what holds of one resource, whatever its history and that of the rules. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RuleCondition, RuleEffect } from '../contract.ts'
import { after, ended, ordered, restated, revised, type Stored, undone } from './edits.ts'
import { isLike } from './match.ts'
import { answering, beside, clipped, differences, keyOf, type Observed, owners, type TimedRule } from './rules.ts'

const [A, B, C] = ['account-a', 'account-b', 'account-c']
const to = (account_id: string): RuleEffect => ({ to: 'account', account_id, project_id: null })
const team = { attribute: { path: ['attributes', 'labels', 'team'] } }
const byTeam: RuleEffect = {
  to: 'values',
  values: { red: { account_id: A, project_id: null }, blue: { account_id: B, project_id: null } },
}
const rule = (
  rule_id: string,
  condition: RuleCondition,
  effect: RuleEffect,
  over: Partial<TimedRule> = {},
): TimedRule => ({
  rule_id,
  position: 1,
  from: null,
  to: null,
  condition,
  effect,
  ...over,
})
const shown = (from: number, label?: string, parent: Observed['shown'][number]['parent'] = null) => ({
  from,
  parent,
  at: () => label,
})
const seen = (list: Observed['shown'], over: Partial<Observed> = {}): Observed => ({
  id: 'r',
  realm: 'k8s',
  kind: 'namespace',
  connector: 'kubernetes',
  born: list[0]?.from ?? 0,
  ended: null,
  shown: list,
  ...over,
})
const NO_PARENTS = new Map<string, never[]>()
const brief = (one: Observed, rules: TimedRule[], parents: Parameters<typeof owners>[2] = NO_PARENTS) =>
  owners(one, rules, parents, new Set()).map(({ from, to: until, account_id, rule_id }) => [
    from,
    until,
    account_id,
    rule_id,
  ])

test('a label that changes at the source is a transfer at that instant; what was before stays', () => {
  const one = seen([shown(100, 'red'), shown(200, 'red'), shown(300, 'blue')])
  expect(brief(one, [rule('r', team, byTeam)])).toEqual([
    [100, 300, A, 'r'],
    [300, null, B, 'r'],
  ])
})

test('a label that is mapped to nobody, or is gone, leaves it with whoever had it', () => {
  expect(brief(seen([shown(100, 'red'), shown(200, 'green'), shown(300)]), [rule('r', team, byTeam)])).toEqual([
    [100, null, A, 'r'],
  ])
})

test('of two rules that speak of it the first in order wins, and the other only where the first says nothing', () => {
  const one = seen([shown(100, 'red'), shown(200, 'green')])
  const rules = [rule('all', {}, to(C), { position: 2 }), rule('team', team, byTeam, { position: 1 })]
  expect(brief(one, rules)).toEqual([
    [100, 200, A, 'team'],
    [200, null, C, 'all'],
  ])
  const turned = rules.map((each) => ({ ...each, position: 3 - each.position }))
  expect(brief(one, turned)).toEqual([[100, null, C, 'all']])
})

test('a rule gives nothing before it holds, and what it gave stays when it is removed', () => {
  const one = seen([shown(100, 'red')])
  expect(brief(one, [rule('r', team, byTeam, { from: 150, to: 250 })])).toEqual([[150, null, A, 'r']])
  expect(brief(one, [rule('r', team, byTeam, { from: 50, to: 80 })])).toEqual([])
})

test('it is owned from when it can first have been there, so that what it used before it was listed is somebody’s', () => {
  expect(brief(seen([shown(100, 'red')], { born: 90 }), [rule('r', team, byTeam)])).toEqual([[90, null, A, 'r']])
  expect(brief(seen([shown(100, 'red')], { born: null }), [rule('r', team, byTeam)])).toEqual([[null, null, A, 'r']])
  expect(brief(seen([shown(100, 'red')], { born: null }), [rule('r', team, byTeam, { from: 60 })])).toEqual([
    [60, null, A, 'r'],
  ])
})

test('a rule that comes after it ended gives nothing', () => {
  expect(brief(seen([shown(100, 'red')], { ended: 200 }), [rule('r', team, byTeam, { from: 200 })])).toEqual([])
})

test('a rule of one realm, connector or kind never speaks of another', () => {
  for (const condition of [{ realm: 'other' }, { connector: 'proxmox' }, { kinds: ['vm' as const] }])
    expect(brief(seen([shown(100, 'red')]), [rule('r', { ...team, ...condition }, byTeam)])).toEqual([])
})

test('what is a part of another has its owner where no rule speaks, at each instant that of whoever bears the id then', () => {
  const parent = { kind: 's3_user' as const, external_id: 'acme' }
  const bucket = seen([shown(100, undefined, parent)], { kind: 'bucket', realm: 'rgw' })
  const users = answering([
    { incarnation: 'second', first_seen_at: 500, owner: B },
    { incarnation: 'first', first_seen_at: 50, owner: A },
  ]).flatMap((one) =>
    clipped([{ from: null, to: null, account_id: one.owner, project_id: null, resource_id: one.incarnation }], one),
  )
  const parents = new Map([[keyOf('rgw', parent), users]])
  expect(brief(bucket, [], parents)).toEqual([
    [100, 500, A, null],
    [500, null, B, null],
  ])
  const before = rule('all', { kinds: ['bucket'] }, to(C))
  expect(brief(bucket, [before], parents)).toEqual([[100, null, C, 'all']])
  // in another realm the same name is somebody else
  expect(brief({ ...bucket, realm: 'elsewhere' }, [], parents)).toEqual([])
})

test('what people decided stands, and rules have what is left', () => {
  const all = owners(seen([shown(100, 'red')]), [rule('r', team, byTeam)], NO_PARENTS, new Set())
  const bounds = (decided: { from: number | null; to: number | null }[]) =>
    beside(all, decided).map(({ from, to: until }) => [from, until])
  expect(bounds([{ from: 150, to: null }])).toEqual([[100, 150]])
  expect(bounds([{ from: 150, to: 200 }])).toEqual([
    [100, 150],
    [200, null],
  ])
  expect(bounds([{ from: null, to: null }])).toEqual([])
})

test('* stands for any text, as a regular expression has it', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 })
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 6 })
  fc.assert(
    fc.property(pattern, letters, (like, value) => {
      expect(isLike(like, value)).toBe(new RegExp(`^${like.replaceAll('*', '.*')}$`).test(value))
    }),
  )
})

const content = (account: string) => ({ name: account, condition: {}, effect: to(account) })
let number = 0
const stored = (versions: ReturnType<typeof after>, made_by: string): Stored[] =>
  versions.map((one) => ({ id: `${(number += 1)}`, made_by, superseded_by: null, ...one }))
/** The owner of one resource at each instant of a line. */
const line = (rules: ReturnType<typeof after>) => {
  const timeline = owners(seen([shown(0)]), rules, NO_PARENTS, new Set())
  return Array.from(
    { length: 20 },
    (_, at) => timeline.find((row) => (row.from ?? 0) <= at && at < (row.to ?? 99))?.account_id ?? null,
  )
}

test('no change of the rules changes what was before the instant from which it holds', () => {
  const step = fc.record({
    kind: fc.constantFrom('create', 'change', 'remove', 'order'),
    at: fc.integer({ min: 0, max: 19 }),
    which: fc.nat(3),
    account: fc.constantFrom(A, B, C),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
      let live: Stored[] = []
      for (const { kind, at, which, account } of steps) {
        const ids = [...new Set(live.map(({ rule_id }) => rule_id))]
        const id = ids[which % Math.max(1, ids.length)]
        const own = live.filter(({ rule_id }) => rule_id === id)
        const said = { ...content(account), position: live.length + 1 }
        const edit =
          kind === 'create' || id === undefined
            ? restated([], `rule-${live.length}-${at}`, at, said)
            : kind === 'change'
              ? restated(own, id, at, said)
              : kind === 'remove'
                ? revised(own, at, () => null)
                : ordered(live, ids.toReversed(), at)
        const next = stored(after(live, edit), 'change')
        expect(line(next).slice(0, at)).toEqual(line(live).slice(0, at))
        live = next
      }
    }),
  )
})

test('undoing a change as of then is as though it had never been; as of now it leaves the past', () => {
  const live = stored(restated([], 'one', null, { ...content(A), position: 1 }).fresh, 'first')
  const edit = restated(live, 'one', 10, { ...content(B), position: 1 })
  const changed = stored(after(live, edit), 'second')
  expect(line(changed)).toEqual([...Array(10).fill(A), ...Array(10).fill(B)])
  expect(line(after(changed, undone(changed, edit.superseded)))).toEqual(line(live))
  const now = after(changed, ended(changed, edit.superseded, changed, 15))
  expect(line(now)).toEqual([...Array(10).fill(A), ...Array(5).fill(B), ...Array(5).fill(A)])
})

test('the differences of two timelines are where the owner is another, from the beginning of time to its end', () => {
  const row = (from: number | null, until: number | null, account_id: string) => ({
    from,
    to: until,
    account_id,
    project_id: null,
  })
  expect(
    differences([], [row(null, 5, A), row(5, null, B)]).map((one) => [one.from, one.to, one.after?.account_id]),
  ).toEqual([
    [null, 5, A],
    [5, null, B],
  ])
  expect(differences([row(1, null, A)], [row(1, null, A)])).toEqual([])
})
