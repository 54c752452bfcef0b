/** One machine seen by two eyes: found by its proofs in any order of arrival, shown as one, billed once, and accounted for. */
import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ObservationInput } from '#connectors/contract.ts'
import { system } from '#control-plane/base/actor.ts'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { finalise, getInvoice, verify } from '#control-plane/billing/index.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { ms, rows } from '#control-plane/db/index.ts'
import { getResource, listResources, sameAs, withdrawSameAs } from '#control-plane/inventory/index.ts'
import { ResourceQuery } from '#control-plane/inventory/contract.ts'
import { judge, usageAccounting } from '#control-plane/rating/index.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, host, type Sealed, vm } from './agent.ts'
import { NO_EXTRAS } from './http.ts'
import { draftOf, linesOf, market, sell, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const START = Date.parse('2026-11-10T08:00:00.000Z')
const MINUTE = 60_000
let suite: Suite
let world: Prepared

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, '2026-11-10T07:00:00.000Z')
  await sell(world, { meter: 'vcpu', amount: '0.05' })
  await sell(world, { kind: 'host', meter: 'vcpu', amount: '0.04' })
  await sell(world, { kind: 'host', meter: 'network_transmit_bytes', per: 'quantity', unit: 'MB', amount: '1' })
  await sell(world, { meter: 'network_transmit_bytes', per: 'quantity', unit: 'MB', amount: '1' })
  world.clock.now = START + 4 * HOUR_MS
})
afterAll(() => suite.end())

const uuid = () => newId()
const inside = (name: string, evidence: ObservationInput['evidence'] = {}): ObservationInput => ({
  ...host(name),
  size: { vcpu_count: 2 },
  evidence,
})
const account = async () => (await world.run((ctx) => openAccount(ctx, { name: newId(), tax_id: '', email: '' }))).id

const covers = (account_id: string) =>
  rows<{ eye: string; billed: string; evidence: string; from: string; to: string | null }>(
    world.db,
    sql`select c.external_id as eye, b.external_id as billed, s.evidence, ${ms(sql`s.valid_from`)} as "from", ${ms(sql`s.valid_to`)} as "to"
        from same_as s join resource c on c.id = s.resource_id join resource b on b.id = s.billed_id
        where s.cut_to is null and c.account_id = ${account_id} order by 1, 4`,
  )
const plain = async (account_id: string) =>
  (await covers(account_id)).map(({ eye, billed, evidence, from, to }) => [
    eye,
    billed,
    evidence,
    (Number(from) - START) / MINUTE,
    to === null ? null : (Number(to) - START) / MINUTE,
  ])

interface Pair {
  account_id: string
  outer: Agent
  inner: Agent
  vm: string
  host: string
}
/** A hypervisor and an agent inside one of its machines, each in a realm of its own. */
async function pair(): Promise<Pair> {
  const account_id = await account()
  const name = newId()
  const [outer, inner] = [
    await enrolledAgent(world, `hv-${name}`, account_id),
    await enrolledAgent(world, `in-${name}`, account_id),
  ]
  return { account_id, outer, inner, vm: `vm-${name}`, host: `os-${name}` }
}

/** Both eyes see the machine: the hypervisor from minute 0, the agent from minute 10; both count the same bytes. */
async function seenTwice(smbios_uuid: string) {
  const two = await pair()
  const { outer, inner } = two
  const spelled = smbios_uuid.toUpperCase().replaceAll('-', '')
  await outer.send([outer.listing(START, 'hv', [vm(two.vm, { evidence: { smbios_uuid } })])])
  await inner.send([inner.listing(START + 10 * MINUTE, two.host, [inside(two.host, { smbios_uuid: spelled })])])
  const sent = (n: number) => ({ 'network_transmit_bytes/eth0': n * 1_000_000 })
  for (const n of [0, 1, 2, 3]) {
    await outer.send([outer.readings(START + n * 60 * MINUTE, two.vm, sent(n * 60))])
    const at = START + (10 + n * 60) * MINUTE
    const own = { resource: { kind: 'host' as const, external_id: two.host, incarnation: '' } }
    await inner.send([inner.readings(at, two.host, sent(n * 60 + 10), own)])
  }
  await settled(world)
  return two
}
const idOf = async (external_id: string) =>
  (await rows<{ id: string }>(world.db, sql`select id from resource where external_id = ${external_id}`))[0]!.id
