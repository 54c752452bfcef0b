/** Each difference and what only looks like it, fact by fact; and that silence makes none. */
import { expect, test } from 'vitest'
import type { AttachmentFact, EndedEyeFact, Facts, MachineFact, ScopeFact, ServiceFact, SourceFact } from './facts.ts'
import { judged, METERED_WITHIN_MS } from './rules.ts'

const NOW = Date.parse('2026-11-20T12:00:00.000Z')
const MINUTE = 60_000
const source = (over: Partial<SourceFact> = {}): SourceFact => ({
  id: 'source',
  connector: 'simulated',
  realm: 'r',
  state: 'ok',
  heard_at: NOW - MINUTE,
  lists: true,
  ...over,
})
const scope = ({ listed_at = NOW - MINUTE, ...over }: Partial<ScopeFact> = {}): ScopeFact => ({
  id: 'scope',
  realm: 'r',
  source_id: 'source',
  listed_at,
  heard_at: listed_at,
  interval_ms: MINUTE,
  ...over,
})
const machine = (over: Partial<MachineFact> = {}): MachineFact => ({
  id: 'm',
  kind: 'vm',
  name: 'm',
  realm: 'r',
  state: 'running',
  size: { vcpu_count: 2 },
  host_id: 'h1',
  account_id: 'a',
  covered_by: null,
  scope_id: 'scope',
  owned_since: 1,
  seen_since: NOW - 2 * METERED_WITHIN_MS,
  running_since: NOW - 2 * METERED_WITHIN_MS,
  first_seen_at: 1,
  ended_at: null,
  ...over,
})
const service = (over: Partial<ServiceFact> = {}): ServiceFact => ({
  id: 's',
  account_id: 'a',
  plan_id: 'p',
  plan: { en: 'Plan', es: 'Plan' },
  price_book_id: 'book',
  included_kinds: ['vm'],
  promised: null,
  on_trial: false,
  since: 1,
  until: null,
  detached_at: null,
  suspension: null,
  ...over,
})
const attachment = (over: Partial<AttachmentFact> = {}): AttachmentFact => ({
  service_id: 's',
  account_id: 'a',
  resource_id: 'm',
  promised: null,
  since: 5,
  ...over,
})

interface World {
  machines?: MachineFact[]
  services?: ServiceFact[]
  attachments?: AttachmentFact[]
  scopes?: ScopeFact[]
  sources?: SourceFact[]
  eyes?: EndedEyeFact[]
  over?: Partial<Facts>
}
const byId = <T extends { id: string }>(list: readonly T[]) => new Map(list.map((one) => [one.id, one]))
function facts({
  machines = [machine()],
  services = [],
  attachments = [],
  scopes,
  sources,
  eyes = [],
  over,
}: World): Facts {
  return {
    now: NOW,
    sources: byId(sources ?? [source()]),
    scopes: byId(scopes ?? [scope()]),
    machines: byId(machines),
    services: byId(services),
    attachments,
    ended: new Map(),
    ended_eyes: eyes,
    sold: new Set(['vm']),
    priced: new Map([['a', new Set(['vm.vcpu'])]]),
    planned: new Map([['book', new Set(['service.fee'])]]),
    ...over,
  }
}
const kinds = (world: World) => judged(facts(world)).found.map(({ kind }) => kind)
const served = { services: [service()], attachments: [attachment()] }

test('a machine in its service, or at a price of its owner, matches', () => {
  for (const world of [served, {}]) {
    const { found, matched, machines, unknown } = judged(facts(world))
    expect([found, matched, machines, unknown]).toEqual([[], 1, 1, []])
  }
})

test('an orphan has no owner, or an owner without a price; of a kind that nobody sells there is none', () => {
  expect(kinds({ machines: [machine({ account_id: null })] })).toEqual(['orphan'])
  expect(kinds({ over: { priced: new Map([['a', new Set(['host.vcpu'])]]) } })).toEqual(['orphan'])
  expect(kinds({ over: { priced: new Map() } })).toEqual(['orphan'])
  expect(kinds({ machines: [machine({ account_id: null, kind: 'network' })] })).toEqual([])
  expect(kinds({ machines: [machine({ account_id: null, ended_at: 7 })] })).toEqual([])
  const eye = machine({ id: 'e', account_id: null, covered_by: 'm' })
  expect(kinds({ machines: [machine(), eye] })).toEqual([])
})

