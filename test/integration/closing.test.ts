/** Closing a month: reviewed, flagged, held back, issued account by account; what fails is parked and stops nobody else. */
import { sql } from 'drizzle-orm'
import postgres from 'postgres'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { system } from '#control-plane/base/actor.ts'
import { newId } from '#control-plane/base/id.ts'
import { type Context, rows } from '#control-plane/db/index.ts'
import { iso } from '#control-plane/base/time.ts'
import { changeLegalEntity } from '#control-plane/accounts/index.ts'
import { draft, finalise, getInvoice, verify } from '#control-plane/billing/index.ts'
import {
  cancelClose,
  finaliseClose,
  getClose,
  holdAccount,
  listClosing,
  openClose,
  retryParked,
  reviewAgain,
  workOnCloses,
} from '#control-plane/closing/index.ts'
import type { ClosingAccount } from '#control-plane/closing/contract.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, vm } from './agent.ts'
import { urlsFor } from './http.ts'
import { market, sell } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const DAY = 86_400_000
const at = (text: string): number => Date.parse(`${text}T00:00:00.000Z`)
const BEGIN = at('2026-07-15')
let suite: Suite
let world: Prepared
const run = <T>(verb: (ctx: Context) => Promise<T>) => world.run(verb)

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(BEGIN))
  await sell(world, { meter: 'vcpu', amount: '0.05' })
})
afterAll(() => suite.end())

interface Customer {
  id: string
  agent: Agent
  name: string
  machines: string[]
}
async function customer(name: string): Promise<Customer> {
  const { id } = await run((ctx) => openAccount(ctx, { name, tax_id: '', email: '', zone: 'UTC' }))
  const agent = await enrolledAgent(world, name, id)
  const made = { id, agent, name, machines: [`${name}-vm`] }
  await seen(made)
  return made
}
/** One look at all its machines; the next is due a day later. */
const seen = ({ agent, machines }: Customer) => {
  const listing = agent.listing(
    world.clock.now,
    'h',
    machines.map((machine) => vm(machine)),
  )
  return agent.send([{ ...listing, interval_ms: DAY }])
}
/** Looks once a day until an instant. */
async function watched(list: readonly Customer[], until: number): Promise<void> {
  for (; world.clock.now < until; world.clock.now += DAY) await all(list)
}

async function opened(month: string, grace_hours = 0) {
  const { id } = await run((ctx) => openClose(ctx, { month, grace_hours }))
  await work()
  return id
}
/** Accounts that were parked by what nobody foresaw. */
const unforeseen: string[] = []
afterEach(() => expect(unforeseen).toEqual([]))
const work = () =>
  workOnCloses(
    world.db,
    () => world.clock.now,
    (_error, account_id) => unforeseen.push(account_id),
  )
const accountsOf = async (id: string): Promise<Map<string, ClosingAccount>> => {
  const { items } = await run((ctx) => listClosing(ctx, id, { limit: 500 }))
  return new Map(items.map((item) => [item.account.name, item]))
}
const all = (list: readonly Customer[]) => Promise.all(list.map(seen))

test('a month is reviewed, one account is held, another has no price for its usage, and the rest is issued as it was reviewed', async () => {
  const [plain, priceless, held] = [await customer('plain'), await customer('priceless'), await customer('held')]
  const container = { kind: 'container' as const, external_id: 'pod', name: 'pod', state: 'running' as const }
  await priceless.agent.send([{ ...priceless.agent.listing(BEGIN, 'pods', [container]), interval_ms: DAY }])
  await watched([plain, priceless, held], at('2026-07-20'))
  await expect(run((ctx) => openClose(ctx, { month: '2026-07', grace_hours: 0 }))).rejects.toMatchObject({
    code: 'invalid',
  })
  await watched([plain, priceless, held], at('2026-08-02'))
  await priceless.agent.send([priceless.agent.listing(world.clock.now, 'pods', [container])])
  const id = await opened('2026-07', 48)
  const reviewed = await accountsOf(id)
  expect(reviewed.get('plain')).toMatchObject({ state: 'ready', flags: ['first_bill'], usual_net: null })
  expect(reviewed.get('priceless')?.flags).toContain('unrated')
  const { totals } = await run((ctx) => draft(ctx, { account_id: plain.id, as_of: at('2026-08-01') }))
  expect(reviewed.get('plain')?.totals).toEqual(totals)
  expect((await run((ctx) => getClose(ctx, id))).state).toBe('review')

  await expect(run((ctx) => holdAccount(ctx, id, held.id, { held: true, reason: '' }))).rejects.toMatchObject({
    code: 'invalid',
  })
  await run((ctx) => holdAccount(ctx, id, held.id, { held: true, reason: 'asks about its July' }))
  // late facts are waited for
  await expect(run((ctx) => finaliseClose(ctx, id, { early: false }))).rejects.toMatchObject({ code: 'conflict' })
  await run((ctx) => finaliseClose(ctx, id, { early: true }))
  await work()
  const done = await run((ctx) => getClose(ctx, id))
  expect(done).toMatchObject({ state: 'closed', counts: { issued: 1, parked: 1, held: 1, ready: 0, waiting: 0 } })
  const after = await accountsOf(id)
  expect(after.get('priceless')).toMatchObject({ state: 'parked', problem: { code: 'unrated' } })
  const [issued] = after.get('plain')!.invoices
  const invoice = await run((ctx) => getInvoice(ctx, issued!.id))
  expect([invoice.totals, invoice.period.to, invoice.number]).toEqual([
    totals,
    '2026-08-01T00:00:00.000Z',
    issued!.number,
  ])
  expect(done.issued_net).toBe(totals.net)

  // the remedy, and the month goes on where it stopped
  await sell(world, {
    kind: 'container',
    meter: 'instance',
    model: 'flat',
    unit: 'instance',
    amount: '1',
    effective_at: iso(BEGIN - 20 * DAY),
    correction: true,
    reason: 'forgotten',
  })
  await run((ctx) => reviewAgain(ctx, id))
  await work()
  await run((ctx) => holdAccount(ctx, id, held.id, { held: false, reason: '' }))
  await run((ctx) => finaliseClose(ctx, id, { early: true }))
  await work()
  expect((await run((ctx) => getClose(ctx, id))).counts).toMatchObject({ issued: 3, parked: 0, held: 0 })
  expect((await run(verify)).findings).toEqual([])
  await expect(run((ctx) => openClose(ctx, { month: '2026-07', grace_hours: 0 }))).rejects.toMatchObject({
    code: 'conflict',
  })
})

