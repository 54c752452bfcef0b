/** The observed timeline: what holds whatever the order of arrival. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Content } from '#connectors/contract.ts'
import { type Sighting, type Version, versions } from './rules.ts'

const content = (state: Content['state'], vcpu = 1, host = 'A'): Content => ({
  name: 'vm',
  state,
  size: { vcpu_count: vcpu },
  host,
  evidence: {},
  attributes: {},
})
const seen = (
  seen_at: number,
  scope_id: string,
  what: Content | null,
  exact = false,
  previous_at: number | null = seen_at - 10,
): Sighting => ({
  seen_at,
  scope_id,
  scope: scope_id,
  content: what,
  exact,
  position: 0,
  previous_at,
})
const brief = (sightings: Sighting[]) =>
  versions(sightings, 'x').map((v) => [v.from, v.to, v.content.state, v.scope_id])

test('a resize at an event splits the version at that instant', () => {
  const timeline = versions(
    [seen(100, 'A', content('running', 1)), seen(155, 'A', { ...content('running', 2) }, true)],
    'x',
  )
  expect(timeline.map((v) => [v.from, v.to, v.content.size.vcpu_count, v.to_exact])).toEqual([
    [100, 155, 1, true],
    [155, null, 2, false],
  ])
})

test('an inexact absence ends the version at the first complete listing without it', () => {
  expect(brief([seen(100, 'A', content('running')), seen(140, 'A', null)])).toEqual([[100, 140, 'running', 'A']])
})

test('absence from one scope leaves a resource that another scope holds', () => {
  const timeline = [
    seen(100, 'A', content('running')),
    seen(120, 'B', content('running', 1, 'B')),
    seen(130, 'A', null),
  ]
  expect(brief(timeline)).toEqual([
    [100, 120, 'running', 'A'],
    [120, null, 'running', 'B'],
  ])
})

test('a machine that left one scope and appears in the next listing of another lived on in between', () => {
  const timeline = [
    seen(100, 'A', content('running')),
    seen(120, 'A', null),
    seen(150, 'B', content('running', 1, 'B'), false, 110),
  ]
  expect(brief(timeline)).toEqual([
    [100, 150, 'running', 'A'],
    [150, null, 'running', 'B'],
  ])
})

test('a machine that complete listings of both scopes lacked was gone', () => {
  const timeline = [
    seen(100, 'A', content('running')),
    seen(120, 'A', null),
    seen(150, 'B', content('running', 1, 'B'), false, 130),
  ]
  expect(brief(timeline).map(([from, to]) => [from, to])).toEqual([
    [100, 120],
    [150, null],
  ])
})

test('two placements running for longer than a migration are flagged', () => {
  const timeline = versions(
    [seen(0, 'A', content('running')), seen(10, 'B', content('running', 1, 'B')), seen(100_000, 'A', null)],
    'x',
  )
  expect(timeline.map((v) => v.conflict)).toEqual([false, true, false])
})

const anySighting = fc.record({
  scope: fc.constantFrom('A', 'B', 'C'),
  seen_at: fc.integer({ min: 0, max: 500 }),
  exact: fc.boolean(),
  position: fc.integer({ min: 0, max: 3 }),
  content: fc.option(
    fc.record({
      state: fc.constantFrom('running' as const, 'stopped' as const),
      size: fc.record({ vcpu_count: fc.integer({ min: 1, max: 2 }) }),
    }),
    { nil: null },
  ),
  previous_at: fc.constant(null),
})
/** Ids are given in order of arrival: they must not matter. */
const withIds = (facts: Omit<Sighting, 'scope_id'>[], ids: string): Sighting[] =>
  facts.map((fact) => ({ ...fact, scope_id: ids[fact.scope.charCodeAt(0) - 65]! }))
const withoutIds = (list: Version[]) => list.map(({ scope_id: _id, ...version }) => version)
const keyOf = (s: { seen_at: number; scope: string; exact: boolean; position: number }) =>
  `${s.seen_at}/${s.scope}/${s.exact}/${s.position}`

test('the order of arrival changes nothing, and versions never overlap', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(anySighting, { selector: keyOf, maxLength: 20 }),
      fc.infiniteStream(fc.double({ noNaN: true })),
      (facts, dice) => {
        const timeline = versions(withIds(facts, 'ABC'), 'x')
        const shuffled = facts
          .map((fact) => ({ fact, at: dice.next().value as number }))
          .toSorted((a, b) => a.at - b.at)
        const again = withIds(
          shuffled.map(({ fact }) => fact),
          'CBA',
        )
        expect(withoutIds(versions(again, 'x'))).toEqual(withoutIds(timeline))
        for (const [index, version] of timeline.entries()) {
          expect(version.to === null || version.from < version.to).toBe(true)
          const next = timeline[index + 1]
          if (next) expect(version.to !== null && version.to <= next.from).toBe(true)
        }
      },
    ),
  )
})
