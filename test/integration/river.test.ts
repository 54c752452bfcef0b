/** The river from facts to lines: listings, events and counters become versions, hours of usage and amounts, exactly. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, cutIntoParts, enrolledAgent, GIB, host, INTERVAL_MS, vm } from './agent.ts'
import { draftOf, market, sell, settled, sumOf, timeline, transfer, usage } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const START = Date.parse('2026-11-10T08:00:00.000Z')
const SECOND = 1_000
let suite: Suite
let world: Prepared

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(START - HOUR_MS))
  await sell(world, { meter: 'vcpu', amount: '0.05' })
  await sell(world, { meter: 'network_transmit_bytes', per: 'quantity', unit: 'GiB', amount: '0.7' })
  world.clock.now = START + 48 * HOUR_MS
})
afterAll(() => suite.end())

/** An agent with a realm and an account that nobody else uses. */
async function alone(): Promise<{ agent: Agent; realm: string; account_id: string }> {
  const realm = newId()
  const { id } = await world.run((ctx) => openAccount(ctx, { name: realm, tax_id: '', email: '' }))
  return { agent: await enrolledAgent(world, realm, id), realm, account_id: id }
}
const versionsOf = async (realm: string, name: string) =>
  (await timeline(world, realm))
    .filter((row) => row.vm === name)
    .map((row) => [
      Number(row.from) - START,
      row.to === null ? null : Number(row.to) - START,
      row.host,
      Number(row.vcpu),
    ])

test('a listing in three parts is in force when the last has come, in whatever order', async () => {
  const { agent, realm } = await alone()
  const names = ['a', 'b', 'c', 'd']
  const whole = agent.listing(START, 'h', [host('h'), ...names.map((name) => vm(name))])
  const [first, second, third] = cutIntoParts(whole, 3)
  await agent.send([third])
  await agent.send([first, first])
  await settled(world)
  expect(await timeline(world, realm)).toEqual([])
  expect(await agent.send([second])).toMatchObject({ ok: true, watermark: 3 })
  await settled(world)
  expect((await timeline(world, realm)).map((row) => row.vm)).toEqual([...names, 'h'])
})

test('an unchanged listing makes no version, and is in force even where a change came and went', async () => {
  const { agent, realm } = await alone()
  const small = agent.listing(START, 'h', [vm('a')])
  const big = agent.listing(START + 20 * SECOND, 'h', [vm('a', { size: { vcpu_count: 4 } })])
  await agent.send([small, agent.unchanged(START + 10 * SECOND, small), big])
  const reply = await agent.send([agent.unchanged(START + 30 * SECOND, small)])
  expect(reply).toMatchObject({ ok: true, unknown_digests: [] })
  await settled(world)
  expect(await versionsOf(realm, 'a')).toEqual([
    [0, 20_000, null, 2],
    [20_000, 30_000, null, 4],
    [30_000, null, null, 2],
  ])
})

test('an unknown digest asks for the whole listing, and then counts from its own time', async () => {
  const { agent, realm } = await alone()
  const listing = agent.listing(START + 10 * SECOND, 'h', [vm('a')])
  const reply = await agent.send([agent.unchanged(START, listing)])
  expect(reply).toMatchObject({ ok: true, unknown_digests: [listing.digest] })
  expect(await agent.send([listing])).toMatchObject({ unknown_digests: [] })
  await settled(world)
  expect(await versionsOf(realm, 'a')).toEqual([[0, null, null, 2]])
})

test('a machine that moves from one host to another is one resource without a hole', async () => {
  const { agent, realm } = await alone()
  const on = (at: number, name: string, machines: string[]) =>
    agent.listing(START + at * SECOND, name, [host(name), ...machines.map((id) => vm(id, { host: name }))])
  await agent.send([on(0, 'h1', ['a']), on(0, 'h2', [])])
  await agent.send([on(10, 'h1', []), on(15, 'h2', ['a'])])
  await settled(world)
  expect(await versionsOf(realm, 'a')).toEqual([
    [0, 15_000, 'h1', 2],
    [15_000, null, 'h2', 2],
  ])
})

