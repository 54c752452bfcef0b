/** Owners by rule over real reports: found whatever the order of arrival, never against a person, changed and undone over the API, and billed. */
import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ObservationInput } from '#connectors/contract.ts'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { ms, rows } from '#control-plane/db/index.ts'
import { Suite } from '../setup/stack.ts'
import { enrolledAgent, GIB, vm } from './agent.ts'
import { apiOf, type Call } from './http.ts'
import { draftOf, market, resourceId, sell, settled, transfer } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const START = Date.parse('2026-11-10T08:00:00.000Z')
const MINUTE = 60_000
let suite: Suite
let world: Prepared
let call: Call
let [a, b] = ['', '']

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(START))
  await sell(world, { kind: 'bucket', meter: 'disk', unit: 'GiB', amount: '1' })
  await sell(world, { meter: 'vcpu', amount: '0.05' })
  call = await apiOf(suite, world)
  const open = async (name: string) => (await world.run((ctx) => openAccount(ctx, { name, tax_id: '', email: '' }))).id
  ;[a, b] = [await open('Account A'), await open('Account B')]
}, 120_000)
afterAll(() => suite.end())

const at = (minute: number) => START + minute * MINUTE
const owner = (account_id: string) => ({ account_id, project_id: null })
const byTeam = (realm: string) => ({
  name: `Teams of ${realm}`,
  condition: { realm, attribute: { path: ['attributes', 'labels', 'team'] } },
  effect: { to: 'values', values: { red: owner(a), blue: owner(b) } },
})
const change = async (body: object) => {
  const answer = await call('POST', '/assignment-rules/changes', body)
  expect([answer.status, answer.text]).toEqual([201, answer.text])
  await settled(world)
  return answer.body as { id: string }
}
const ever = { effective_at: null, reason: 'as agreed' }
const create = (body: object, when: object = ever) => change({ kind: 'create', ...body, ...when })
const ruleId = async (name: string) =>
  ((await call('GET', '/assignment-rules')).body['items'] as { id: string; name: string }[]).find(
    (one) => one.name === name,
  )!.id
const labelled = (name: string, team: string | null, over: Partial<ObservationInput> = {}) =>
  vm(name, { ...over, attributes: team === null ? {} : { labels: { team } } })
/** Who owned what when, in minutes, by whose word. */
const assigned = async (realm: string) =>
  (
    await rows<{ name: string; from: string | null; to: string | null; account: string; actor: string }>(
      world.db,
      sql`select r.external_id || r.incarnation as name, ${ms(sql`a.valid_from`)} as "from", ${ms(sql`a.valid_to`)} as "to", a.account_id as account, a.actor
          from assignment a join resource r on r.id = a.resource_id where r.realm = ${realm} and a.cut_to is null order by 1, a.valid_from nulls first`,
    )
  ).map(({ name, from, to, account, actor }) => [
    name,
    from === null ? null : (Number(from) - START) / MINUTE,
    to === null ? null : (Number(to) - START) / MINUTE,
    account === a ? 'A' : account === b ? 'B' : account,
    actor === 'rule' ? 'rule' : 'person',
  ])
const realmOf = async () => {
  const realm = `realm-${newId()}`
  return { realm, agent: await enrolledAgent(world, realm, null) }
}

