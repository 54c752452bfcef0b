/** Time in which nobody looked: each cause under each policy stands on the bill with its length, and what it holds back waits. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { system } from '#control-plane/base/actor.ts'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { gapText } from '#control-plane/billing/gap-text.ts'
import { renderPdf } from '#control-plane/billing/documents.ts'
import { finalise, getInvoice, verify } from '#control-plane/billing/index.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import type { GapCause } from '#control-plane/metering/contract.ts'
import { acceptGaps } from '#control-plane/rating/index.ts'
import { changeSource } from '#control-plane/sources/index.ts'
import type { Line } from '#control-plane/rating/contract.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, INTERVAL_MS, vm } from './agent.ts'
import { draftOf, market, sell, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const START = Date.parse('2026-11-10T08:00:00.000Z')
const [FROM, TO, END] = [START + HOUR_MS, START + 4 * HOUR_MS, START + 5 * HOUR_MS]
const GAP_MS = TO - FROM
/** one meter for each policy of what is held and of what is consumed */
const HELD = { vcpu: 'infer', memory: 'skip', disk: 'block' } as const
const CONSUMED = { network_transmit_bytes: 'total', network_receive_bytes: 'skip', disk_read_bytes: 'block' } as const
const LOSSES = ['spool_overflow', 'spool_damaged', 'agent_down', 'source_down'] as const
let suite: Suite
let world: Prepared

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(START - HOUR_MS))
  await sell(world, { meter: 'vcpu', amount: '1' })
  await sell(world, { meter: 'memory', unit: 'GiB', amount: '1', gap_policy: 'skip' })
  await sell(world, { meter: 'disk', unit: 'GiB', amount: '1', gap_policy: 'block' })
  for (const [meter, gap_policy] of Object.entries(CONSUMED) as [keyof typeof CONSUMED, 'total' | 'skip' | 'block'][])
    await sell(world, { meter, per: 'quantity', unit: 'MB', amount: '1', gap_policy })
  world.clock.now = END
})
afterAll(() => suite.end())

const counters = (mb: number) => ({
  'network_transmit_bytes/eth0': mb * 1_000_000,
  'network_receive_bytes/eth0': mb * 1_000_000,
  'disk_read_bytes/vda': mb * 1_000_000,
})

interface Customer {
  account_id: string
  agent: Agent
  machine: string
}
const STEP_MS = 60_000
const minutely = <T extends { interval_ms: number }>(fact: T): T => ({ ...fact, interval_ms: STEP_MS })
/** A machine that is seen each minute for an hour, then not for three, then for an hour again; its counters grow by 1 MB a minute. */
async function customer(cause: GapCause, lists = false): Promise<Customer> {
  const name = `${cause} ${newId()}`
  const { id: account_id } = await world.run((ctx) => openAccount(ctx, { name, tax_id: '', email: '' }))
  const agent = await enrolledAgent(world, name, account_id)
  const machine = `vm ${name}`
  const listing = minutely(agent.listing(START, 'h', [vm(machine)]))
  const reset = cause === 'reset'
  const look = (at: number) => {
    const minutes = (at - (reset && at >= TO ? TO : START)) / 60_000
    const epoch = { id: reset && at >= TO ? 'boot-2' : 'boot-1' }
    return [agent.unchanged(at, listing), minutely(agent.readings(at, machine, counters(minutes), { epoch }))]
  }
  const facts: unknown[] = [listing]
  for (let at = START; at <= END; at += STEP_MS)
    if (at <= FROM || at >= TO) facts.push(...look(at))
    else if (lists) facts.push(agent.unchanged(at, listing))
  const isLoss = LOSSES.find((each) => each === cause)
  // what was lost is what lay between the last fact before and the first after
  if (isLoss)
    facts.push({ type: 'gap', source: agent.source, seen_at_ms: TO - 5_000, from_ms: FROM + 5_000, cause: isLoss })
  expect(await agent.send(facts)).toMatchObject({ ok: true })
  if (cause === 'source_paused') await rest(agent.source, FROM + 5_000, TO - 5_000)
  await settled(world)
  return { account_id, agent, machine }
}