test('an event that names only what changed leaves the rest as it was', async () => {
  const { agent, realm } = await alone()
  await agent.send([agent.listing(START, 'h', [host('h'), vm('a', { host: 'h' })])])
  await agent.send([
    agent.event(START + 5 * SECOND, 'h', 'a', { state: 'stopped' }),
    agent.event(START + 9 * SECOND, 'h', 'a', { size: { vcpu_count: 8 } }),
    agent.event(START + 12 * SECOND, 'h', 'a', null),
  ])
  await settled(world)
  expect(await versionsOf(realm, 'a')).toEqual([
    [0, 5_000, 'h', 2],
    [5_000, 9_000, 'h', 2],
    [9_000, 12_000, 'h', 8],
  ])
})

test('a late listing splits a run', async () => {
  const { agent, realm } = await alone()
  const at = (seconds: number, vcpu_count: number) =>
    agent.listing(START + seconds * SECOND, 'h', [vm('a', { size: { vcpu_count } })])
  await agent.send([at(0, 2), at(20, 2)])
  await settled(world)
  await world.closeCut()
  await agent.send([at(10, 4)])
  await settled(world)
  expect(await versionsOf(realm, 'a')).toEqual([
    [0, 10_000, null, 2],
    [10_000, 20_000, null, 4],
    [20_000, null, null, 2],
  ])
})

test('a transfer in the middle of an hour splits what was sent: the owners pay for all of it and no more', async () => {
  const { agent, realm, account_id } = await alone()
  const buyer = await alone()
  await agent.send([agent.listing(START, 'h', [vm(`${realm}-a`)])])
  const counts = [0, 7_919, 1_299_709, 15_485_863_000, 15_485_863_001]
  await agent.send(
    counts.map((sent, index) =>
      agent.readings(START + index * 25 * 60_000 + 7_123 * index, `${realm}-a`, {
        'network_transmit_bytes/eth0': sent,
      }),
    ),
  )
  await settled(world)
  await transfer(world, `${realm}-a`, buyer.account_id, START + 67 * 60_000 + 111)
  await transfer(world, `${realm}-a`, account_id, START + 67 * 60_000 + 222)
  const sent = async (id: string) => {
    const { lines } = await draftOf(world, id)
    return lines.filter((line) => line.meter === 'network_transmit_bytes').map((line) => line.quantity)
  }
  const [seller, other] = [await sent(account_id), await sent(buyer.account_id)]
  expect([seller.length, other.length]).toEqual([1, 1])
  expect(sumOf([...seller, ...other])).toBe(15_485_863_001n)
  expect(sumOf((await usage(world, realm)).map((row) => row.quantity))).toBe(15_485_863_001n)
  const seconds = (await draftOf(world, buyer.account_id)).lines.filter((line) => line.meter === 'vcpu')
  expect(seconds.map((line) => line.quantity)).toEqual(['222'])
})

test('after a day without readings the total is known; where the bill ends in the midst of it, the line says that it is estimated', async () => {
  const { agent, realm, account_id } = await alone()
  const read = (at: number, sent: number) => agent.readings(START + at, 'a', { 'network_transmit_bytes/eth0': sent })
  await agent.send([agent.listing(START, 'h', [vm('a')])])
  await agent.send([read(0, 0), read(INTERVAL_MS, GIB), read(INTERVAL_MS + 24 * HOUR_MS, 49 * GIB)])
  await settled(world)
  const line = async (hours: number) =>
    (await draftOf(world, account_id, START + hours * HOUR_MS)).lines.find((each) => each.meter !== 'vcpu')
  expect(await line(47)).toMatchObject({
    quantity: String(49 * GIB),
    net: '34.30',
    estimated: false,
    unobserved_ms: 24 * HOUR_MS,
  })
  expect(await line(12)).toMatchObject({ estimated: true })
  // half of the gap and the ten seconds before it
  const half = (await draftOf(world, account_id, START + INTERVAL_MS + 12 * HOUR_MS)).lines
  expect(half.find((each) => each.meter !== 'vcpu')?.quantity).toBe(String(25 * GIB))
  const hours = await usage(world, realm)
  expect([hours.length, hours.every((row) => row.estimated)]).toEqual([25, true])
})