const list = (query: object) =>
  world.run((ctx) => listResources(ctx, ResourceQuery.parse({ limit: 100, ...query }), NO_EXTRAS))

test('a machine seen by two eyes is billed once, by the eye outside; the draft, its proof and the invoice agree', async () => {
  const two = await seenTwice(uuid())
  expect(await plain(two.account_id)).toEqual([[two.host, two.vm, 'smbios_uuid', 10, null]])
  const made = await draftOf(world, two.account_id, START + 3 * HOUR_MS)
  // ten minutes before the agent came inside nobody else saw it: no line of the host at all
  expect(made.lines.map((line) => [line.component, line.quantity_display])).toEqual([
    ['vm.network_transmit_bytes', '180'],
    ['vm.vcpu', '6'],
  ])
  const id = await finalise(world.db, system('test'), () => world.clock.now, newId(), {
    account_id: two.account_id,
    to: iso(START + 3 * HOUR_MS),
  })
  const invoice = await world.run((ctx) => getInvoice(ctx, id))
  expect(linesOf({ ...made, lines: invoice.lines })).toEqual(linesOf(made))
  expect((await world.run(verify)).findings).toEqual([])
})

test('each hour of the covered eye is counted as covered, and the sums hold', async () => {
  const two = await seenTwice(uuid())
  await world.run(judge)
  const status = () =>
    rows<{ eye: string; status: string; count: string }>(
      world.db,
      sql`select r.external_id as eye, s.status, count(*)::text as count from usage_status s join resource r on r.id = s.resource_id
          where r.external_id in (${two.vm}, ${two.host}) group by 1, 2 order by 1, 2`,
    )
  expect((await status()).map((row) => [row.eye, row.status])).toEqual([
    [two.host, 'covered'],
    [two.vm, 'rated'],
  ])
  const { meters } = await world.run((ctx) => usageAccounting(ctx, { hours: 24 }))
  expect(meters.every((row) => row.balanced)).toBe(true)
  expect(meters.reduce((sum, row) => sum + row.covered, 0)).toBeGreaterThan(0)
  // a person says that they are two: the hours are judged again
  const [a, b] = [await idOf(two.vm), await idOf(two.host)]
  await world.run((ctx) => sameAs(ctx, a, { resource_id: b, same: false, reason: 'a clone' }))
  await settled(world)
  await world.run(judge)
  expect((await status()).map((row) => [row.eye, row.status])).toEqual([
    [two.host, 'rated'],
    [two.vm, 'rated'],
  ])
})

test('the list shows the set as one row with its eyes, and the further eyes when asked', async () => {
  const two = await seenTwice(uuid())
  const own = { account_id: two.account_id }
  const [row, ...others] = (await list(own)).items
  expect(others).toEqual([])
  expect(row).toMatchObject({
    name: two.vm,
    covered_by: null,
    same_as: [{ name: two.host, kind: 'host', evidence: 'smbios_uuid', source: { connector: 'simulated' } }],
  })
  expect((await list({ ...own, covered: 'yes' })).items).toMatchObject([
    {
      name: two.host,
      covered_by: { name: two.vm, evidence: 'smbios_uuid' },
      same_as: [{ name: two.vm, evidence: null }],
    },
  ])
  expect((await list({ ...own, covered: 'all' })).total).toBe(2)
})

test('a person joins two that show no proof, and takes it back', async () => {
  const two = await pair()
  await two.outer.send([two.outer.listing(START, 'hv', [vm(two.vm)])])
  await two.inner.send([two.inner.listing(START + MINUTE, two.host, [inside(two.host)])])
  await settled(world)
  expect(await plain(two.account_id)).toEqual([])
  const [a, b] = [await idOf(two.vm), await idOf(two.host)]
  await world.run((ctx) => sameAs(ctx, b, { resource_id: a, same: true, reason: 'same rack place' }))
  await settled(world)
  expect(await plain(two.account_id)).toEqual([[two.host, two.vm, 'hand', 1, null]])
  expect((await world.run((ctx) => getResource(ctx, a, NO_EXTRAS))).same_as_decisions).toMatchObject([
    { same: true, reason: 'same rack place' },
  ])
  await world.run((ctx) => withdrawSameAs(ctx, a, b))
  await settled(world)
  expect(await plain(two.account_id)).toEqual([])
})