test('a bill far from the usual is flagged, and one whose machines fell silent', async () => {
  const [grows, silent] = [await customer('grows'), await customer('silent')]
  await watched([grows, silent], at('2026-09-02'))
  const august = await opened('2026-08')
  await run((ctx) => finaliseClose(ctx, august, { early: false }))
  await work()
  for (let n = 0; n < 9; n += 1) grows.machines.push(`grows-vm-${n}`)
  await watched([grows, silent], at('2026-09-03'))
  await watched([grows], at('2026-10-02'))
  const september = await opened('2026-09')
  const reviewed = await accountsOf(september)
  expect(reviewed.get('grows')?.flags).toEqual(['far_more'])
  expect(reviewed.get('silent')?.flags).toContain('unobserved')
  expect(Number(reviewed.get('grows')?.totals?.net)).toBeGreaterThan(5 * Number(reviewed.get('grows')?.usual_net))
  await run((ctx) => cancelClose(ctx, september))
  expect((await run((ctx) => getClose(ctx, september))).state).toBe('cancelled')
})

test('what was reviewed is what is issued: a price corrected meanwhile changes nothing, and a bill issued meanwhile parks the account', async () => {
  const late = await customer('late')
  await watched([late], at('2026-11-02'))
  const id = await opened('2026-10')
  const before = await accountsOf(id)
  const correction = { effective_at: '2026-10-15T00:00:00.000Z', correction: true, reason: 'late' }
  await sell(world, { meter: 'vcpu', amount: '0.06', ...correction })
  const between = await run((ctx) => draft(ctx, { account_id: late.id, as_of: at('2026-10-20') }))
  await finalise(world.db, system('test'), () => world.clock.now, newId(), {
    account_id: late.id,
    to: between.period.to,
  })
  await run((ctx) => finaliseClose(ctx, id, { early: false }))
  await work()
  const after = await accountsOf(id)
  expect(after.get('late')).toMatchObject({ state: 'parked', problem: { code: 'conflict' }, invoices: [] })
  const [issued] = after.get('grows')!.invoices
  const { totals } = await run((ctx) => getInvoice(ctx, issued!.id))
  expect(totals).toEqual(before.get('grows')?.totals)
  await run((ctx) => retryParked(ctx, id))
  await work()
  expect((await accountsOf(id)).get('late')?.state).toBe('parked')
  await run((ctx) => reviewAgain(ctx, id))
  await work()
  await run((ctx) => finaliseClose(ctx, id, { early: false }))
  await work()
  expect((await accountsOf(id)).get('late')?.state).toBe('issued')
  expect((await run(verify)).findings).toEqual([])
})

