/** What a draft would have changed: with the prices as they are what was issued, to the cent; with others what one works out by hand; and resumed where it was. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { z } from 'zod'
import { system } from '#control-plane/base/actor.ts'
import { multiply, fraction, parseFraction } from '#control-plane/base/exact.ts'
import { newId } from '#control-plane/base/id.ts'
import { majorText, toMinor } from '#control-plane/base/money.ts'
import { iso } from '#control-plane/base/time.ts'
import { finalise, getInvoice, issueNotes, listInvoices, readyToReRate, reRate } from '#control-plane/billing/index.ts'
import { minorOf, signOf } from '#control-plane/billing/rules.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { type Context, rows, type Tx } from '#control-plane/db/index.ts'
import { NewDecision, NewPriceChange, WhatIfAccountQuery } from '#control-plane/repricing/contract.ts'
import {
  cancelWhatIf,
  createChange,
  decidePrice,
  discardChange,
  getWhatIf,
  listWhatIfAccounts,
  startWhatIf,
  whatIfCsv,
  withdrawDecision,
  listDecided,
  workOnWhatIfs,
} from '#control-plane/repricing/index.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, vm } from './agent.ts'
import { market, sell } from './ledger.ts'
import type { Prepared } from './prepared.ts'
import { IS_FULL } from '../setup/size.ts'

const DAY = 86_400_000
const month = (number: number) => Date.parse(`2026-${number.toString().padStart(2, '0')}-01T00:00:00.000Z`)
let suite: Suite
let world: Prepared
const run = <T>(verb: (ctx: Context) => Promise<T>) => world.run(verb)
const now = () => world.clock.now
const customers: Record<string, { id: string; agent: Agent; vcpu_count: number }> = {}

async function customer(name: string, vcpu_count: number): Promise<void> {
  const { id } = await run((ctx) => openAccount(ctx, { name, tax_id: '', email: '', zone: 'UTC' }))
  customers[name] = { id, agent: await enrolledAgent(world, name, id), vcpu_count }
}
const look = () =>
  Promise.all(
    Object.entries(customers).map(([name, { agent, vcpu_count }]) => {
      const size = { vcpu_count, memory_bytes: 4 * 2 ** 30, disk_bytes: 20 * 2 ** 30 }
      return agent.send([{ ...agent.listing(now(), 'h', [vm(`${name}-vm`, { size })]), interval_ms: DAY }])
    }),
  )
const draft = (over: Partial<z.input<typeof NewPriceChange>> = {}) =>
  run((ctx) => createChange(ctx, NewPriceChange.parse({ name: 'Draft', ...over })))
async function whatIf(price_change_id: string, months = 3) {
  const { id } = await run((ctx) => startWhatIf(ctx, { price_change_id, months }))
  await workOnWhatIfs(world.db, now)
  return run((ctx) => getWhatIf(ctx, id))
}
const accountsOf = async (id: string, over: z.input<typeof WhatIfAccountQuery> = {}) =>
  (await run((ctx) => listWhatIfAccounts(ctx, id, WhatIfAccountQuery.parse(over)))).items

const issue = (name: string, to: number) =>
  finalise(world.db, system('test'), now, newId(), { account_id: customers[name]!.id, to: iso(to) })
const invoicesOf = async (name: string) => {
  const { items } = await run((ctx) => listInvoices(ctx, { account_id: customers[name]!.id, limit: 50 }))
  return Promise.all(items.map(({ id }) => run((ctx) => getInvoice(ctx, id))))
}
/** What all documents of a customer come to, notes with their sign. */
const billed = async (name: string): Promise<bigint> =>
  (await invoicesOf(name)).reduce(
    (sum, { document_type, totals, currency }) => sum + signOf(document_type) * minorOf(totals.net, currency),
    0n,
  )

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(month(7)))
  await run((ctx) => ctx.tx.execute(sql`update legal_entity set zone = 'UTC'`))
  await sell(world, { meter: 'vcpu', amount: '0.01', effective_at: iso(month(7)) })
  await sell(world, { meter: 'memory', amount: '2', unit: 'GiB', per: 'month', effective_at: iso(month(7)) })
  await sell(world, {
    meter: 'disk',
    model: 'graduated',
    unit: 'GiB',
    per: 'month',
    amount: undefined,
    effective_at: iso(month(7)),
    terms: {
      tiers: [
        { up_to: '10', unit_amount: '0.1', flat_amount: '0' },
        { up_to: null, unit_amount: '0.05', flat_amount: '0' },
      ],
    },
  })
  await customer('small', 1)
  await customer('large', 16)
  for (; now() < month(8) + DAY; world.clock.now += DAY) await look()
  for (const name of ['small', 'large']) await issue(name, month(8))
  // a price of the middle of a month, and a bill of half a month
  await sell(world, { meter: 'vcpu', amount: '0.02', effective_at: iso(month(8) + 10 * DAY) })
  for (; now() < month(8) + 16 * DAY; world.clock.now += DAY) await look()
  await issue('small', month(8) + 15 * DAY)
  for (; now() < month(9) + DAY; world.clock.now += DAY) await look()
  for (const name of ['small', 'large']) await issue(name, month(9))
  for (; now() < month(10) + DAY; world.clock.now += DAY) await look()
  for (const name of ['small', 'large']) await issue(name, month(10))
}, 120_000)
afterAll(() => suite.end())