test('two of one realm are never one, not even by hand', async () => {
  const two = await pair()
  const smbios_uuid = uuid()
  const twins = [vm(two.vm, { evidence: { smbios_uuid } }), vm(two.host, { evidence: { smbios_uuid } })]
  await two.outer.send([two.outer.listing(START, 'hv', twins)])
  await settled(world)
  expect(await plain(two.account_id)).toEqual([])
  const [a, b] = [await idOf(two.vm), await idOf(two.host)]
  await expect(world.run((ctx) => sameAs(ctx, a, { resource_id: b, same: true, reason: 'x' }))).rejects.toThrow('realm')
})

test('a machine that its hypervisor saw end is not billed on as a silent agent, until the agent is heard again', async () => {
  const two = await pair()
  const { outer, inner } = two
  const smbios_uuid = uuid()
  await outer.send([outer.listing(START, 'hv', [vm(two.vm, { evidence: { smbios_uuid } })])])
  const listing = inner.listing(START + MINUTE, two.host, [inside(two.host, { smbios_uuid })])
  await inner.send([listing])
  await outer.send([outer.event(START + 60 * MINUTE, 'hv', two.vm, null)])
  await settled(world)
  expect(await plain(two.account_id)).toEqual([[two.host, two.vm, 'smbios_uuid', 1, null]])
  await inner.send([inner.unchanged(START + 90 * MINUTE, listing)])
  await settled(world)
  expect(await plain(two.account_id)).toEqual([[two.host, two.vm, 'smbios_uuid', 1, 90]])
  await inner.send([inner.unchanged(START + 75 * MINUTE, listing)])
  await settled(world)
  expect(await plain(two.account_id)).toEqual([[two.host, two.vm, 'smbios_uuid', 1, 75]])
})

/** What three agents, each in a realm of its own, say of the machine that they look at. */
const shown = fc.record({ uuid: fc.constantFrom('A', 'B', '0', null), machine: fc.constantFrom('m', 'n', null) })
const told = fc.record({
  who: fc.integer({ min: 0, max: 2 }),
  at: fc.integer({ min: 0, max: 200 }),
  shown: fc.option(shown),
})
const story = fc.uniqueArray(told, { minLength: 3, maxLength: 14, selector: ({ who, at }) => `${who} ${at}` })

test('any order of arrival gives the same sets of eyes', async () => {
  const words = { A: uuid(), B: uuid(), '0': '00000000-0000-0000-0000-000000000000' }
  const outcome = async (
    facts: (typeof told extends fc.Arbitrary<infer T> ? T : never)[],
    order: number[],
    settle: number[],
  ) => {
    const account_id = await account()
    const salt = newId()
    const own = (id: string) => id.slice(0, 24) + salt.slice(24)
    const agents = [0, 1, 2].map((who) => enrolledAgent(world, `${who} ${salt}`, account_id))
    const sealed: [Agent, Sealed][] = []
    for (const { who, at, shown: proof } of facts) {
      const agent = await agents[who]!
      const evidence = {
        ...(proof?.uuid && { smbios_uuid: proof.uuid === '0' ? words['0'] : own(words[proof.uuid]) }),
        ...(proof?.machine && { machine_id: (proof.machine === 'm' ? 'a' : 'b').padEnd(32, salt.replaceAll('-', '')) }),
      }
      const seen = who === 0 ? vm('eye 0', { evidence }) : inside(`eye ${who}`, evidence)
      sealed.push([agent, agent.seal([agent.listing(START + at * MINUTE, `scope ${who}`, proof ? [seen] : [])])])
    }
    const shuffled = sealed.map((each, index) => ({ each, key: order[index]! })).toSorted((a, b) => a.key - b.key)
    for (const [index, { each }] of shuffled.entries()) {
      await each[0].deliver(each[1])
      if (settle[index] === 0) await settled(world)
      if (settle[index] === 1) await world.closeCut()
    }
    await settled(world)
    return plain(account_id)
  }
  const numbers = (max: number) => fc.array(fc.integer({ min: 0, max }), { minLength: 14, maxLength: 14 })
  let found = 0
  await fc.assert(
    fc.asyncProperty(story, numbers(1_000), numbers(3), async (facts, order, settle) => {
      const inOrder = facts.toSorted((a, b) => a.at - b.at)
      const once = await outcome(inOrder, [...Array(14).keys()], Array(14).fill(5))
      found += once.length
      expect(await outcome(inOrder, order, settle)).toEqual(once)
    }),
    { numRuns: 15, endOnFailure: true },
  )
  expect(found).toBeGreaterThan(0)
})
