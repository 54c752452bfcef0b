/** Percentiles over time: late readings, a sale, a component that had no price yet, a silence that is left out, and a whole month. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { system } from '#control-plane/base/actor.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { issueNotes, readyToReRate, reRate } from '#control-plane/billing/index.ts'
import { Suite } from '../setup/stack.ts'
import { vm } from './agent.ts'
import { type Call, apiOf } from './http.ts'
import { draftOf, resourceId, sell, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'
import {
  at,
  cents,
  charged,
  type Customer,
  customer,
  END,
  findingsIn,
  grown,
  invoiceOf,
  issue,
  linesOf,
  MB,
  MINUTE,
  NOVEMBER_MS,
  read,
  sameRate,
  START,
  transit,
} from './transit.ts'

let suite: Suite
let world: Prepared
let call: Call

beforeAll(async () => {
  suite = new Suite()
  world = await transit(suite)
  call = await apiOf(suite, world)
})
afterAll(() => suite.end())
const findings = () => findingsIn(world)

test('readings that come late move a slot at a later cut alone: the issued line stays proven, and a note holds the difference', async () => {
  const late = await customer(world)
  // 5 MB in five minutes, and 600 more in minute 53 to 54, all within one hour of the UTC clock
  const counters = (minute: number) => ({ 'network_transmit_bytes/eth0': minute * MB + (minute > 53 ? 600 * MB : 0) })
  const minutes = Array.from({ length: 86 }, (_, minute) => minute)
  const isLate = (minute: number) => minute > 52 && minute < 57
  const facts = (list: number[]) => list.map((minute) => read(late, minute, counters(minute), 1, 2))
  await late.agent.send([
    late.agent.listing(START, 'h', [vm(late.machine)]),
    ...facts(minutes.filter((minute) => !isLate(minute))),
  ])
  await settled(world)
  const first = await invoiceOf(world, await issue(world, late.account_id, at(80)))
  const [before] = linesOf(first.lines, 'network_p95')
  // three fifths of 605 MB, and two minutes more
  sameRate(before!.percentile!.out, 363 + 2)
  expect(before!.percentile).toMatchObject({ in: null, rank: 16, slots: 16, missing: 0, spread: 0 })

  await late.agent.send(facts(minutes.filter(isLate)))
  await settled(world)
  expect(await findings()).toEqual([])
  const cut = await readyToReRate(world.db, system('test'), () => world.clock.now, {})
  const reviewed = await world.run((ctx) => reRate(ctx, late.account_id, cut))
  const { cut: number, digest } = reviewed
  const [note] = await world.run((ctx) => issueNotes(ctx, late.account_id, { cut: number, digest }))
  const { lines } = await invoiceOf(world, note!)
  const due = linesOf(lines, 'network_p95')[0]!.correction!
  expect(due).toMatchObject({ causes: ['late_facts'], billed: before!.net })
  sameRate(due.lines[0]!.percentile!.out, 605)
  expect(due.due).toBe(cents(charged(605, 1000, 80 * MINUTE)))
  expect(await findings()).toEqual([])
})

test('who buys a machine in the middle of it pays the percentile of his own slots, for his own time', async () => {
  const [seller, buyer] = [await customer(world), await customer(world)]
  const mb = Array.from({ length: 18 }, (_, n) => (n + 1) * 5)
  const facts = Array.from({ length: 81 }, (_, minute) =>
    read(seller, minute, { 'network_receive_bytes/eth0': grown(mb, minute), 'network_transmit_bytes/eth0': 1 }),
  )
  await seller.agent.send([seller.agent.listing(START, 'h', [vm(seller.machine)]), ...facts])
  await settled(world)
  const sold = at(32) + 30_000
  const transfer = { account_id: buyer.account_id, effective_at: iso(sold), reason: 'sold' }
  expect(
    (await call('POST', `/resources/${await resourceId(world, seller.machine)}/assignments`, transfer)).status,
  ).toBe(201)
  const line = async ({ account_id }: Customer) =>
    linesOf((await draftOf(world, account_id, at(80))).lines, 'network_p95')[0]!
  // the slot from 30 to 35 is nobody's: it is whole for neither
  const [a, b] = [await line(seller), await line(buyer)]
  expect([a.percentile, b.percentile]).toMatchObject([
    { out: '0/1', rank: 6, slots: 6, missing: 0 },
    { out: '0/1', rank: 9, slots: 9, missing: 0 },
  ])
  sameRate(a.percentile!.in, 30)
  sameRate(b.percentile!.in, 80)
  expect([a.net, b.net]).toEqual([cents(charged(30, 1000, sold - START)), cents(charged(80, 1000, at(80) - sold))])
})

/** A host that is read each minute of some. */
async function hosted(who: Customer, minutes: readonly number[], sent: (minute: number) => number): Promise<void> {
  const { machine: external_id, agent } = who
  const host = { kind: 'host' as const, external_id, name: external_id, state: 'running' as const }
  const facts = minutes.map((minute) => ({
    ...read(who, minute, { 'network_transmit_bytes/eth0': sent(minute) }),
    resource: { kind: 'host' as const, external_id },
  }))
  await agent.send([agent.listing(START, external_id, [host]), ...facts])
  await settled(world)
}
const upTo = (last: number) => Array.from({ length: last + 1 }, (_, minute) => minute)
const HOST = { kind: 'host', per: 'month', unit: 'Mbit/s', amount: '1000', correction: true, reason: 'late' } as const