test('with the prices as they are it is what was issued, to the cent, month by month and customer by customer', async () => {
  const empty = await draft()
  const { result, state, months, accounts } = await whatIf(empty.id)
  expect([state, months, accounts]).toEqual(['done', ['2026-07', '2026-08', '2026-09'], { done: 2, all: 2 }])
  const all = { small: await billed('small'), large: await billed('large') }
  const net = majorText(all.small + all.large, 'EUR')
  expect(result).toMatchObject({
    before: net,
    after: net,
    invoices: 7,
    pay_the_same: 2,
    pay_more: 0,
    pay_less: 0,
    not_computed: [],
    unseen: [],
  })
  for (const { account, before, after } of await accountsOf((await whatIf(empty.id)).id)) {
    const own = majorText(all[account.name as 'small'], 'EUR')
    expect([account.name, before, after]).toEqual([account.name, own, own])
  }
  const sum = (key: 'before' | 'after') => result!.by_month.reduce((total, one) => total + minorOf(one[key], 'EUR'), 0n)
  expect([sum('before'), sum('after')]).toEqual([all.small + all.large, all.small + all.large])
})

test('one price a tenth dearer changes its lines alone, each by a tenth', async () => {
  const dearer = await draft({ recalculation: { meters: ['memory'], percent: '10' } })
  const made = await whatIf(dearer.id)
  for (const { account, before, after, delta } of await accountsOf(made.id)) {
    const lines = (await invoicesOf(account.name)).flatMap((invoice) => invoice.lines)
    const expected = lines
      .filter(({ meter }) => meter === 'memory')
      .reduce(
        (sum, line) =>
          sum + toMinor(multiply(parseFraction(line.exact), fraction(11n, 10n)), 'EUR') - minorOf(line.net, 'EUR'),
        0n,
      )
    expect([account.name, delta]).toEqual([account.name, majorText(expected, 'EUR')])
    expect(minorOf(after, 'EUR') - minorOf(before, 'EUR')).toBe(expected)
  }
  const changed = made.result!.by_component.filter(({ before, after }) => before !== after)
  expect(changed.map(({ component }) => component)).toEqual(['vm.memory'])
  // three whole months of 4 GiB at 2.20 instead of 2, of two customers
  expect(changed[0]).toEqual({ component: 'vm.memory', before: '48.00', after: '52.80' })
})

