/** Many prices at once: the preview says what the last month would have been, all or none come into force, and another set brings back what held. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { KINDS } from '#connectors/contract.ts'
import { system } from '#control-plane/base/actor.ts'
import { newId } from '#control-plane/base/id.ts'
import { type Instant, iso } from '#control-plane/base/time.ts'
import { finalise } from '#control-plane/billing/index.ts'
import { minorOf } from '#control-plane/billing/rules.ts'
import { listPrices, pricesAt } from '#control-plane/catalog/index.ts'
import { choicesOf } from '#control-plane/catalog/rules.ts'
import { contractOf, openAccount } from '#control-plane/contracts/index.ts'
import { LIVE } from '#control-plane/db/cut.ts'
import { type Context, rows } from '#control-plane/db/index.ts'
import { METER_NAMES, meterOf } from '#control-plane/metering/contract.ts'
import { rate } from '#control-plane/rating/index.ts'
import { NewPriceChange, PreviewQuery } from '#control-plane/repricing/contract.ts'
import {
  createChange,
  getChange,
  listChanges,
  listDecided,
  previewCsv,
  previewRecalculation,
  publishChange,
  undoChange,
} from '#control-plane/repricing/index.ts'
import type { z } from 'zod'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, vm } from './agent.ts'
import { market, sell } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const DAY = 86_400_000
const BEGIN = Date.parse('2026-10-01T00:00:00+02:00')
const NOVEMBER = Date.parse('2026-11-01T00:00:00+01:00')
const DECEMBER = Date.parse('2026-12-01T00:00:00+01:00')
let suite: Suite
let world: Prepared
let book: string
const run = <T>(verb: (ctx: Context) => Promise<T>) => world.run(verb)
const customers: Record<string, { id: string; agent: Agent }> = {}

const preview = (over: z.input<typeof PreviewQuery> = {}) =>
  run((ctx) => previewRecalculation(ctx, PreviewQuery.parse(over)))
const change = (over: z.input<typeof NewPriceChange>) => run((ctx) => createChange(ctx, NewPriceChange.parse(over)))
const applied = (recalculation: NonNullable<z.input<typeof NewPriceChange>['recalculation']>, more: object = {}) =>
  change({ name: 'Winter', reason: 'costs rose', recalculation, publish: true, ...more })

async function customer(name: string): Promise<void> {
  const { id } = await run((ctx) => openAccount(ctx, { name, tax_id: '', email: '' }))
  customers[name] = { id, agent: await enrolledAgent(world, name, id) }
}
const look = () =>
  Promise.all(
    Object.entries(customers).map(([name, { agent }]) =>
      agent.send([{ ...agent.listing(world.clock.now, 'h', [vm(`${name}-vm`)]), interval_ms: DAY }]),
    ),
  )

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(BEGIN))
  await sell(world, { meter: 'vcpu', amount: '0.0125' })
  await sell(world, {
    meter: 'memory',
    model: 'graduated',
    unit: 'GiB',
    amount: undefined,
    terms: {
      tiers: [
        { up_to: '1000', unit_amount: '0.004', flat_amount: '0' },
        { up_to: null, unit_amount: '0.003', flat_amount: '1.5' },
      ],
      minimum: '2',
    },
  })
  await sell(world, { meter: 'disk', amount: '0.09', unit: 'GiB', per: 'month', terms: { included: '5' } })
  await sell(world, { kind: 'host', meter: 'instance', model: 'flat', per: 'month', unit: 'instance', amount: '70' })
  book = (await run((ctx) => listPrices(ctx, { history: false }))).price_book_id
  await customer('issued')
  await customer('open')
  for (; world.clock.now < NOVEMBER + DAY; world.clock.now += DAY) await look()
  await finalise(world.db, system('test'), () => world.clock.now, newId(), {
    account_id: customers['issued']!.id,
    to: iso(NOVEMBER),
  })
}, 120_000)
afterAll(() => suite.end())

const contents = async (at: Instant) =>
  new Map(
    (await run((ctx) => pricesAt(ctx, book, { from: at, to: at + 1 }, LIVE))).map((one) => [
      `${one.kind}.${one.meter}`,
      one,
    ]),
  )
const versions = () =>
  rows<{ count: string; live: string }>(
    world.db,
    sql`select count(*), count(*) filter (where cut_to is null) as live from price_version`,
  )
/** October of a customer, rated from its facts at the prices of a preview. */
async function october(name: string, after: Map<string, object>): Promise<bigint> {
  const { id: account_id } = customers[name]!
  const prices = await run((ctx) => pricesAt(ctx, book, { from: BEGIN, to: NOVEMBER }, LIVE))
  const under = prices.map((price) => ({ ...price, ...after.get(`${price.kind}.${price.meter}`) }))
  const made = await world.run(async (ctx) => {
    const contract = (await contractOf(ctx, account_id))!
    return rate(ctx, {
      contract,
      period: { from: BEGIN, to: NOVEMBER },
      zone: 'Europe/Madrid',
      cut: await world.openCut(),
      prices: under,
    })
  })
  return made.lines.reduce((sum, line) => sum + minorOf(line.net, 'EUR'), 0n)
}