test('traffic before the component had a price is unrated, and holds the invoice back', async () => {
  const early = await customer(world)
  await sell(world, { ...HOST, meter: 'network_p95', effective_at: iso(at(30)) })
  await hosted(early, upTo(61), (minute) => minute * MB)
  const { unrated, lines } = await draftOf(world, early.account_id, at(60))
  expect(unrated).toMatchObject([{ meter: 'network_p95', from: iso(START), to: iso(at(30)) }])
  expect(linesOf(lines, 'network_p95')).toMatchObject([{ percentile: { slots: 6 }, segments: [{ from: iso(at(30)) }] }])
  await expect(issue(world, early.account_id, at(60))).rejects.toMatchObject({ code: 'unrated' })
})

test('a silence that its price skips counts for nothing, however much was sent in it', async () => {
  const quiet = await customer(world)
  await sell(world, { ...HOST, meter: 'network_p95', effective_at: iso(START - HOUR_MS) })
  await sell(world, { ...HOST, meter: 'network_max', gap_policy: 'skip', effective_at: iso(START - HOUR_MS) })
  const minutes = upTo(91).filter((minute) => minute <= 30 || minute >= 60)
  await hosted(quiet, minutes, (minute) => (minute <= 30 ? minute : minute + 6_000) * MB)
  const { lines } = await invoiceOf(world, await issue(world, quiet.account_id, at(90)))
  const [p95, max] = [linesOf(lines, 'network_p95')[0]!, linesOf(lines, 'network_max')[0]!]
  // 6030 MB in six slots, or in none; the time is charged all the same
  expect(p95.percentile).toMatchObject({ rank: 18, slots: 18, missing: 0, spread: 6 })
  sameRate(p95.percentile!.out, 1_005)
  expect(max.percentile).toMatchObject({ rank: 12, slots: 12, missing: 6, spread: 0 })
  sameRate(max.percentile!.out, 5)
  expect(max).toMatchObject({ net: cents(charged(5, 1000, 90 * MINUTE)), estimated: false, unobserved_ms: 30 * MINUTE })
  expect(max.gaps).toEqual([{ from: iso(at(30)), to: iso(at(60)), cause: 'silent', policy: 'skip' }])
  expect(await findings()).toEqual([])
})

test('a commitment is due without any traffic, and says that nothing was seen', async () => {
  const idle = await customer(world)
  const terms = { included: '5', minimum: '720' }
  await sell(world, { ...HOST, kind: 'container', meter: 'network_p95', terms, effective_at: iso(START - HOUR_MS) })
  const { machine: external_id, agent } = idle
  const container = { kind: 'container' as const, external_id, name: external_id, state: 'running' as const }
  await agent.send([agent.listing(START, 'h', [container])])
  await settled(world)
  const { lines } = await invoiceOf(world, await issue(world, idle.account_id, at(60)))
  const [line] = linesOf(lines, 'network_p95')
  expect(line).toMatchObject({ net: '1.00', quantity: '0', unobserved_ms: HOUR_MS })
  expect(line!.percentile).toEqual({ in: null, out: null, rank: 0, slots: 0, missing: 12, spread: 0 })
  expect(await findings()).toEqual([])
})