test('a tiered price in place of a plain one, and another price over two that held: worked out by hand', async () => {
  const draft_ = await draft()
  await run((ctx) =>
    decidePrice(
      ctx,
      draft_.id,
      NewDecision.parse({ kind: 'vm', meter: 'vcpu', model: 'per_unit', per: 'hour', unit: 'vCPU', amount: '0.02' }),
    ),
  )
  await run((ctx) =>
    decidePrice(
      ctx,
      draft_.id,
      NewDecision.parse({
        kind: 'vm',
        meter: 'memory',
        model: 'volume',
        per: 'month',
        unit: 'GiB',
        terms: {
          tiers: [
            { up_to: '2', unit_amount: '9', flat_amount: '0' },
            { up_to: null, unit_amount: '1', flat_amount: '0.5' },
          ],
        },
      }),
    ),
  )
  const made = await whatIf(draft_.id)
  const of = (component: string) => made.result!.by_component.find((one) => one.component === component)
  // 17 vCPU over 92 days at 0.02; July and ten days of August were billed at half of it
  const [hours, half] = [92 * 24, 41 * 24]
  expect(of('vm.vcpu')).toEqual({
    component: 'vm.vcpu',
    before: (17 * (0.02 * (hours - half) + 0.01 * half)).toFixed(2),
    after: (17 * 0.02 * hours).toFixed(2),
  })
  // 4 GiB are above 2: 4 × 1 + 0.50 a month; the first half of August of the small one is 2 GiB·months or less
  const halves = 9 * 4 * (15 / 31) + (4 * (16 / 31) + 0.5)
  expect(of('vm.memory')).toEqual({
    component: 'vm.memory',
    before: '48.00',
    after: (5 * 4.5 + (Math.round(9 * 4 * (15 / 31) * 100) + Math.round((4 * (16 / 31) + 0.5) * 100)) / 100).toFixed(2),
  })
  expect(halves).toBeGreaterThan(0)
  const [most, least] = await accountsOf(made.id)
  expect([most!.account.name, least!.account.name]).toEqual(['large', 'small'])
  const csv = await run((ctx) => whatIfCsv(ctx, made.id, WhatIfAccountQuery.parse({})))
  expect(csv.split('\r\n')[1]).toContain(`large,3,${most!.before},${most!.after},${most!.delta},${most!.percent},0,EUR`)
})

test('what the lines do not say is marked and stays as it was billed; a price of nothing that was sold is named', async () => {
  const odd = await draft()
  await run((ctx) =>
    decidePrice(
      ctx,
      odd.id,
      NewDecision.parse({
        kind: 'vm',
        meter: 'memory',
        model: 'per_unit',
        per: 'month',
        unit: 'GiB',
        amount: '3',
        terms: { proration: 'none' },
      }),
    ),
  )
  await run((ctx) =>
    decidePrice(
      ctx,
      odd.id,
      NewDecision.parse({
        kind: 'vm',
        meter: 'network_transmit_bytes',
        model: 'per_unit',
        per: 'quantity',
        unit: 'GB',
        amount: '0.1',
      }),
    ),
  )
  const { result, id } = await whatIf(odd.id)
  // the bill of the second half of August: whether the first had the month isn't on it
  const small = await invoicesOf('small')
  const second = small.find(({ period }) => period.from === iso(month(8) + 15 * DAY))!
  const line = second.lines.find(({ meter }) => meter === 'memory')!
  expect(result!.not_computed).toEqual([{ why: 'proration', lines: 1, net: line.net }])
  expect(result!.unseen).toEqual([{ component: 'vm.network_transmit_bytes', why: 'not_sold' }])
  const memory = result!.by_component.find(({ component }) => component === 'vm.memory')!
  expect(minorOf(memory.after, 'EUR')).toBe(6n * 1200n + minorOf(line.net, 'EUR'))
  expect((await accountsOf(id)).map(({ account, not_computed }) => [account.name, not_computed.length])).toContainEqual(
    ['small', 1],
  )
})

