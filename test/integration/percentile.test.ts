/** A network sold by its 95th percentile, from readings to a proven invoice, held against sums made by hand. */
import { Big } from 'big.js'
import { type SQL, sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { iso } from '#control-plane/base/time.ts'
import type { Explanation } from '#control-plane/billing/contract.ts'
import { renderPdf } from '#control-plane/billing/documents.ts'
import { type getInvoice, verify } from '#control-plane/billing/index.ts'
import { documentData } from '#control-plane/billing/labels.ts'
import { checkPercentile } from '#control-plane/billing/verify-percentile.ts'
import { rows } from '#control-plane/db/index.ts'
import { acceptGaps, judge } from '#control-plane/rating/index.ts'
import type { AccountUsage, Line } from '#control-plane/rating/contract.ts'
import type { z } from 'zod'
import { Suite } from '../setup/stack.ts'
import { vm } from './agent.ts'
import { type Call, apiOf } from './http.ts'
import { draftOf, resourceId, settled } from './ledger.ts'
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
  MINUTES,
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

/** MB in slot n, out through two devices and in through one. */
const OUT = Array.from({ length: 36 }, (_, n) => ((n * 7) % 36) * 5 + 10)
const IN = Array.from({ length: 36 }, (_, n) => ((n % 12) + 1) * 5)
/** Slot 16 (minutes 80 to 85) lost a part; the four of the silence share what they had. */
const shared = (list: readonly number[]) => list.slice(24, 28).reduce((sum, mb) => sum + mb, 0) / 4
const observed = (list: readonly number[]) =>
  list.map((mb, n) => (n >= 24 && n < 28 ? shared(list) : mb)).filter((_, n) => n !== 16)
const ranked = (list: readonly number[], rank: number) => observed(list).toSorted((a, b) => a - b)[rank - 1]!

let one: Customer
let invoice: Awaited<ReturnType<typeof getInvoice>>
/** A machine whose counters begin anew at minute 81, unseen from 80 to 82, and that nobody reads from 120 to 140. */
async function report(): Promise<void> {
  const listing = one.agent.listing(START, 'h', [vm(one.machine)])
  const facts: unknown[] = [listing]
  for (let minute = 0; minute <= MINUTES + 5; minute += 1) {
    const isUnseen = minute === 81 || (minute > 120 && minute < 140)
    const boot = minute <= 80 ? 1 : 2
    const since = boot === 1 ? 0 : 81
    const second = minute * MB - since * MB
    const out = grown(OUT, minute) - grown(OUT, since)
    const counters = {
      'network_transmit_bytes/eth0': out - second,
      'network_transmit_bytes/eth1': second,
      'network_receive_bytes/eth0': grown(IN, minute) - grown(IN, since),
      'disk_read_bytes/vda': minute,
    }
    if (!isUnseen) facts.push(read(one, minute, counters, boot))
    if (minute % 30 === 0) facts.push(one.agent.unchanged(at(minute), listing))
  }
  expect(await one.agent.send(facts)).toMatchObject({ ok: true })
}

test('a machine with a reset and a silence in its evening is charged the slot that a person finds by hand', async () => {
  one = await customer(world)
  await report()
  await settled(world)
  const id = await resourceId(world, one.machine)
  // another project of the same account is no other owner
  const project = await call('POST', `/accounts/${one.account_id}/projects`, { name: 'P' })
  const moved = { account_id: one.account_id, project_id: project.body['id'], effective_at: iso(at(101)), reason: '' }
  expect((await call('POST', `/resources/${id}/assignments`, moved)).status).toBe(201)
  const { lines, blocked_gaps } = await draftOf(world, one.account_id, END)

  const [p95] = linesOf(lines, 'network_p95')
  expect(p95!.percentile).toMatchObject({ rank: 34, slots: 35, missing: 1, spread: 4 })
  sameRate(p95!.percentile!.out, ranked(OUT, 34))
  sameRate(p95!.percentile!.in, ranked(IN, 34))
  expect(p95!.net).toBe(cents(charged(ranked(OUT, 34), 1000, END - START)))
  expect(p95!.segments.map(({ from, to, size }) => [from, to, size])).toEqual([
    [iso(START), iso(at(101)), String(ranked(OUT, 34) * MB * 2)],
    [iso(at(101)), iso(END), String(ranked(OUT, 34) * MB * 2)],
  ])
  expect(p95).toMatchObject({ estimated: true, unobserved_ms: 22 * MINUTE })
  expect(p95!.gaps).toEqual([
    { from: iso(at(80)), to: iso(at(82)), cause: 'reset', policy: 'skip' },
    { from: iso(at(120)), to: iso(at(140)), cause: 'silent', policy: 'total' },
  ])
  expect(blocked_gaps.map(({ meter, cause, from }) => [meter, cause, from])).toEqual(
    [
      ['network_max', 'reset', iso(at(80))],
      ['network_max', 'silent', iso(at(120))],
    ].toSorted(),
  )

  // the peak has a price until minute 150 and another one from then on: each with the peak of its own slots
  const peaks = linesOf(lines, 'network_max')
  const isMissing = (n: number) => n === 16
  const highest = (from: number, to: number) =>
    Math.max(
      ...OUT.map((mb, n) => (n >= 24 && n < 28 ? shared(OUT) : mb)).filter(
        (_, n) => n >= from && n < to && !isMissing(n),
      ),
    )
  expect(peaks.map((line) => line.percentile)).toMatchObject([
    { rank: 29, slots: 29, missing: 1, spread: 4 },
    { rank: 6, slots: 6, missing: 0, spread: 0 },
  ])
  expect(peaks.map((line) => line.net)).toEqual([
    cents(charged(highest(0, 30), 1_000, 150 * MINUTE)),
    cents(charged(highest(30, 36), 3_000, 30 * MINUTE)),
  ])
})

test('a gap under a price that blocks holds the invoice back; issued, it tells the slot in both languages and is proven', async () => {
  await expect(issue(world, one.account_id, END)).rejects.toMatchObject({ code: 'gap_blocked' })
  const { blocked_gaps, lines } = await draftOf(world, one.account_id, END)
  const gaps = blocked_gaps.map(({ resource, meter, from, to }) => ({ resource_id: resource.id, meter, from, to }))
  await world.run((ctx) => acceptGaps(ctx, one.account_id, { gaps, reason: 'known outage' }))
  invoice = await invoiceOf(world, await issue(world, one.account_id, END))
  expect(invoice.lines).toEqual(lines)
  const told = (language: 'en' | 'es') =>
    documentData(invoice.content, invoice.lines, language).lines.find(({ component }) => component.includes('95'))
  expect(told('en')).toMatchObject({ component: 'network, 95th percentile' })
  expect(told('en')!.note).toMatch(
    /^in 1\.6 Mbit\/s, out 4\.[\d]+ Mbit\/s, 5-minute mean number 34 of 35 from the lowest, 1 missing/,
  )
  expect(told('en')!.note).toContain('(not counted)')
  expect(told('es')!.note).toMatch(/entrada 1,6 Mbit\/s, salida 4,\d+ Mbit\/s, media de 5 minutos número 34 de 35/)
  for (const language of ['en', 'es'] as const)
    expect((await renderPdf(invoice.content, invoice.lines, language)).length).toBeGreaterThan(1_000)
  expect(await findings()).toEqual([])
})

test('explain opens the line to the hours of both directions, and these to their readings', async () => {
  const [line] = linesOf(invoice.lines, 'network_p95')
  const { status, body } = await call('GET', `/invoices/${invoice.id}/lines/${line!.id}/explanation`)
  expect(status).toBe(200)
  const { segments, line: told } = body as z.infer<typeof Explanation>
  expect(told.percentile).toEqual(line!.percentile)
  const hours = segments.flatMap((segment) => segment.hours)
  for (const [meter, list] of [
    ['network_receive_bytes', IN],
    ['network_transmit_bytes', OUT],
  ] as const) {
    const own = hours.filter((hour) => hour.meter === meter)
    // all but what was lost in the two minutes of the reset
    const lost = (list[16]! * 2) / 5
    const used = own.reduce((sum, hour) => sum + Number(hour.quantity), 0)
    expect(used).toBeCloseTo((list.reduce((sum, mb) => sum + mb, 0) - lost) * MB, 0)
    expect(own.every((hour) => hour.bounds.every(({ first }) => first.spool === one.agent.spool))).toBe(true)
  }
})

test('days bear the line for their time, and the hours beneath it count as rated', async () => {
  const usage = (await call('GET', `/accounts/${one.account_id}/usage?month=2026-11`)).body as AccountUsage
  for (const meter of ['network_p95', 'network_max'] as const) {
    const days = usage.days.flatMap((day) => day.items.filter((item) => item.component === `vm.${meter}`))
    const lines = linesOf(invoice.lines, meter)
    const exact = lines.reduce((sum, line) => {
      const [num = '0', den = '1'] = line.exact.split('/')
      return sum.plus(new Big(num).div(den))
    }, new Big(0))
    expect(days).toHaveLength(2)
    expect(
      days
        .reduce((sum, day) => sum.plus(day.amount!), new Big(0))
        .minus(exact)
        .abs()
        .lt('0.00001'),
    ).toBe(true)
  }
  await world.run(judge)
  const id = await resourceId(world, one.machine)
  const status = sql`select distinct meter, status from usage_status where resource_id = ${id} order by meter`
  expect(await rows(world.db, status)).toEqual([
    { meter: 'disk_read_bytes', status: 'unrated' },
    { meter: 'network_receive_bytes', status: 'rated' },
    { meter: 'network_transmit_bytes', status: 'rated' },
  ])
  const { body } = await call('GET', `/resources/${id}/cost`)
  expect(body).toMatchObject({ per_hour: null })
})

class Undone extends Error {}
/** What the verifier says of the damage, which lasts for this transaction only. */
async function after(damage: SQL) {
  let found: Awaited<ReturnType<typeof findings>> = []
  const work = world.run(async (ctx) => {
    expect((await ctx.tx.execute(damage)).count).toBe(1)
    found = (await verify(ctx)).findings
    throw new Undone()
  })
  await work.catch((error: unknown) => {
    if (!(error instanceof Undone)) throw error
  })
  return found
}

test('an altered reading is found, in the hour that it belongs to and in the slot that it moves', async () => {
  const id = await resourceId(world, one.machine)
  const [line] = linesOf(invoice.lines, 'network_p95')
  const subject = `${invoice.number}/${line!.id}`
  const charged_slot = OUT.indexOf(ranked(OUT, 34))
  // what a slot began with is said to have been counted before it
  const damage = (
    minute: number,
    by: number,
  ) => sql`update reading set counters = jsonb_set(counters, '{network_transmit_bytes/eth0}',
    to_jsonb(((counters->>'network_transmit_bytes/eth0')::numeric + ${by})::text)) where resource_id = ${id} and seen_at = ${iso(at(minute))}::timestamptz`
  const found = await after(damage(charged_slot * 5, 30 * MB))
  expect(found).toContainEqual(expect.objectContaining({ check: 'readings', subject }))
  expect(found).toContainEqual(expect.objectContaining({ check: 'percentile', subject }))
  const small = await after(damage(12, 1))
  expect(small).toContainEqual(expect.objectContaining({ check: 'readings', subject }))
  const usage = sql`update usage_hour set quantity = quantity + 1 where cut_to is null and resource_id = ${id}
    and meter = 'network_receive_bytes' and hour = ${iso(START + 30 * MINUTE)}::timestamptz`
  expect(await after(usage)).toContainEqual(expect.objectContaining({ check: 'usage', subject }))
})

test.each([
  ['rank', 33],
  ['rank', 35],
  ['slots', 36],
  ['missing', 0],
  ['spread', 3],
  ['in', null],
  ['out', '0/1'],
  ['in', '8000001/3'],
])('a percentile that was issued with another %s (%s) is found', async (field, value) => {
  const [line] = linesOf(invoice.lines, 'network_p95')
  const check = async (own: Line) => {
    const found: string[] = []
    await world.run((ctx) => checkPercentile(ctx, own, invoice.content.cut, 'line', (what) => found.push(what)))
    return found
  }
  expect(await check(line!)).toEqual([])
  expect(await check({ ...line!, percentile: { ...line!.percentile!, [field]: value } })).toContain('percentile')
  const { percentile: _none, ...silent } = line!
  expect(await check(silent)).toEqual(['percentile'])
  const segments = line!.segments.map((one) => ({ ...one, quantity: String(BigInt(one.quantity) + 1n) }))
  expect(await check({ ...line!, segments })).toEqual(['quantity', 'quantity'])
})
