/** Buckets sold by GB-hours and by requests of each class, from gauges and counters to a proven invoice, held against sums made by hand. */
import { Big } from 'big.js'
import { type SQL, sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '#control-plane/base/id.ts'
import { iso } from '#control-plane/base/time.ts'
import { gapText } from '#control-plane/billing/gap-text.ts'
import { type getInvoice, verify } from '#control-plane/billing/index.ts'
import { documentData } from '#control-plane/billing/labels.ts'
import type { Explanation } from '#control-plane/billing/contract.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { rows } from '#control-plane/db/index.ts'
import { judge } from '#control-plane/rating/index.ts'
import type { Line } from '#control-plane/rating/contract.ts'
import type { z } from 'zod'
import type { ObservationInput } from '#connectors/contract.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent } from './agent.ts'
import { type Call, apiOf } from './http.ts'
import { draftOf, market, resourceId, sell, settled, transfer, usage } from './ledger.ts'
import type { Prepared } from './prepared.ts'
import { cents, findingsIn, invoiceOf, issue } from './transit.ts'

const START = Date.parse('2026-11-10T08:00:00.000Z')
const MINUTE = 60_000
const GB = 1_000_000_000
const at = (minutes: number): number => START + minutes * MINUTE
/** when it was given away, when the price changed, when all of it ends */
const [GIVEN, CHANGED, END] = [80.5, 190, 240]
const [OLD, NEW] = [1, 3]

let suite: Suite
let world: Prepared
let call: Call
beforeAll(async () => {
  Big.DP = 40
  suite = new Suite()
  world = await market(suite, iso(START - 60 * MINUTE))
  const storage = { kind: 'bucket', meter: 'storage_used_bytes', unit: 'GB' } as const
  await sell(world, { ...storage, amount: String(OLD) })
  await sell(world, { ...storage, amount: String(NEW), effective_at: iso(at(CHANGED)) })
  for (const [meter, amount] of [
    ['requests_read', '0.5'],
    ['requests_write', '5'],
  ] as const)
    await sell(world, { kind: 'bucket', meter, per: 'quantity', unit: 'thousand_operations', amount })
  world.clock.now = at(END)
  call = await apiOf(suite, world)
})
afterAll(() => suite.end())

interface Customer {
  account_id: string
  agent: Agent
  bucket: string
}
async function customer(): Promise<Customer> {
  const name = newId()
  const { id: account_id } = await world.run((ctx) => openAccount(ctx, { name, tax_id: '', email: '' }))
  return { account_id, agent: await enrolledAgent(world, name, account_id), bucket: `photos ${name}` }
}
const bucketOf = (external_id: string): ObservationInput => ({
  kind: 'bucket',
  external_id,
  name: external_id,
  state: 'running',
})
const every5 = <T extends { interval_ms: number }>(fact: T): T => ({ ...fact, interval_ms: 5 * MINUTE })

/** 10 GB for an hour, 20 GB until nobody looks between minutes 120 and 160, and 30 GB from then on. */
const storedAt = (minute: number): number => (minute < 60 ? 10 : minute < 160 ? 20 : 30)
const isSilent = (minute: number): boolean => minute > 120 && minute < 160
const stored = ({ agent, bucket }: Customer, minute: number, gb = storedAt(minute)) =>
  every5(
    agent.readings(
      at(minute),
      bucket,
      {},
      {
        resource: { kind: 'bucket', external_id: bucket },
        epoch: undefined,
        gauges: { storage_used_bytes: gb * GB, 'storage_used_bytes/multimeta': 7, objects_count: 3 },
      },
    ),
  )
const asked = ({ agent, bucket }: Customer, minute: number) => {
  const counters = Object.fromEntries(
    ['list', 'read', 'write', 'delete', 'other'].map((name, index) => [`requests_count/${name}`, minute * (index + 1)]),
  )
  return every5(agent.readings(at(minute), bucket, counters, { resource: { kind: 'bucket', external_id: bucket } }))
}
/** What its agent tells: the log of requests a minute after the sizes. */
function told(one: Customer, until = END): unknown[] {
  const listing = every5(one.agent.listing(START, 'zone', [bucketOf(one.bucket)]))
  const facts: unknown[] = [listing]
  for (let minute = 0; minute <= until; minute += 5) {
    facts.push(one.agent.unchanged(at(minute), listing))
    if (!isSilent(minute)) facts.push(stored(one, minute))
    facts.push(asked(one, minute + 1))
  }
  return facts
}
const held = (lines: readonly Line[]): Line[] => lines.filter(({ meter }) => meter === 'storage_used_bytes')
/** GB-hours of so many GB for so many minutes. */
const hours = (...parts: [gb: number, minutes: number][]): Big =>
  parts.reduce((sum, [gb, minutes]) => sum.plus(new Big(gb).times(minutes).div(60)), new Big(0))

let giver: Customer
let taker: string
let invoice: Awaited<ReturnType<typeof getInvoice>>
const GAP = { from: iso(at(135)), to: iso(at(160)), cause: 'silent', policy: 'skip' }

test('GB-hours are split at the transfer and at the new price, and what nobody read for 25 minutes is told and not billed', async () => {
  giver = await customer()
  const { id } = await world.run((ctx) => openAccount(ctx, { name: newId(), tax_id: '', email: '' }))
  taker = id
  expect(await giver.agent.send(told(giver))).toMatchObject({ ok: true })
  await settled(world)
  await transfer(world, giver.bucket, taker, at(GIVEN))

  const [first, ...more] = held((await draftOf(world, giver.account_id, at(END))).lines)
  expect(more).toEqual([])
  expect(first).toMatchObject({ unobserved_ms: 0, net: cents(hours([10, 60], [20, GIVEN - 60]).times(OLD)) })

  const lines = held((await draftOf(world, taker, at(END))).lines)
  const sums = [hours([20, 135 - GIVEN], [30, CHANGED - 160]), hours([30, END - CHANGED])]
  expect(lines.map(({ net }) => net)).toEqual([cents(sums[0]!.times(OLD)), cents(sums[1]!.times(NEW))])
  expect(lines.map(({ quantity_display }) => quantity_display)).toEqual(
    sums.map((sum) => String(Number(sum.toFixed(6)))),
  )
  expect(lines[0]).toMatchObject({ unobserved_ms: 25 * MINUTE, gaps: [GAP], estimated: false })
  expect(lines[1]).toMatchObject({ unobserved_ms: 0 })
  expect(gapText(lines[0]!, 'UTC', 'en')).toBe('unobserved 25 min: no report, 2026-11-10 10:15 – 10:40 (not billed)')
})

test('requests are sold by their class, and what has no price of its own is none of another', async () => {
  const { lines } = await draftOf(world, taker, at(END))
  const net = (meter: Line['meter']) => lines.find((line) => line.meter === meter)?.net
  // the counters grow by 2 and 3 a minute; of requests that are whole the one that the transfer cuts is the taker's
  expect(net('requests_read')).toBe(cents(new Big(2 * (END - GIVEN)).div(1000).times('0.5')))
  expect(net('requests_write')).toBe(cents(new Big(Math.ceil(3 * (END - GIVEN))).div(1000).times(5)))
  expect(net('requests_list')).toBeUndefined()
})

test('issued, it is proven, tells its gap in both languages, and opens down to the readings that bound it', async () => {
  invoice = await invoiceOf(world, await issue(world, taker, at(END)))
  const [line] = held(invoice.lines)
  for (const [language, text] of [
    ['en', 'storage used'],
    ['es', 'almacenamiento usado'],
  ] as const)
    expect(documentData(invoice.content, invoice.lines, language).lines.map((one) => one.component)).toContain(text)
  expect(await findingsIn(world)).toEqual([])
  const { body } = await call('GET', `/invoices/${invoice.id}/lines/${line!.id}/explanation`)
  const leaves = (body as z.infer<typeof Explanation>).segments.flatMap((segment) => segment.hours)
  const third = leaves.find(({ from }) => from === iso(at(120)))!
  const bound = (first: number, last: number, gb: number) => ({
    device: '',
    first: { at: iso(at(first)), value: String(gb * GB) },
    last: { at: iso(at(last)), value: String(gb * GB) },
  })
  expect(third.bounds).toMatchObject([bound(120, 120, 20), bound(160, 175, 30)])
  const sum = leaves.reduce((total, { quantity }) => total + BigInt(quantity), 0n)
  expect(sum.toString()).toBe(line!.quantity)
})

test('the days of an account add up to what its lines hold', async () => {
  const { body } = await call('GET', `/accounts/${taker}/usage?month=2026-11`)
  const { days } = body as { days: { items: { component: string; quantity: string; amount: string }[] }[] }
  const items = days.flatMap((day) => day.items).filter((item) => item.component === 'bucket.storage_used_bytes')
  const sum = (list: readonly (string | undefined)[]) => list.reduce((all, text) => all.plus(text ?? '0'), new Big(0))
  expect(sum(items.map(({ quantity }) => quantity)).toFixed(3)).toBe(
    sum(held(invoice.lines).map(({ quantity_display }) => quantity_display)).toFixed(3),
  )
})

class Undone extends Error {}
/** What the verifier says of the damage, which lasts for this transaction only. */
async function after(damage: SQL): Promise<string[]> {
  const found: string[] = []
  const work = world.run(async (ctx) => {
    expect((await ctx.tx.execute(damage)).count).toBe(1)
    found.push(...(await verify(ctx)).findings.map(({ check }) => check))
    throw new Undone()
  })
  await work.catch((error: unknown) => {
    if (!(error instanceof Undone)) throw error
  })
  return found
}

test.each(['one byte more', 'gone', 'of another interval'])(
  'a reading that is %s is found by two ways to count',
  async (what) => {
    const id = await resourceId(world, giver.bucket)
    const which = sql`resource_id = ${id} and seen_at = ${iso(at(120))}::timestamptz and epoch = 'gauges'`
    const damage = {
      'one byte more': sql`update reading set counters = '{"storage_used_bytes": "20000000001"}' where ${which}`,
      gone: sql`delete from reading where ${which}`,
      'of another interval': sql`update reading set interval_ms = interval_ms + 1 where ${which}`,
    }[what]!
    expect(await after(damage)).toEqual(expect.arrayContaining(['readings', 'held']))
  },
)

test('any order, any batches and any duplicates give the same, and a late reading makes only its resource anew', async () => {
  const [orderly, shuffled] = [await customer(), await customer()]
  expect(await orderly.agent.send(told(orderly))).toMatchObject({ ok: true })
  await settled(world)
  const [listing, ...facts] = told(shuffled)
  await shuffled.agent.send([listing])
  const mixed = facts.map((fact, index) => ({ fact, by: (index * 7919) % 1009 })).toSorted((a, b) => a.by - b.by)
  for (let from = 0; from < mixed.length; from += 17) {
    const sealed = shuffled.agent.seal(mixed.slice(from, from + 17).map(({ fact }) => fact))
    expect(await shuffled.agent.deliver(sealed)).toMatchObject({ ok: true })
    if (from % 2 === 0) await shuffled.agent.deliver(sealed)
    await settled(world)
  }
  const realmOf = async ({ bucket }: Customer) =>
    (await rows<{ realm: string }>(world.db, sql`select realm from resource where external_id = ${bucket}`))[0]!.realm
  const used = async (one: Customer) => (await usage(world, await realmOf(one))).map(({ vm: _name, ...rest }) => rest)
  expect(await used(shuffled)).toEqual(await used(orderly))

  const before = await used(orderly)
  await shuffled.agent.send([stored(shuffled, 140, 25)])
  await settled(world)
  expect(await used(orderly)).toEqual(before)
  // held from 10:20 to 10:35, and silent from 10:15 and from 10:35 for five minutes
  const third = (await used(shuffled)).find(
    ({ meter, hour }) => meter === 'storage_used_bytes' && Number(hour) === at(120),
  )
  expect(third).toMatchObject({
    quantity: String(BigInt(GB * MINUTE) * BigInt(20 * 15 + 25 * 15 + 30 * 20)),
    gaps: [
      { from_ms: at(135), to_ms: at(140), cause: 'silent' },
      { from_ms: at(155), to_ms: at(160), cause: 'silent' },
    ],
  })
})

test('while one of gauges and counters is silent for hours, the other goes on, and neither makes the other a gap', async () => {
  const isLong = (minute: number) => minute > 50 && minute < 190
  const used = async (which: 'gauges' | 'counters') => {
    const one = await customer()
    const facts = told(one).filter((fact) => {
      const { seen_at_ms, type, gauges } = fact as { seen_at_ms: number; type: string; gauges?: object }
      return (
        type !== 'readings' || !isLong((seen_at_ms - START) / MINUTE) || (which === 'gauges') === (gauges === undefined)
      )
    })
    // the last of all comes first, and each by itself: every hour is made anew with what lies around it
    await one.agent.send(facts.slice(0, 2))
    for (const fact of facts.slice(2).toReversed()) {
      await one.agent.send([fact])
      await settled(world)
    }
    await transfer(world, one.bucket, taker, at(150))
    const { lines } = await draftOf(world, one.account_id, at(150))
    return lines
  }
  const [silent] = held(await used('gauges'))
  expect(silent).toMatchObject({ net: cents(hours([10, 65]).times(OLD)), unobserved_ms: 85 * MINUTE })
  const lines = await used('counters')
  const reads = lines.find(({ meter }) => meter === 'requests_read')
  expect(reads).toMatchObject({ quantity: String(2 * 149), estimated: true })
  expect(held(lines)[0]).toMatchObject({ net: cents(hours([10, 60], [20, 75]).times(OLD)), unobserved_ms: 15 * MINUTE })
})

test('a deleted bucket is billed to its end and not for three intervals more', async () => {
  const one = await customer()
  await one.agent.send(told(one, 120))
  await one.agent.send([every5(one.agent.listing(at(127), 'zone', []))])
  await settled(world)
  const [line] = held((await draftOf(world, one.account_id, at(END))).lines)
  expect(line).toMatchObject({ unobserved_ms: 0, net: cents(hours([10, 60], [20, 67]).times(OLD)) })
})

test('a bucket that nobody reads any more is billed for three intervals, and the rest of its time is told', async () => {
  const one = await customer()
  // the last one of the hour holds into the next
  await one.agent.send(told(one, 55))
  await settled(world)
  const lines = held((await draftOf(world, one.account_id, at(END))).lines)
  const silent = (from: number, to: number) => ({
    from: iso(at(from)),
    to: iso(at(to)),
    cause: 'silent',
    policy: 'skip',
  })
  expect(lines).toMatchObject([
    {
      net: cents(hours([10, 70]).times(OLD)),
      gaps: [silent(70, CHANGED)],
      unobserved_ms: (CHANGED - 70) * MINUTE,
    },
    { net: '0.00', gaps: [silent(CHANGED, END)] },
  ])
})

test('the sums of the intake hold with gauges in them, and each hour of usage is judged', async () => {
  await world.run(judge)
  const { body } = await call('GET', '/accounting?hours=168')
  const { intake, meters } = body as {
    intake: { balanced: boolean; metered: number; metric_only: number }[]
    meters: { meter: string; balanced: boolean; rated: number; unrated: number; unowned: number }[]
  }
  expect([...intake, ...meters].filter(({ balanced }) => !balanced)).toEqual([])
  const of = (meter: string) => meters.filter((row) => row.meter === meter)
  expect(of('storage_used_bytes').reduce((sum, { rated }) => sum + rated, 0)).toBeGreaterThan(0)
  expect(of('requests_list').every(({ rated, unrated }) => rated === 0 && unrated > 0)).toBe(true)
})

test('a metered gauge is whole: digits beyond a float are exact, a fraction is refused with its reason', async () => {
  const one = await customer()
  const most = 2n ** 63n + 1n
  const listing = one.agent.listing(START, 'zone', [bucketOf(one.bucket)])
  const gauges = (minute: number, value: unknown) => ({ ...stored(one, minute), gauges: { storage_used_bytes: value } })
  await one.agent.send([listing, gauges(0, String(most)), gauges(5, 1.5), gauges(10, -1)])
  const found = await rows<{ bytes: string }>(
    world.db,
    sql`select counters->>'storage_used_bytes' as bytes from reading where source_id = ${one.agent.source}`,
  )
  expect(found).toEqual([{ bytes: String(most) }])
  const refused = await rows<{ reason: string }>(
    world.db,
    sql`select reason from quarantine where source_id = ${one.agent.source}`,
  )
  expect(refused).toEqual([{ reason: 'value' }, { reason: 'value' }])
})