test('the preview says old, new, whom it touches and what October would have been, and writes nothing', async () => {
  const before = await versions()
  const shown = await preview({ kinds: ['vm'], percent: '10', round_to: '0.0001', rounding: 'up' })
  expect(shown).toMatchObject({
    effective_at: iso(DECEMBER),
    currency: 'EUR',
    prices: 3,
    unchanged: 0,
    month: '2026-10',
    accounts: 2,
    not_computed: [],
    not_rated: 0,
    total: 3,
  })
  expect(shown.items.map(({ meter, before: old, after }) => [meter, old?.amount, after.amount])).toEqual([
    ['disk', '0.09', '0.099'],
    ['memory', '0', '0'],
    ['vcpu', '0.0125', '0.0138'],
  ])
  expect(shown.items[1]!.after.terms).toEqual({
    tiers: [
      { up_to: '1000', unit_amount: '0.0044', flat_amount: '0' },
      { up_to: null, unit_amount: '0.0033', flat_amount: '1.65' },
    ],
    minimum: '2.2',
  })
  expect(shown.items.map(({ accounts }) => accounts)).toEqual([2, 2, 2])
  expect(shown.items[2]!.delta).toEqual({ least: '10.4', most: '10.4' })
  // both are rated again from what was seen: what was invoiced, and what isn't yet
  const after = new Map(shown.items.map((one) => [`${one.kind}.${one.meter}`, one.after]))
  const [now, then] = [new Map<string, object>(), after]
  for (const [field, prices] of [
    ['revenue_before', now],
    ['revenue_after', then],
  ] as const) {
    const sum = (await october('issued', prices)) + (await october('open', prices))
    expect([field, minorOf(shown[field], 'EUR')]).toEqual([field, sum])
  }
  expect(await versions()).toEqual(before)
})

test('its pages are sorted and hold each price once; as CSV it is all of them', async () => {
  const query = { percent: '10', sort: 'revenue', order: 'desc', limit: 2 } as const
  const first = await preview(query)
  const second = await preview({ ...query, cursor: first.next_cursor! })
  const meters = [...first.items, ...second.items].map(({ kind, meter }) => `${kind}.${meter}`)
  expect(meters.toSorted()).toEqual(['host.instance', 'vm.disk', 'vm.memory', 'vm.vcpu'])
  expect([first.total, second.next_cursor]).toEqual([4, null])
  const changes = [...first.items, ...second.items].map(
    (one) => minorOf(one.revenue_after, 'EUR') - minorOf(one.revenue_before, 'EUR'),
  )
  expect(changes).toEqual(changes.toSorted((a, b) => (a < b ? 1 : a > b ? -1 : 0)))
  const csv = await run((ctx) => previewCsv(ctx, PreviewQuery.parse(query)))
  expect(csv.trimEnd().split('\r\n')).toHaveLength(5)
  expect(csv).toContain('Standard,host,instance,flat,instance,month,70,77,,,10,10,0,0.00,0.00,EUR')
})