test('a machine has its owner by its label from its first sight on; a label changed at the source is a transfer then, and the history says by what', async () => {
  const { realm, agent } = await realmOf()
  await create(byTeam(realm))
  await agent.send([agent.listing(at(0), 'h', [])])
  await agent.send([agent.listing(at(10), 'h', [labelled('m', 'red')])])
  await agent.send([agent.event(at(25), 'h', 'm', { attributes: { labels: { team: 'blue' } } })])
  await settled(world)
  expect(await assigned(realm)).toEqual([
    ['m', 0, 25, 'A', 'rule'],
    ['m', 25, null, 'B', 'rule'],
  ])
  const id = (await rows<{ id: string }>(world.db, sql`select id from resource where realm = ${realm}`))[0]!.id
  const history = await call('GET', `/resources/${id}/history`)
  expect(history.body['assigned'][0].by_rule).toEqual({
    id: await ruleId(`Teams of ${realm}`),
    name: `Teams of ${realm}`,
    inherited_from: null,
    evidence: { path: ['attributes', 'labels', 'team'], value: 'blue' },
  })
  // what came late about the past, with the label of then
  await agent.send([agent.event(at(15), 'h', 'm', { attributes: { labels: { team: 'blue' } } })])
  await agent.send([agent.event(at(20), 'h', 'm', { attributes: { labels: { team: 'red' } } })])
  await settled(world)
  expect(await assigned(realm)).toEqual([
    ['m', 0, 15, 'A', 'rule'],
    ['m', 15, 20, 'B', 'rule'],
    ['m', 20, 25, 'A', 'rule'],
    ['m', 25, null, 'B', 'rule'],
  ])
})

test('whatever the order in which facts, rules and parents come, the owners are the same', async () => {
  const pod = (name: string, namespace: string): ObservationInput => ({
    kind: 'pod',
    external_id: name,
    name,
    state: 'running',
    parent: { kind: 'namespace', external_id: namespace },
  })
  const space = (name: string, team: string | null, incarnation = ''): ObservationInput => ({
    kind: 'namespace',
    external_id: name,
    incarnation,
    name,
    state: 'running',
    attributes: team === null ? {} : { labels: { team } },
  })
  const outcomes = new Set<string>()
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }), fc.boolean(), async (order, late) => {
      const { realm, agent } = await realmOf()
      const facts = [
        agent.listing(at(10), 'spaces', [space('one', 'red'), space('two', null)]),
        agent.listing(at(20), 'spaces', [space('one', 'blue'), space('two', 'red')]),
        agent.listing(at(30), 'spaces', [space('one', 'red', 'again'), space('two', 'red')]),
        agent.listing(at(12), 'pods', [pod('p', 'one'), pod('q', 'two')]),
        agent.listing(at(35), 'pods', [pod('p', 'two')]),
      ]
      for (const which of order) {
        if (which === 5) await create(byTeam(realm))
        else await agent.send([facts[which]])
        if (!late) await settled(world)
      }
      await settled(world)
      outcomes.add(JSON.stringify(await assigned(realm)))
    }),
    { numRuns: 12, seed: 5 },
  )
  expect([...outcomes]).toHaveLength(1)
  expect(JSON.parse([...outcomes][0]!)).toEqual([
    ['one', null, 20, 'A', 'rule'],
    ['one', 20, null, 'B', 'rule'],
    ['oneagain', 20, null, 'A', 'rule'],
    ['p', null, 20, 'A', 'rule'],
    ['p', 20, 30, 'B', 'rule'],
    ['p', 30, null, 'A', 'rule'],
    ['q', 20, null, 'A', 'rule'],
    ['two', 20, null, 'A', 'rule'],
  ])
}, 120_000)