/** People let the source rest from one instant to another. */
async function rest(source: string, from: number, to: number): Promise<void> {
  for (const [at, paused] of [
    [from, true],
    [to, false],
  ] as const) {
    world.clock.now = at
    await world.run((ctx) => changeSource(ctx, source, { paused }))
  }
  world.clock.now = END
}

const lineOf = (lines: readonly Line[], meter: Line['meter']) => lines.find((line) => line.meter === meter)!
const one = (cause: GapCause, policy: string) => [{ from: iso(FROM), to: iso(TO), cause, policy }]

test.each(['silent', 'source_paused', ...LOSSES] as const)(
  'a gap by %s stands on the line of each policy, in its length',
  async (cause) => {
    const { account_id } = await customer(cause)
    const { lines, blocked_gaps } = await draftOf(world, account_id, END)
    for (const [meter, policy] of [...Object.entries(HELD), ...Object.entries(CONSUMED)] as [Line['meter'], string][]) {
      const line = lineOf(lines, meter)
      expect([meter, line.gaps, line.unobserved_ms]).toEqual([meter, one(cause, policy), GAP_MS])
    }
    // five hours are held, of which `skip` bills two; the counters grew by 300 MB, of which 180 in the gap
    const billed = Object.fromEntries(lines.map((line) => [line.meter, Number(line.quantity_display)]))
    expect(billed).toMatchObject({ vcpu: 2 * 5, memory: 4 * 2, disk: 20 * 5 })
    expect(billed.network_receive_bytes).toBeCloseTo(billed.network_transmit_bytes! - 180, 5)
    expect(billed.disk_read_bytes).toBe(billed.network_transmit_bytes)
    expect(blocked_gaps.map((gap) => [gap.meter, gap.from, gap.to, gap.cause])).toEqual([
      ['disk', iso(FROM), iso(TO), cause],
      ['disk_read_bytes', iso(FROM), iso(TO), cause],
    ])
  },
)

test('a counter that began anew has no total: nothing of the gap is billed under any policy, and it says so', async () => {
  const { account_id } = await customer('reset', true)
  const { lines, blocked_gaps } = await draftOf(world, account_id, END)
  for (const [meter, policy] of Object.entries({ ...CONSUMED, network_transmit_bytes: 'skip' }) as [
    Line['meter'],
    string,
  ][])
    expect(lineOf(lines, meter)).toMatchObject({ gaps: one('reset', policy), unobserved_ms: GAP_MS })
  for (const meter of Object.keys(HELD) as Line['meter'][]) expect(lineOf(lines, meter).gaps).toBeUndefined()
  expect(blocked_gaps.map((gap) => gap.meter)).toEqual(['disk_read_bytes'])
})

test('an invoice waits for a gap whose price blocks until a person accepts it; the document tells it and is proven', async () => {
  const { account_id } = await customer('spool_overflow')
  const issue = () => finalise(world.db, system('test'), () => world.clock.now, newId(), { account_id, to: iso(END) })
  await expect(issue()).rejects.toMatchObject({ code: 'gap_blocked' })
  const { blocked_gaps } = await draftOf(world, account_id, END)
  const gaps = blocked_gaps.map(({ resource, meter, from, to }) => ({ resource_id: resource.id, meter, from, to }))
  await world.run((ctx) => acceptGaps(ctx, account_id, { gaps: gaps.slice(1), reason: 'known outage' }))
  await expect(issue()).rejects.toMatchObject({ code: 'gap_blocked' })
  await world.run((ctx) => acceptGaps(ctx, account_id, { gaps: gaps.slice(0, 1), reason: 'known outage' }))
  const id = await issue()
  const invoice = await world.run((ctx) => getInvoice(ctx, id))
  const { zone } = invoice.content
  const [memory, disk] = [lineOf(invoice.lines, 'memory'), lineOf(invoice.lines, 'disk')]
  expect(gapText(memory, zone, 'en')).toBe('unobserved 3 h: spool overflow, 2026-11-10 10:00 – 13:00 (not billed)')
  expect(gapText(disk, zone, 'es')).toBe('sin observar 3 h: cola desbordada, 10/11/2026 10:00 – 13:00 (aceptado)')
  for (const language of ['en', 'es'] as const)
    expect((await renderPdf(invoice.content, invoice.lines, language)).length).toBeGreaterThan(1_000)
  expect((await world.run(verify)).findings).toEqual([])
})