test('an invoice with its notes is what its month comes to', async () => {
  await sell(world, {
    meter: 'vcpu',
    amount: '0.03',
    effective_at: iso(month(7)),
    correction: true,
    reason: 'mistyped',
  })
  const account_id = customers['large']!.id
  const cut = await readyToReRate(world.db, system('test'), now, {})
  const shown = await run((ctx) => reRate(ctx, account_id, cut))
  await run((ctx) => issueNotes(ctx, account_id, { cut: shown.cut, digest: shown.digest }))
  const { id } = await whatIf((await draft()).id)
  const large = (await accountsOf(id)).find(({ account }) => account.name === 'large')!
  const net = majorText(await billed('large'), 'EUR')
  expect([large.before, large.after]).toEqual([net, net])
  const cheaper = await whatIf((await draft({ recalculation: { meters: ['vcpu'], percent: '-50' } })).id)
  const line = (await accountsOf(cheaper.id)).find(({ account }) => account.name === 'large')
  // at 0.02 now, so at 0.01: what the note put right is repriced, and not what stood before it
  expect(line!.after).toBe(majorText(minorOf(net, 'EUR') - (await vcpuOf('large')) + BigInt(16 * 92 * 24), 'EUR'))
})
/** Minor units of what stands billed for vCPUs, after notes. */
async function vcpuOf(name: string): Promise<bigint> {
  const documents = await invoicesOf(name)
  return documents.reduce(
    (sum, { document_type, lines }) =>
      lines
        .filter(({ meter }) => meter === 'vcpu')
        .reduce((own, line) => own + signOf(document_type) * minorOf(line.net, 'EUR'), sum),
    0n,
  )
}

test('a draft that changes or is given up meanwhile changes no report; one that is stopped stays so; decisions can be taken back', async () => {
  const drafted = await draft({ recalculation: { meters: ['memory'], percent: '10' } })
  const { id } = await run((ctx) => startWhatIf(ctx, { price_change_id: drafted.id, months: 1 }))
  const { items } = await run((ctx) => listDecided(ctx, drafted.id, { limit: 10 }))
  await run((ctx) => withdrawDecision(ctx, drafted.id, items[0]!.id))
  await run((ctx) => discardChange(ctx, drafted.id))
  await workOnWhatIfs(world.db, now)
  const { result } = await run((ctx) => getWhatIf(ctx, id))
  expect(result!.by_component.find(({ component }) => component === 'vm.memory')).toMatchObject({
    before: '16.00',
    after: '17.60',
  })
  const stopped = await run((ctx) => startWhatIf(ctx, { price_change_id: drafted.id, months: 1 }))
  await run((ctx) => cancelWhatIf(ctx, stopped.id))
  await workOnWhatIfs(world.db, now)
  expect(await run((ctx) => getWhatIf(ctx, stopped.id))).toMatchObject({
    state: 'cancelled',
    result: null,
    accounts: { done: 0, all: 2 },
  })
  await expect(
    run((ctx) =>
      decidePrice(
        ctx,
        drafted.id,
        NewDecision.parse({ kind: 'vm', meter: 'ip', model: 'per_unit', per: 'hour', unit: 'IP', amount: '1' }),
      ),
    ),
  ).rejects.toMatchObject({ code: 'conflict' })
})