test('a ghost sells machines and has none attached', () => {
  expect(kinds({ services: [service()] })).toEqual(['ghost'])
  expect(kinds({ services: [service({ included_kinds: [] })] })).toEqual([])
  expect(kinds({ services: [service({ included_kinds: [], promised: { kind: 'vm', size: {} } })] })).toEqual(['ghost'])
  const planned = new Map([['book', new Set(['vm.vcpu'])]])
  expect(kinds({ services: [service({ included_kinds: [] })], over: { planned } })).toEqual(['ghost'])
})

test('another size is one that was promised and is seen otherwise; what was agreed of a machine goes before its plan', () => {
  const promised = { kind: 'vm' as const, size: { vcpu_count: 4 } }
  const of = (more: Partial<AttachmentFact>, plan: ServiceFact['promised'] = promised) =>
    kinds({ services: [service({ promised: plan })], attachments: [attachment(more)] })
  expect(of({})).toEqual(['size'])
  expect(of({ promised: { size: { vcpu_count: 2 } } })).toEqual([])
  expect(of({ promised: { size: { vcpu_count: 8 } } }, null)).toEqual(['size'])
  expect(of({}, { kind: 'host', size: { vcpu_count: 4 } })).toEqual([])
  expect(of({}, { kind: 'vm', size: { memory_bytes: 1 } })).toEqual([])
  expect(of({}, { kind: 'vm', size: { vcpu_count: '2' } })).toEqual([])
})

test('another host is one that was agreed; a machine of which no host is known is nowhere else', () => {
  const of = (promised: AttachmentFact['promised'], seen: Partial<MachineFact> = {}) =>
    kinds({ ...served, machines: [machine(seen)], attachments: [attachment({ promised })] })
  expect(of({ host_id: 'h2' })).toEqual(['host'])
  expect(of({ host_id: 'h1' })).toEqual([])
  expect(of({ host_id: 'h2' }, { host_id: null })).toEqual([])
  expect(of({ realm: 'other' })).toEqual(['host'])
  expect(of({ realm: 'r' })).toEqual([])
  // another eye that looks sees it where it was promised to be
  const eye = machine({ id: 'e', covered_by: 'm', realm: 'r2', scope_id: 'scope2', host_id: 'h2' })
  const byEye = (promised: AttachmentFact['promised'], listed_at = NOW - MINUTE) =>
    kinds({
      ...served,
      machines: [machine(), eye],
      attachments: [attachment({ promised })],
      scopes: [scope(), scope({ id: 'scope2', listed_at })],
    })
  expect(byEye({ realm: 'r2', host_id: 'h2' })).toEqual([])
  expect(byEye({ realm: 'r3' })).toEqual(['host'])
  expect(byEye({ host_id: 'h2' }, NOW - 10 * MINUTE)).toEqual(['host'])
})

test('another owner is that of its service, or of another eye that sees it now', () => {
  const elsewhere = [service({ account_id: 'b' })]
  expect(kinds({ services: elsewhere, attachments: [attachment({ account_id: 'b' })] })).toEqual(['owner'])
  const eye = (over: Partial<MachineFact>) => machine({ id: 'e', covered_by: 'm', scope_id: 'scope2', ...over })
  const scopes = [scope(), scope({ id: 'scope2' })]
  const dark = [scope(), scope({ id: 'scope2', listed_at: NOW - 10 * MINUTE })]
  expect(kinds({ machines: [machine(), eye({ account_id: 'b' })], scopes })).toEqual(['owner'])
  expect(kinds({ machines: [machine(), eye({ account_id: 'b' })], scopes: dark })).toEqual([])
  expect(kinds({ machines: [machine(), eye({ account_id: null })], scopes })).toEqual([])
})

test('gone is a service whose machines all ended where everybody looks; one that is left is enough', () => {
  const ended = machine({ ended_at: NOW - 9 * MINUTE })
  expect(kinds({ ...served, machines: [ended] })).toEqual(['gone'])
  const second = attachment({ resource_id: 'm2' })
  const both = { ...served, attachments: [attachment(), second] }
  expect(kinds({ ...both, machines: [ended, machine({ id: 'm2' })] })).toEqual([])
  const dim = [scope(), scope({ id: 'scope2', listed_at: NOW - 10 * MINUTE })]
  expect(kinds({ ...served, machines: [ended], scopes: dim })).toEqual([])
  expect(judged(facts({ ...served, machines: [ended], scopes: dim })).unknown).toHaveLength(1)
  const abandoned = [scope(), scope({ id: 'scope2', listed_at: NOW - 31 * 86_400_000 })]
  expect(kinds({ ...served, machines: [ended], scopes: abandoned })).toEqual(['gone'])
})