test('what nobody foresaw parks who is ready and leaves who is held, tells the log, and the month goes on once it is mended', async () => {
  const [odd, asks] = [await customer('odd'), await customer('asks')]
  await watched([odd, asks], at('2026-12-02'))
  const id = await opened('2026-11')
  await run((ctx) => holdAccount(ctx, id, asks.id, { held: true, reason: 'asks about its November' }))
  const owner = postgres((await urlsFor(world)).owner, { max: 1, onnotice: () => {} })
  await owner`alter table price_version rename to mislaid`
  try {
    await run((ctx) => reviewAgain(ctx, id))
    await work()
  } finally {
    await owner`alter table mislaid rename to price_version`
    await owner.end({ timeout: 1 })
  }
  expect(unforeseen.splice(0)).toEqual(expect.arrayContaining([odd.id, asks.id]))
  const after = await accountsOf(id)
  expect(after.get('odd')).toMatchObject({ state: 'parked', problem: { code: 'unexpected' } })
  expect(after.get('asks')).toMatchObject({ state: 'held', problem: { code: 'unexpected' } })
  await run((ctx) => finaliseClose(ctx, id, { early: false }))
  await work()
  await run((ctx) => retryParked(ctx, id))
  await work()
  expect((await accountsOf(id)).get('asks')).toMatchObject({ state: 'held', invoices: [] })
  await run((ctx) => reviewAgain(ctx, id))
  await work()
  await run((ctx) => finaliseClose(ctx, id, { early: false }))
  await work()
  const done = await accountsOf(id)
  expect([done.get('odd')?.state, done.get('asks')?.state]).toEqual(['issued', 'held'])
})

test('of more accounts than one transaction drafts, one whose draft breaks is parked alone', async () => {
  const [whole, broken] = [await customer('whole'), await customer('broken')]
  const idle = Array.from({ length: 40 }, (_, n) => `idle ${n}`)
  for (const name of idle) await run((ctx) => openAccount(ctx, { name, tax_id: '', email: '', zone: 'UTC' }))
  await watched([whole, broken], at('2027-01-02'))
  await world.db.execute(sql`update contract set currency = 'XQX' where account_id = ${broken.id}`)
  const id = await opened('2026-12')
  const reviewed = await accountsOf(id)
  expect(reviewed.get('broken')).toMatchObject({ state: 'parked', problem: { code: 'unexpected' } })
  expect(reviewed.get('whole')).toMatchObject({ state: 'ready', flags: ['first_bill'] })
  for (const name of idle) expect(reviewed.get(name)?.state).toBe('nothing')
  await world.db.execute(sql`update contract set currency = 'EUR' where account_id = ${broken.id}`)
  await run((ctx) => reviewAgain(ctx, id))
  await work()
  await world.db.execute(sql`update contract set currency = 'XQX' where account_id = ${broken.id}`)
  await run((ctx) => finaliseClose(ctx, id, { early: false }))
  await work()
  const after = await accountsOf(id)
  expect(after.get('broken')).toMatchObject({ state: 'parked', problem: { code: 'unexpected' }, invoices: [] })
  expect(after.get('whole')?.state).toBe('issued')
  expect((await run((ctx) => getClose(ctx, id))).counts).toMatchObject({ ready: 0, waiting: 0, parked: 1 })
  expect(new Set(unforeseen.splice(0))).toEqual(new Set([broken.id]))
  expect((await run(verify)).findings).toEqual([])
  await world.db.execute(sql`update contract set currency = 'EUR' where account_id = ${broken.id}`)
})

test('what was rated for the review is not rated again; under another tax it is, and nothing stays of what was kept', async () => {
  const kept = await customer('kept')
  const issuedIn = async (id: string, meanwhile: () => Promise<unknown>) => {
    expect((await rows(world.db, RATED(id))).length).toBeGreaterThan(0)
    await meanwhile()
    await run((ctx) => finaliseClose(ctx, id, { early: false }))
    await work()
    expect(await rows(world.db, RATED(id))).toEqual([])
    const { invoices } = (await accountsOf(id)).get('kept')!
    return await run((ctx) => getInvoice(ctx, invoices[0]!.id))
  }
  const RATED = (id: string) => sql`select account_id from period_close_rated where close_id = ${id}`
  await watched([kept], at('2027-02-02'))
  const owner = postgres((await urlsFor(world)).owner, { max: 1, onnotice: () => {} })
  const january = await opened('2027-01')
  const first = await issuedIn(january, () => owner`alter table price_version rename to mislaid`).finally(async () => {
    await owner`alter table mislaid rename to price_version`
    await owner.end({ timeout: 1 })
  })
  // of who had a month to make up for, the next one was not reviewed
  expect(unforeseen.splice(0)).toEqual([(await accountsOf(january)).get('broken')?.account.id])
  await watched([kept], at('2027-03-02'))
  const tax = { tax_category: 'S', tax_rate: '4.00' } as const
  expect(first.lines.every((line) => line.tax_rate !== tax.tax_rate)).toBe(true)
  const second = await issuedIn(await opened('2027-02'), () =>
    run((ctx) => changeLegalEntity(ctx, world.legal_entity_id, tax)),
  )
  expect(second.content.taxes).toMatchObject([{ category: 'S', rate: '4.00', base: second.content.totals.net }])
  expect(second.lines.every((line) => line.tax_rate === tax.tax_rate)).toBe(true)
  expect((await run(verify)).findings).toEqual([])
})
