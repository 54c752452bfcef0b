/** Order of arrival: whatever way the facts of two hosts come in, the timelines, the usage and the draft are the same. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '#control-plane/base/id.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, host, type Sealed, vm } from './agent.ts'
import { draftOf, linesOf, market, sell, settled, timeline, usage } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const START = Date.parse('2026-11-10T08:00:00.000Z')
let suite: Suite
let world: Prepared

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, '2026-11-10T07:00:00.000Z')
  await sell(world, { meter: 'vcpu', amount: '0.05' })
  await sell(world, { meter: 'memory', unit: 'GiB', amount: '0.01' })
  await sell(world, { meter: 'network_transmit_bytes', per: 'quantity', unit: 'MiB', amount: '0.7' })
})
afterAll(() => suite.end())

/** Something that a host says; `at` in minutes, machines by letter. */
const machine = fc.constantFrom('a', 'b', 'c')
const cores = fc.integer({ min: 1, max: 3 })
const told = fc.record({
  host: fc.constantFrom('host-1', 'host-2'),
  at: fc.integer({ min: 0, max: 300 }),
  said: fc.oneof(
    fc.record({
      type: fc.constant('listing' as const),
      vms: fc.dictionary(machine, cores),
      complete: fc.boolean(),
    }),
    fc.record({ type: fc.constant('event' as const), vm: machine, vcpu: fc.option(cores) }),
    fc.record({
      type: fc.constant('readings' as const),
      vm: machine,
      sent: fc.integer({ min: 0, max: 5_000_000 }),
      device: fc.constantFrom('eth0', 'eth1'),
    }),
  ),
})
type Told = typeof told extends fc.Arbitrary<infer T> ? T : never
/** A source says one thing of a kind about one machine at one instant. */
const story = fc.uniqueArray(told, {
  minLength: 4,
  maxLength: 30,
  selector: ({ host: where, at, said }) => (said.type === 'readings' ? `${at} ${said.device}` : `${where} ${at}`),
})

const sizeOf = (vcpu_count: number) => ({ vcpu_count, memory_bytes: vcpu_count * 1_500_000_000 })
function factOf(agent: Agent, { host: where, at, said }: Told): unknown {
  const instant = START + at * 60_000
  if (said.type === 'listing') {
    const machines = Object.entries(said.vms).map(([id, vcpu]) => vm(id, { size: sizeOf(vcpu), host: where }))
    return agent.listing(instant, where, [host(where), ...machines], said.complete)
  }
  if (said.type === 'event') {
    const { vm: name, vcpu } = said
    const content = vcpu === null ? null : { name, state: 'running' as const, size: sizeOf(vcpu), host: where }
    return agent.event(instant, where, name, content)
  }
  // a boot begins at minute 0 and one at 150; each device has its own counter, which grows with time
  const boot = at < 150 ? 0 : 150
  const counters = { [`network_transmit_bytes/${said.device}`]: (at - boot) * 10_000_000 + said.sent }
  return agent.readings(instant, said.vm, counters, {
    epoch: { id: `${boot}/${said.device}`, origin_ms: START + boot * 60_000 },
  })
}

/** A delivery: how many facts go into each batch, in which order batches arrive, and after which ones all is settled. */
interface Delivery {
  cuts: number[]
  order: number[]
  settle: number[]
}
const delivery: fc.Arbitrary<Delivery> = fc.record({
  cuts: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 30, maxLength: 30 }),
  order: fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 90, maxLength: 90 }),
  settle: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 90, maxLength: 90 }),
})

/** Two agents tell the story to a new account of its own; everything that followed from it. */
async function outcome(facts: readonly Told[], { cuts, order, settle }: Delivery) {
  const realm = newId()
  const account = await world.run((ctx) => openAccount(ctx, { name: realm, tax_id: '', email: '' }))
  const agents = new Map<string, Agent>()
  for (const name of ['host-1', 'host-2']) agents.set(name, await enrolledAgent(world, realm, account.id))
  const sealed: [Agent, Sealed][] = []
  for (const [name, agent] of agents) {
    const own = facts.filter((fact) => fact.host === name)
    for (let start = 0, n = 0; start < own.length; start += cuts[n++]!)
      sealed.push([agent, agent.seal(own.slice(start, start + cuts[n]!).map((fact) => factOf(agent, fact)))])
  }
  // each batch arrives, and every third one twice
  const arrivals = [...sealed, ...sealed.filter((_, index) => index % 3 === 0)]
  const shuffled = arrivals.map((each, index) => ({ each, key: order[index]! })).toSorted((a, b) => a.key - b.key)
  for (const [index, { each }] of shuffled.entries()) {
    const [agent, message] = each
    expect(await agent.deliver(message)).toMatchObject({ ok: true })
    if (settle[index] === 0) await settled(world)
    if (settle[index] === 1) await world.closeCut()
  }
  await settled(world)
  return {
    timeline: await timeline(world, realm),
    usage: await usage(world, realm),
    draft: linesOf(await draftOf(world, account.id)),
  }
}

test('any order of arrival, any cut into batches and any duplicates give the same versions, usage and draft', async () => {
  world.clock.now = START + 6 * 3_600_000
  const once: Delivery = { cuts: Array(30).fill(30), order: [...Array(90).keys()], settle: Array(90).fill(5) }
  await fc.assert(
    fc.asyncProperty(story, delivery, async (facts, other) => {
      const inOrder = facts.toSorted((a, b) => a.at - b.at)
      expect(await outcome(inOrder, other)).toEqual(await outcome(inOrder, once))
    }),
    { numRuns: 15, endOnFailure: true },
  )
})