test('what ended may live on in a scope that is listed only in part, or by a source that has listed nothing whole yet', () => {
  const ended = { ...served, machines: [machine({ ended_at: NOW - 9 * MINUTE })] }
  const inPart = scope({ id: 'scope2', listed_at: null, heard_at: NOW - MINUTE, interval_ms: null })
  expect(kinds({ ...ended, scopes: [scope(), inPart] })).toEqual([])
  const wholeBefore = scope({ id: 'scope2', listed_at: NOW - 40 * 86_400_000, heard_at: NOW - MINUTE })
  expect(kinds({ ...ended, scopes: [scope(), wholeBefore] })).toEqual([])
  for (const state of ['waiting', 'failing', 'paused', 'silent'] as const) {
    const fresh = source({ id: 'fresh', state, lists: false })
    expect(kinds({ ...ended, sources: [source(), fresh] })).toEqual([])
    expect(judged(facts({ ...ended, sources: [source(), fresh] })).unknown).toHaveLength(1)
    // all that it lists is listed by another as well; it was heard the last time long ago
    expect(kinds({ ...ended, sources: [source(), { ...fresh, lists: true }] })).toEqual(['gone'])
    expect(kinds({ ...ended, sources: [source(), { ...fresh, heard_at: NOW - 31 * 86_400_000 }] })).toEqual(['gone'])
  }
})

test('a machine that a silent eye is billed for is gone where another eye that looks saw it end', () => {
  const scopes = [scope({ listed_at: NOW - 60 * MINUTE }), scope({ id: 'scope2', realm: 'r2', source_id: 'other' })]
  const sources = [source({ state: 'silent' }), source({ id: 'other', realm: 'r2' })]
  const eye = { resource_id: 'm', eye_id: 'e', scope_id: 'scope2', realm: 'r2', ended_at: NOW - 30 * MINUTE }
  expect(kinds({ scopes, sources, eyes: [eye] })).toEqual(['gone'])
  // heard since
  expect(kinds({ scopes, sources, eyes: [{ ...eye, ended_at: NOW - 90 * MINUTE }] })).toEqual([])
  const silent = [source({ state: 'silent' }), source({ id: 'other', realm: 'r2', state: 'failing' })]
  expect(kinds({ scopes, sources: silent, eyes: [eye] })).toEqual([])
})

test('what runs after its service ended is told; what stopped with it, or serves another, is not', () => {
  const last = { resource_id: 'm', service_id: 's0', plan: { en: '', es: '' }, ended_at: 9, machines: 2 }
  const ended = new Map([['m', last]])
  expect(kinds({ over: { ended } })).toEqual(['ended_service'])
  expect(kinds({ machines: [machine({ state: 'stopped' })], over: { ended } })).toEqual([])
  expect(kinds({ ...served, over: { ended } })).toEqual([])
})

test('what runs while its service is suspended is told, with what it brings; what stopped, or serves another, is not', () => {
  const suspension = { from: 7, reason: 'unpaid' }
  const services = [service({ suspension })]
  const [found] = judged(facts({ ...served, services })).found
  const parts = [{ service: services[0], machines: 1 }]
  expect(found).toMatchObject({ kind: 'suspended', since: 7, account_id: 'a', worth: { of: 'brought', parts } })
  expect(kinds({ ...served, services, machines: [machine({ state: 'stopped' })] })).toEqual([])
  // attached after it was suspended: it is since then
  expect(judged(facts({ services, attachments: [attachment({ since: 9 })] })).found[0]?.since).toBe(9)
  // two eyes on one machine and one that has ended: one is there
  const others = [machine({ id: 'e', covered_by: 'm' }), machine({ id: 'gone', ended_at: 3 }), machine({ id: 'n' })]
  const attachments = ['m', 'e', 'gone'].map((resource_id) => attachment({ resource_id }))
  const seen = judged(facts({ services, attachments, machines: [machine(), ...others] })).found
  expect(seen).toMatchObject([{ machine: { id: 'm' }, worth: { parts } }])
  // of two services the one that is suspended
  const two = { services: [service(), service({ id: 's2', suspension })] }
  const both = judged(facts({ ...two, attachments: [attachment(), attachment({ service_id: 's2', since: 8 })] })).found
  expect(both).toMatchObject([{ kind: 'suspended', since: 8, services: [{ id: 's2' }] }, { kind: 'two_services' }])
})