test('what a person decides no rule changes, until it is taken back', async () => {
  const { realm, agent } = await realmOf()
  const [name, one] = [`Teams of ${realm}`, newId()]
  await create(byTeam(realm))
  await agent.send([agent.listing(at(0), 'h', []), agent.listing(at(10), 'h', [labelled(one, 'red')])])
  await settled(world)
  await transfer(world, one, b, at(20))
  await agent.send([agent.event(at(30), 'h', one, { attributes: { labels: { team: 'blue' } } })])
  await agent.send([agent.event(at(40), 'h', one, { attributes: { labels: { team: 'red' } } })])
  await settled(world)
  const decided = [
    [one, 0, 20, 'A', 'rule'],
    [one, 20, null, 'B', 'person'],
  ]
  expect(await assigned(realm)).toEqual(decided)
  await change({
    kind: 'change',
    rule_id: await ruleId(name),
    ...byTeam(realm),
    ...ever,
    effect: { to: 'account', ...owner(a) },
  })
  expect(await assigned(realm)).toEqual(decided)
  world.clock.now = at(50)
  const id = await resourceId(world, one)
  expect((await call('DELETE', `/resources/${id}/assignments`)).status).toBe(204)
  expect(await assigned(realm)).toEqual([
    [one, 0, 20, 'A', 'rule'],
    [one, 20, 50, 'B', 'person'],
    [one, 50, null, 'A', 'rule'],
  ])
  expect((await call('DELETE', `/resources/${id}/assignments`)).status).toBe(409)
  // as though he had never decided: of the past it needs a reason
  const from = new URLSearchParams({ from: iso(at(20)) }).toString()
  expect((await call('DELETE', `/resources/${id}/assignments?${from}`)).status).toBe(422)
  expect((await call('DELETE', `/resources/${id}/assignments?${from}&reason=mistake`)).status).toBe(204)
  expect(await assigned(realm)).toEqual([[one, 0, null, 'A', 'rule']])
})

test('a new rule leaves the past, a removed one what it gave; a correction is previewed to the resource, applied, and undone without a trace', async () => {
  const { realm, agent } = await realmOf()
  const name = `Teams of ${realm}`
  await agent.send([
    agent.listing(at(0), 'h', []),
    agent.listing(at(10), 'h', [labelled('m', 'red'), labelled('n', 'blue'), labelled('o', null)]),
  ])
  await settled(world)
  world.clock.now = at(60)
  const body = { kind: 'create', ...byTeam(realm) }
  const preview = (of: object) => call('POST', '/assignment-rules/changes/preview', of)
  const first = (await preview(body)).body
  expect([first['looked_at'], first['changed'], first['from']]).toEqual([3, 2, iso(at(60))])
  expect(await assigned(realm)).toEqual([])
  await change(body)
  expect(await assigned(realm)).toEqual([
    ['m', 60, null, 'A', 'rule'],
    ['n', 60, null, 'B', 'rule'],
  ])
  world.clock.now = at(70)
  await change({ kind: 'remove', rule_id: await ruleId(name) })
  expect((await assigned(realm)).map(([, from, until]) => [from, until])).toEqual([
    [60, null],
    [60, null],
  ])
  // the past, only with a reason
  const past = { kind: 'create', ...byTeam(realm), effective_at: iso(at(20)) }
  expect((await call('POST', '/assignment-rules/changes', past)).status).toBe(422)
  const corrected = (await preview({ ...past, reason: 'the label was there' })).body
  expect([corrected['changed'], corrected['from']]).toEqual([2, iso(at(20))])
  expect(corrected['accounts'].map((row: { gains: number; loses: number }) => [row.gains, row.loses])).toEqual([
    [1, 0],
    [1, 0],
  ])
  const before = await assigned(realm)
  const made = await change({ ...past, reason: 'the label was there' })
  expect((await assigned(realm)).map(([, from]) => from)).toEqual([20, 20])
  const undo = { kind: 'reverse', change_id: made.id, as_of: 'then' }
  expect((await call('POST', '/assignment-rules/changes', undo)).status).toBe(422)
  await change({ ...undo, reason: 'a mistake' })
  expect(await assigned(realm)).toEqual(before)
  expect((await call('POST', '/assignment-rules/changes', { ...undo, reason: 'again' })).status).toBe(409)
})

test('of two rules the first in order wins, from the instant at which their order changes', async () => {
  const { realm, agent } = await realmOf()
  const rule = (name: string, account_id: string) => ({
    name: `${name} ${realm}`,
    condition: { realm },
    effect: { to: 'account', ...owner(account_id) },
  })
  await create(rule('first', a))
  await create(rule('second', b))
  await agent.send([agent.listing(at(0), 'h', []), agent.listing(at(10), 'h', [labelled('m', null)])])
  await settled(world)
  world.clock.now = at(80)
  const [first, second] = [await ruleId(`first ${realm}`), await ruleId(`second ${realm}`)]
  const last_change = (await call('GET', '/assignment-rules')).body['last_change']
  await change({ kind: 'order', rule_ids: [second, first], based_on: last_change })
  expect(await assigned(realm)).toEqual([
    ['m', 0, 80, 'A', 'rule'],
    ['m', 80, null, 'B', 'rule'],
  ])
  const stale = { kind: 'order', rule_ids: [first, second], based_on: last_change }
  expect((await call('POST', '/assignment-rules/changes', stale)).status).toBe(409)
})