test('facts that come late fill a gap: nothing is told of it, and nothing waits', async () => {
  const { account_id, agent, machine } = await customer('silent')
  const listing = minutely(agent.listing(START, 'h', [vm(machine)]))
  const late: unknown[] = []
  for (let at = FROM + STEP_MS; at < TO; at += STEP_MS)
    late.push(agent.unchanged(at, listing), minutely(agent.readings(at, machine, counters((at - START) / STEP_MS))))
  await agent.send(late)
  await settled(world)
  const { lines, blocked_gaps } = await draftOf(world, account_id, END)
  expect(blocked_gaps).toEqual([])
  expect(lines.map((line) => [line.gaps, line.unobserved_ms])).toEqual(lines.map(() => [undefined, 0]))
  expect(lineOf(lines, 'memory').quantity_display).toBe('20')
})

test('a gap in which an idle counter stood still is told whole', async () => {
  const name = newId()
  const { id: account_id } = await world.run((ctx) => openAccount(ctx, { name, tax_id: '', email: '' }))
  const agent = await enrolledAgent(world, name, account_id)
  const still = (at: number) => agent.readings(at, name, { 'network_transmit_bytes/eth0': 7 })
  await agent.send([agent.listing(START, 'h', [vm(name)]), still(START), still(FROM), still(TO)])
  await settled(world)
  const line = lineOf((await draftOf(world, account_id, END)).lines, 'network_transmit_bytes')
  expect(line).toMatchObject({ net: '0.00', unobserved_ms: TO - START })
  expect(line.gaps).toMatchObject([{ from: iso(START), to: iso(TO), cause: 'silent', policy: 'total' }])
})

test('a line tells twenty gaps and how many more there are', async () => {
  const name = newId()
  const { id: account_id } = await world.run((ctx) => openAccount(ctx, { name, tax_id: '', email: '' }))
  const agent = await enrolledAgent(world, name, account_id)
  const listing = agent.listing(START, 'h', [vm(name)])
  const facts = Array.from({ length: 24 }, (_, n) => START + n * 10 * 60_000).flatMap((at) => [
    agent.unchanged(at, listing),
    agent.unchanged(at + INTERVAL_MS, listing),
  ])
  await agent.send([listing, ...facts])
  await settled(world)
  const line = lineOf((await draftOf(world, account_id, START + 24 * 10 * 60_000 - 5 * 60_000)).lines, 'vcpu')
  expect([line.gaps?.length, line.gaps_more]).toEqual([20, 4])
  expect(gapText(line, 'UTC', 'en')).toMatch(/; and 4 more$/)
})

test('a rest that began is told as such while it lasts; one that people decide later changes nothing that was issued', async () => {
  const { account_id, agent } = await customer('silent')
  const gapsOf = async () => lineOf((await draftOf(world, account_id, END)).lines, 'vcpu').gaps
  const issued = await customer('spool_overflow')
  const { blocked_gaps } = await draftOf(world, issued.account_id, END)
  const gaps = blocked_gaps.map(({ resource, meter, from, to }) => ({ resource_id: resource.id, meter, from, to }))
  await world.run((ctx) => acceptGaps(ctx, issued.account_id, { gaps, reason: 'known outage' }))
  const about = { account_id: issued.account_id, to: iso(END) }
  await finalise(world.db, system('test'), () => world.clock.now, newId(), about)
  for (const source of [agent.source, issued.agent.source]) {
    world.clock.now = FROM + 5_000
    await world.run((ctx) => changeSource(ctx, source, { paused: true }))
    world.clock.now = END
  }
  expect((await gapsOf())?.map(({ cause }) => cause)).toEqual(['source_paused'])
  expect((await world.run(verify)).findings).toEqual([])
})