test('unmetered is charged by what no source tells, for a day at least; its counters are asked for', () => {
  const priced = new Map([['a', new Set(['vm.memory', 'vm.network_transmit_bytes', 'host.vcpu'])]])
  expect(kinds({ over: { priced } })).toEqual(['unmetered'])
  const full = machine({ size: { memory_bytes: 1 } })
  expect(kinds({ machines: [full], over: { priced } })).toEqual([])
  expect(judged(facts({ machines: [full], over: { priced } })).counters).toMatchObject([
    { resource_id: 'm', meter: 'network_transmit_bytes' },
  ])
  for (const seen of [{ running_since: NOW - METERED_WITHIN_MS + 1 }, { running_since: null }]) {
    const { found, counters } = judged(facts({ machines: [machine(seen)], over: { priced } }))
    expect([found, counters]).toEqual([[], []])
  }
  // its plan pays for it
  expect(kinds({ ...served, over: { priced } })).toEqual([])
  // what a plan prices costs nothing while its trial lasts
  const planned = new Map([['book', new Set(['vm.memory'])]])
  expect(kinds({ ...served, over: { planned } })).toEqual(['unmetered'])
  expect(kinds({ ...served, services: [service({ on_trial: true })], over: { planned } })).toEqual([])
})

test('two services hold one machine by itself, or by two eyes on it', () => {
  const services = [service(), service({ id: 's2' })]
  const second = attachment({ service_id: 's2', since: 8 })
  const [found] = judged(facts({ services, attachments: [second, attachment()] })).found
  expect(found).toMatchObject({ kind: 'two_services', since: 8, worth: { of: 'fees', service_ids: ['s2'] } })
  const eye = machine({ id: 'e', covered_by: 'm' })
  const byEye = { services, attachments: [attachment(), { ...second, resource_id: 'e' }] }
  expect(kinds({ ...byEye, machines: [machine(), eye] })).toEqual(['two_services'])
  expect(kinds({ ...byEye, machines: [machine(), { ...eye, covered_by: null }] })).toEqual([])
  // one service, by both eyes: it is one, and what it promises is held against what is seen
  const twiceOne = { machines: [machine(), eye], attachments: [attachment(), attachment({ resource_id: 'e' })] }
  expect(kinds({ ...twiceOne, services: [service()] })).toEqual([])
  const promised = { kind: 'vm' as const, size: { vcpu_count: 4 } }
  expect(kinds({ ...twiceOne, services: [service({ promised })] })).toEqual(['size'])
  // a service that is in force no more
  expect(kinds({ services: [service()], attachments: [attachment(), second] })).toEqual([])
})

const DARK: [string, World][] = [
  ['failing', { sources: [source({ state: 'failing' })] }],
  ['paused', { sources: [source({ state: 'paused' })] }],
  ['silent', { sources: [source({ state: 'silent' })] }],
  ['deleted', { sources: [source({ state: 'deleted' })] }],
  ['not listed whole within three intervals', { scopes: [scope({ listed_at: NOW - 3 * MINUTE - 1 })] }],
  ['never listed whole', { scopes: [scope({ listed_at: null, source_id: null, interval_ms: null })] }],
]
test.for(DARK)('of a machine whose scope is %s nothing is said', ([, world]) => {
  const { found, unknown, matched } = judged(facts({ machines: [machine({ account_id: null })], ...world }))
  expect([found, unknown.length, matched]).toEqual([[], 1, 0])
  const suspended = [service({ suspension: { from: 7, reason: 'unpaid' } })]
  expect(kinds({ ...served, services: suspended, ...world })).toEqual([])
  // and of a service whose machine ended there, only where the source was not taken away for good
  const ended = judged(facts({ ...served, machines: [machine({ ended_at: 9 })], ...world }))
  const isAway = world.sources?.[0]?.state === 'deleted'
  const isNeverListed = world.scopes?.[0]?.listed_at === null
  expect(ended.found.map(({ kind }) => kind)).toEqual(isAway || isNeverListed ? ['gone'] : [])
})

test('three intervals are enough', () => {
  expect(judged(facts({ scopes: [scope({ listed_at: NOW - 3 * MINUTE })] })).unknown).toEqual([])
})