test('what selects nothing that changes, or makes a price worthless, is refused', async () => {
  await expect(preview({ percent: '-100' })).rejects.toMatchObject({ code: 'invalid' })
  await expect(preview({})).rejects.toMatchObject({ code: 'invalid' })
  await expect(applied({ text: 'nothing is so', percent: '5' })).rejects.toMatchObject({ code: 'invalid' })
  await expect(applied({ percent: '5' }, { reason: '' })).rejects.toMatchObject({ code: 'invalid' })
  await expect(applied({ percent: '5' }, { effective_at: iso(BEGIN) })).rejects.toMatchObject({ code: 'past_price' })
})

test('it is applied as it was reviewed, by one event, and refused once a price is another', async () => {
  const wish = { kinds: ['vm' as const], percent: '10' }
  const { digest } = await preview(wish)
  await expect(applied(wish, { digest: `${digest.slice(1)}0` })).rejects.toMatchObject({ code: 'stale_review' })
  const old = await contents(NOVEMBER)
  const made = await applied(wish, { digest })
  expect(made).toMatchObject({ state: 'published', prices: 3, effective_at: iso(DECEMBER), undone_by: null })
  const events = await rows<{ type: string }>(world.db, sql`select type from event where subject_id = ${made.id}`)
  expect(events).toEqual([{ type: 'price_change.published' }])
  const [before, after] = [await contents(DECEMBER - 1), await contents(DECEMBER)]
  for (const key of ['vm.vcpu', 'vm.memory', 'vm.disk'])
    expect([before.get(key)!.amount, before.get(key)!.terms, before.get(key)!.ends_at]).toEqual([
      old.get(key)!.amount,
      old.get(key)!.terms,
      DECEMBER,
    ])
  expect([after.get('vm.vcpu')!.amount, after.get('host.instance')!.amount]).toEqual(['0.01375', '70'])
  // the same instant is taken: nobody decides about it twice by mistake
  await expect(applied(wish)).rejects.toMatchObject({ code: 'price_overlap' })
  expect((await contents(DECEMBER)).get('vm.disk')!.amount).toBe('0.099')
})

test('undone ahead of its time, what held before goes on as if nothing had been; nothing is deleted', async () => {
  const [made] = (await run((ctx) => listChanges(ctx, { limit: 1 }))).items
  const before = await versions()
  const undone = await run((ctx) => undoChange(ctx, made!.id, { reason: 'a mistake' }))
  expect(undone).toMatchObject({ state: 'published', prices: 3, undoes: { id: made!.id }, effective_at: iso(DECEMBER) })
  expect((await run((ctx) => getChange(ctx, made!.id))).undone_by).toEqual({ id: undone.id, name: 'Winter' })
  const [now, then] = [await contents(NOVEMBER), await contents(DECEMBER + DAY)]
  for (const [key, price] of now)
    expect([key, then.get(key)!.amount, then.get(key)!.terms]).toEqual([key, price.amount, price.terms])
  const after = await versions()
  expect(Number(after[0]!.count)).toBe(Number(before[0]!.count) + 3)
  await expect(run((ctx) => undoChange(ctx, made!.id, { reason: 'again' }))).rejects.toMatchObject({ code: 'conflict' })
  // its instant is free again: what goes on as it was is no decision
  const again = await applied({ kinds: ['vm'], percent: '5' })
  expect((await contents(DECEMBER)).get('vm.disk')!.amount).toBe('0.0945')
  await run((ctx) => undoChange(ctx, again.id, { reason: 'a mistake again' }))
  const { items } = await run((ctx) => listDecided(ctx, made!.id, { limit: 10 }))
  expect(items.map(({ now: standing }) => standing)).toEqual(['as_before', 'as_before', 'as_before'])
})