test('a machine that is gone is charged for as long as it was there; one that only fell silent, for all of it', async () => {
  const [gone, mute] = [await customer(world), await customer(world)]
  for (const who of [gone, mute]) {
    const facts = upTo(60).map((minute) => read(who, minute, { 'network_transmit_bytes/eth0': minute * MB }))
    const listing = who.agent.listing(START, 'h', [vm(who.machine)])
    const seen = upTo(12).map((quarter) => who.agent.unchanged(at(quarter * 15), listing))
    const after = who === gone ? [who.agent.listing(at(61), 'h', [])] : seen
    await who.agent.send([listing, ...facts, ...after])
  }
  await settled(world)
  const drafted = async ({ account_id }: Customer) => {
    const { lines, blocked_gaps } = await draftOf(world, account_id, END)
    return { line: linesOf(lines, 'network_p95')[0]!, blocked_gaps }
  }
  const [past, silent] = [await drafted(gone), await drafted(mute)]
  expect(past.line).toMatchObject({ percentile: { slots: 12, missing: 0 }, unobserved_ms: 0 })
  expect(past.line.segments.map(({ from, to }) => [from, to])).toEqual([[iso(START), iso(at(61))]])
  expect(past.line.net).toBe(cents(charged(5, 1000, 61 * MINUTE)))
  expect(past.blocked_gaps).toEqual([])
  expect(silent.line).toMatchObject({ percentile: { slots: 12, missing: 24 }, unobserved_ms: 120 * MINUTE })
  expect(silent.line.gaps).toEqual([{ from: iso(at(60)), to: iso(END), cause: 'silent', policy: 'skip' }])
  expect(silent.line.net).toBe(cents(charged(5, 1000, END - START)))
  expect(silent.blocked_gaps).toMatchObject([
    { meter: 'network_max', from: iso(at(60)), to: iso(at(150)) },
    { meter: 'network_max', from: iso(at(150)), to: iso(END) },
  ])
})

test('a whole month at one price is the percentile times the price, though it was read each hour only', async () => {
  const month = await customer(world)
  const from = Date.parse('2026-10-31T23:00:00.000Z')
  const hours = NOVEMBER_MS / HOUR_MS
  world.clock.now = from + NOVEMBER_MS + HOUR_MS
  const listing = month.agent.listing(from - HOUR_MS, 'h', [vm(month.machine)])
  let [sum, facts]: [number, unknown[]] = [0, [listing]]
  for (let hour = -1; hour <= hours; hour += 1) {
    const seen = from + hour * HOUR_MS
    const counters = { 'network_transmit_bytes/eth0': sum, 'network_receive_bytes/eth0': sum / 2 }
    facts.push(
      month.agent.readings(seen, month.machine, counters, { interval_ms: HOUR_MS }),
      month.agent.unchanged(seen, listing),
    )
    // each of 1 to 720 MB in five minutes once
    sum += hour < 0 ? 0 : (((hour * 271) % hours) + 1) * 12 * MB
    if (facts.length > 200) {
      expect(await month.agent.send(facts)).toMatchObject({ ok: true })
      facts = []
    }
  }
  await month.agent.send(facts)
  await settled(world)
  const invoiced = await invoiceOf(world, await issue(world, month.account_id, from + NOVEMBER_MS))
  const [line] = linesOf(invoiced.lines, 'network_p95')
  // ⌈0.95 × 8640⌉ = 8208, the last of the 684th hour from the lowest; 684 MB in five minutes are 18.24 Mbit/s
  expect(line).toMatchObject({ net: '18240.00', exact: '18240/1', quantity_display: '18.24', estimated: false })
  expect(line!.percentile).toEqual({
    in: '9120000/1',
    out: '18240000/1',
    rank: 8208,
    slots: 8640,
    missing: 0,
    spread: 8640,
  })
  expect(await findings()).toEqual([])
}, 240_000)