test('a device that some readings leave out, around the turn of an hour, loses nothing', async () => {
  const { agent, realm } = await alone()
  const read = (minute: number, counters: Record<string, number>) =>
    agent.readings(START + minute * 60_000, 'a', counters, { interval_ms: 600_000 })
  const [eth0, eth1] = ['network_transmit_bytes/eth0', 'network_transmit_bytes/eth1']
  await agent.send([agent.listing(START, 'h', [vm('a')]), read(40, { [eth0]: 0, [eth1]: 1_000 })])
  for (const minute of [50, 70, 110]) await agent.send([read(minute, { [eth0]: minute })])
  await settled(world)
  await agent.send([read(130, { [eth0]: 130, [eth1]: 91_000 })])
  await settled(world)
  const sent = async () => sumOf((await usage(world, realm)).map((row) => row.quantity))
  expect(await sent()).toBe(90_130n)
  await agent.send([read(55, { [eth0]: 51 })])
  await settled(world)
  expect(await sent()).toBe(90_130n)
})

test.each([
  ['2026-03-01T00:30:00+01:00', '2026-04-02T00:00:00Z', 743],
  ['2026-10-01T00:30:00+02:00', '2026-11-02T00:00:00Z', 745],
])(
  'the whole month from %s (billed by %s) costs the monthly price exactly in its %i hours',
  async (begin, end, hours) => {
    const own = await market(suite, new Date(begin).toISOString())
    await sell(own, { meter: 'vcpu', per: 'month', amount: '123.45678901' })
    await sell(own, { meter: 'instance', model: 'flat', per: 'month', unit: 'instance', amount: '10.01' })
    const agent = await enrolledAgent(own, 'month')
    const midnight = own.clock.now - 30 * 60_000
    await agent.send([agent.listing(midnight, 'h', [vm('a', { size: { vcpu_count: 3 } })])])
    await settled(own)
    own.clock.now = Date.parse(end)
    const { lines, period } = await draftOf(own, own.account_id)
    expect(Date.parse(period.to) - Date.parse(period.from)).toBe(hours * HOUR_MS)
    expect(lines.map((line) => [line.component, line.exact, line.net, line.quantity])).toEqual([
      ['vm.instance', '1001/100', '10.01', String(hours * HOUR_MS)],
      ['vm.vcpu', '37037036703/100000000', '370.37', String(3 * hours * HOUR_MS)],
    ])
  },
)

test.each([
  ['JPY', '0.5', '1', '0'],
  ['JPY', '1234.4', '1234', '259'],
  ['KWD', '0.0005', '0.001', '0.000'],
  ['KWD', '12.3455', '12.346', '2.593'],
])(
  '%s at %s an hour is rounded once, half away from zero, to its own minor unit',
  async (currency, amount, net, tax) => {
    const own = await market(suite, iso(START), currency)
    await sell(own, { meter: 'vcpu', amount })
    const agent = await enrolledAgent(own, 'currency')
    await agent.send([agent.listing(START, 'h', [vm('a', { size: { vcpu_count: 1 } })])])
    await settled(own)
    own.clock.now = START + HOUR_MS
    const { lines, totals } = await draftOf(own, own.account_id)
    expect([lines[0]?.net, lines[0]?.currency, totals.net, totals.tax]).toEqual([net, currency, net, tax])
  },
)