const [MANY, LINES] = IS_FULL ? [2_000, 10] : [200, 10]
test(`${MANY} customers over twelve months, interrupted and resumed`, async () => {
  const copied = await invoicesOf('small')
  const like = copied.find(({ period }) => period.from === iso(month(9)))!
  await run(async (ctx) => {
    await ctx.tx.execute(sql`set local statement_timeout = 0`)
    await ctx.tx.execute(
      sql`create temp table many on commit drop as select gen_random_uuid() as account_id, gen_random_uuid() as contract_id, n from generate_series(1, ${MANY}) n`,
    )
    await ctx.tx.execute(
      sql`insert into account select (jsonb_populate_record(a, jsonb_build_object('id', m.account_id, 'name', 'Many ' || m.n))).* from many m, account a where a.id = ${customers['small']!.id}`,
    )
    await ctx.tx.execute(
      sql`insert into contract select (jsonb_populate_record(c, jsonb_build_object('id', m.contract_id, 'account_id', m.account_id))).* from many m, contract c where c.account_id = ${customers['small']!.id}`,
    )
    await ctx.tx.execute(
      sql`create temp table bill on commit drop as select gen_random_uuid() as id, account_id, contract_id, timestamptz '2025-10-01Z' + make_interval(months => g) as month, row_number() over () as number
          from many, generate_series(0, 11) g`,
    )
    await ctx.tx.execute(
      sql`insert into invoice select (jsonb_populate_record(i, jsonb_build_object('id', b.id, 'account_id', b.account_id, 'contract_id', b.contract_id, 'number', 'M-' || b.number,
            'series_number', 1000 + b.number, 'period_from', b.month, 'period_to', b.month + interval '1 month'))).* from bill b, invoice i where i.id = ${like.id}`,
    )
    await ctx.tx.execute(
      sql`insert into invoice_line (invoice_id, position, line_id, account_id, resource_id, net_minor, content)
          select b.id, p, l.line_id || p, b.account_id, l.resource_id, l.net_minor, jsonb_set(l.content, '{resource,id}', to_jsonb(gen_random_uuid()::text))
          from bill b, generate_series(1, ${LINES}) p, lateral (select * from invoice_line where invoice_id = ${like.id} and position = (select min(position) + p % count(*) from invoice_line where invoice_id = ${like.id})) l`,
    )
  })
  const drafted = await draft({ recalculation: { percent: '10' } })
  const { id } = await run((ctx) => startWhatIf(ctx, { price_change_id: drafted.id, months: 12 }))
  // killed in its fourth transaction, which never commits
  let begun = 0
  const dying = new Proxy(world.db, {
    get: (db, name) =>
      name === 'transaction'
        ? (work: (tx: Tx) => Promise<unknown>) =>
            db.transaction(async (tx) => {
              const made = await work(tx)
              begun += 1
              if (begun > 3) throw new Error('killed')
              return made
            })
        : Reflect.get(db, name),
  })
  await expect(workOnWhatIfs(dying, now)).rejects.toThrow('killed')
  const half = await run((ctx) => getWhatIf(ctx, id))
  expect([half.state, half.result, half.accounts.done]).toEqual(['running', null, 80])
  const began = performance.now()
  await workOnWhatIfs(world.db, now)
  const took_ms = performance.now() - began
  const { result, accounts, state } = await run((ctx) => getWhatIf(ctx, id))
  process.stdout.write(`what-if of ${MANY} customers × 12 months × ${LINES} lines: ${took_ms.toFixed(0)} ms\n`)
  expect([state, accounts]).toEqual(['done', { done: MANY + 2, all: MANY + 2 }])
  const found = await accountsOf(id, { limit: 500 })
  const many = found.filter(({ account }) => account.name.startsWith('Many'))
  const lines = like.lines
  const nth = (position: number) => lines[position % lines.length]!
  const of = (each: (index: number) => bigint) =>
    majorText(12n * Array.from({ length: LINES }, (_, index) => each(index + 1)).reduce((a, b) => a + b, 0n), 'EUR')
  expect(new Set(many.map(({ before }) => before))).toEqual(new Set([of((index) => minorOf(nth(index).net, 'EUR'))]))
  expect(result!.invoices).toBe(MANY * 12 + 7)
  const [sample] = await rows<{ count: string }>(world.db, sql`select count(*) from invoice where number like 'M-%'`)
  expect(sample!.count).toBe(String(MANY * 12))
}, 600_000)