test('undone while it holds, it held until then; what somebody decided since stays as he decided', async () => {
  const made = await applied({ kinds: ['vm'], percent: '20' }, { effective_at: iso(world.clock.now + DAY) })
  world.clock.now += 2 * DAY
  await sell(world, { meter: 'vcpu', amount: '0.02' })
  world.clock.now += DAY
  const held = await contents(world.clock.now)
  expect(held.get('vm.disk')!.amount).toBe('0.108')
  const undone = await run((ctx) => undoChange(ctx, made.id, { reason: 'too dear' }))
  expect([undone.prices, undone.effective_at]).toEqual([2, iso(world.clock.now)])
  const back = await contents(world.clock.now)
  expect([back.get('vm.disk')!.amount, back.get('vm.vcpu')!.amount]).toEqual(['0.09', '0.02'])
  expect((await contents(world.clock.now - 1)).get('vm.disk')!.amount).toBe('0.108')
})

test('a draft that somebody overtook is not published; all of its prices or none', async () => {
  const drafted = await change({
    name: 'Later',
    reason: 'plan',
    recalculation: { kinds: ['vm'], percent: '3' },
    effective_at: '2027-02-01T00:00:00.000Z',
  })
  expect(drafted.state).toBe('draft')
  const before = await versions()
  await sell(world, {
    meter: 'disk',
    amount: '0.11',
    unit: 'GiB',
    per: 'month',
    terms: { included: '5' },
    effective_at: '2027-01-01T00:00:00.000Z',
  })
  await expect(run((ctx) => publishChange(ctx, drafted.id))).rejects.toMatchObject({ code: 'stale_review' })
  expect(Number((await versions())[0]!.live)).toBe(Number(before[0]!.live) + 1)
})

const MANY = 10_000
const OF_RESOURCES = METER_NAMES.filter((meter) => meterOf(meter).of !== 'service')
test(`${MANY} prices change at once, and change back`, async () => {
  const each = KINDS.flatMap((kind) => OF_RESOURCES.map((meter) => ({ kind, meter })))
  const books = Math.ceil(MANY / each.length)
  const made: string[] = []
  await run(async (ctx) => {
    for (let index = 0; index < books; index += 1) {
      const id = newId()
      made.push(id)
      await ctx.tx.execute(
        sql`insert into price_book (id, legal_entity_id, name, currency, is_default, created_at) values (${id}, ${world.legal_entity_id}, ${`Book ${index}`}, 'EUR', false, now())`,
      )
      for (const { kind, meter } of index < books - 1 ? each : each.slice(0, MANY - (books - 1) * each.length)) {
        const { units, per, gap_policies } = choicesOf(meter)
        await ctx.tx.execute(
          sql`insert into price_version (id, price_book_id, kind, meter, model, per, unit, amount, gap_policy, effective_at, actor, reason, recorded_at, cut_from)
              values (${newId()}, ${id}, ${kind}, ${meter}, 'per_unit', ${per[0]}, ${units[0]}, '0.0125', ${gap_policies[0]}, ${iso(BEGIN)}, 'test', '', now(), 1)`,
        )
      }
    }
  })
  const wish = { price_book_ids: made, percent: '10' }
  const began = performance.now()
  const changed = await applied(wish)
  const applied_ms = performance.now() - began
  expect(changed.prices).toBe(MANY)
  const undone = await run((ctx) => undoChange(ctx, changed.id, { reason: 'all of it' }))
  const undone_ms = performance.now() - began - applied_ms
  expect(undone.prices).toBe(MANY)
  process.stdout.write(`${MANY} prices: applied in ${applied_ms.toFixed(0)} ms, undone in ${undone_ms.toFixed(0)} ms\n`)
  const [found] = await rows<{ fresh: string; live: string; amounts: string }>(
    world.db,
    sql`select count(*) filter (where reason = 'costs rose') as fresh, count(*) filter (where cut_to is null and ends_at is null) as live,
          string_agg(distinct amount::text, ' ') filter (where cut_to is null and ends_at is null) as amounts
        from price_version where price_book_id = any(${`{${made.join(',')}}`}::uuid[])`,
  )
  expect(found).toMatchObject({ fresh: String(MANY), live: String(MANY), amounts: '0.012500000000' })
}, 180_000)