test('what a source of an account reports is that account’s: no rule takes it, and no rule gives it to another', async () => {
  const realm = `realm-${newId()}`
  const agent = await enrolledAgent(world, realm, b)
  await create({ name: `All of ${realm}`, condition: { realm }, effect: { to: 'account', ...owner(a) } })
  await agent.send([agent.listing(at(0), 'h', [labelled('m', 'red')])])
  await settled(world)
  expect(await assigned(realm)).toEqual([['m', null, null, 'B', 'person']])
})

test('a project to which a rule gives is not closed, and a rule gives to no project that is', async () => {
  const project = (await call('POST', `/accounts/${a}/projects`, { name: newId() })).body['id'] as string
  const gives = { condition: { realm: newId() }, effect: { to: 'account', account_id: a, project_id: project } }
  await create({ name: `Project ${project}`, ...gives })
  expect((await call('POST', `/projects/${project}/closure`, {})).status).toBe(409)
  await change({ kind: 'remove', rule_id: await ruleId(`Project ${project}`) })
  world.clock.now += MINUTE
  expect((await call('POST', `/projects/${project}/closure`, {})).status).toBe(200)
  const again = { kind: 'create', name: 'Again', ...gives }
  expect((await call('POST', '/assignment-rules/changes', again)).status).toBe(422)
})

test('what holds from now on corrects nothing, though the clock goes on while it is written', async () => {
  const { realm } = await realmOf()
  const stands = world.clock.now
  let ticks = 0
  Object.defineProperty(world.clock, 'now', { configurable: true, get: () => stands + (ticks += 1) })
  const answer = await call('POST', '/assignment-rules/changes', { kind: 'create', ...byTeam(realm) })
  Object.defineProperty(world.clock, 'now', { configurable: true, writable: true, value: stands + ticks })
  expect([answer.status, answer.text]).toEqual([201, answer.text])
})

test('a bucket has the owner of its user, and its usage is on that account’s bill', async () => {
  const { realm, agent } = await realmOf()
  const customer = (await world.run((ctx) => openAccount(ctx, { name: newId(), tax_id: '', email: '' }))).id
  const user = newId()
  const s3 = (
    kind: 's3_user' | 'bucket',
    external_id: string,
    over: Partial<ObservationInput> = {},
  ): ObservationInput => ({
    kind,
    external_id,
    name: external_id,
    state: 'running',
    ...over,
  })
  const bucket = s3('bucket', `bucket-${realm}`, {
    size: { disk_bytes: 10 * GIB },
    parent: { kind: 's3_user', external_id: user },
  })
  const list = (minute: number) => agent.listing(at(minute), 'rgw', [s3('s3_user', user), bucket])
  world.clock.now = at(90)
  await agent.send([list(90)])
  await settled(world)
  expect(await assigned(realm)).toEqual([])
  await transfer(world, user, customer, at(90))
  const whole = list(90)
  for (let minute = 91; minute <= 150; minute += 1) await agent.send([agent.unchanged(at(minute), whole)])
  world.clock.now = at(150)
  await settled(world)
  expect((await assigned(realm)).map(([name]) => name).toSorted()).toEqual([`bucket-${realm}`, user].toSorted())
  const { lines } = await draftOf(world, customer, START + 90 * MINUTE + HOUR_MS)
  expect(lines.map(({ component, quantity_display }) => [component, quantity_display])).toEqual([['bucket.disk', '10']])
})
