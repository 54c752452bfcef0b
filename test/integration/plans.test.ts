/** Plans and services from a published plan to proven invoices and notes: fees, changes at an instant, trials, metered components, what fulfils a service. */
import { Big } from 'big.js'
import { type SQL, sql } from 'drizzle-orm'
import fc from 'fast-check'
import type { z } from 'zod'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { verify } from '#control-plane/billing/index.ts'
import type { Draft, Explanation, Invoice, ReRating, ServicePreview } from '#control-plane/billing/contract.ts'
import type { Plan } from '#control-plane/catalog/contract.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import type { Subscription } from '#control-plane/contracts/contract.ts'
import { judge } from '#control-plane/rating/index.ts'
import type { AccountUsage, Line } from '#control-plane/rating/contract.ts'
import { Suite } from '../setup/stack.ts'
import { enrolledAgent, vm } from './agent.ts'
import { type Call, apiOf } from './http.ts'
import { draftOf, market, resourceId, sell, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const NOW = Date.parse('2026-12-05T10:00:00.000Z')
// in Madrid November begins at 23:00 of the day before
const NOVEMBER = { from: Date.parse('2026-10-31T23:00:00Z'), to: Date.parse('2026-11-30T23:00:00Z') }
const NOVEMBER_MS = NOVEMBER.to - NOVEMBER.from
let suite: Suite
let world: Prepared
let call: Call

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(NOW))
  call = await apiOf(suite, world)
  await sell(world, { meter: 'vcpu', amount: '0.05', effective_at: iso(NOVEMBER.from), correction: true, reason: 'first' })
}, 60_000)
afterAll(() => suite.end())

const asked = async <T>(method: string, path: string, body?: unknown, status = 0): Promise<T> => {
  const answer = await call(method, path, body, method === 'POST' ? { 'idempotency-key': newId() } : {})
  if (status === 0) expect([answer.status, answer.text]).toEqual([expect.toBeOneOf([200, 201]), answer.text])
  else expect([answer.status, answer.text]).toEqual([status, answer.text])
  return answer.body as T
}
interface Component {
  kind?: string
  meter?: string
  model?: string
  per?: string
  unit?: string
  amount?: string
  terms?: unknown
}
/** A published plan with these prices since the autumn. */
async function planned(name: string, components: Component[], more: object = {}): Promise<Plan> {
  const plan = await asked<Plan>('POST', '/plans', { name: { en: name, es: `${name} (es)` }, product_kind: 'vm', ...more })
  for (const one of components)
    await asked('POST', '/prices', {
      kind: 'service',
      meter: 'fee',
      model: 'per_unit',
      per: 'month',
      unit: 'service',
      ...one,
      price_book_id: plan.price_book_id,
      effective_at: '2026-09-01T00:00:00Z',
      correction: true,
      reason: 'since the autumn',
    })
  return asked<Plan>('POST', `/plans/${plan.id}/publication`, {})
}
/** A customer since October. */
const customer = async (): Promise<string> =>
  (
    await world.run((ctx) =>
      openAccount(ctx, { name: newId(), tax_id: '', email: '', contract_from: iso(NOVEMBER.from) }),
    )
  ).id
const past = { correction: true, reason: 'agreed by telephone' }
const subscribed = (account_id: string, plan: Plan, from: number, more: object = {}) =>
  asked<Subscription>('POST', `/accounts/${account_id}/services`, { plan_id: plan.id, from: iso(from), ...past, ...more })
const changed = (id: string, at: number, to: object) =>
  asked<Subscription>('POST', `/services/${id}/changes`, { at: iso(at), ...past, ...to })
const issued = (account_id: string, to = NOVEMBER.to) =>
  asked<z.infer<typeof Invoice>>('POST', '/invoices', { account_id, to: iso(to) })
const nets = (lines: readonly Line[]) => lines.map((line) => [line.resource.name, line.component, line.net])
const findings = async () => (await world.run(verify)).findings
/** An amount for a part of November, by hand. */
const share = (amount: string, from: number, to: number) =>
  new Big(amount).times(to - from).div(NOVEMBER_MS).toFixed(2, Big.roundHalfUp)

test('a fee stands on the draft and the invoice, is proven and explained', async () => {
  const plan = await planned('Small', [{ amount: '30' }, { meter: 'setup', per: 'quantity', amount: '12.5' }])
  const account_id = await customer()
  const from = Date.parse('2026-11-10T13:30:00Z')
  const service = await subscribed(account_id, plan, from, { quantity: 3 })
  expect(service).toMatchObject({ state: 'active', quantity: 3, plan: { id: plan.id, name: plan.name }, to: null })
  const draft = await asked<Draft>('GET', `/accounts/${account_id}/draft?as_of=${iso(NOVEMBER.to)}`)
  const due = [
    ['Small', 'service.fee', share('90', from, NOVEMBER.to)],
    ['Small', 'service.setup', '37.50'],
  ]
  expect(nets(draft.lines)).toEqual(due)
  expect(draft.lines[0]).toMatchObject({ service_id: service.id, resource: { id: service.id, kind: 'service' }, plan: { id: plan.id } })
  const invoice = await issued(account_id)
  expect(nets(invoice.lines)).toEqual(due)
  const { segments } = await asked<z.infer<typeof Explanation>>('GET', `/invoices/${invoice.id}/lines/${invoice.lines[0]!.id}/explanation`)
  expect(segments).toMatchObject([
    { from: iso(from), to: iso(NOVEMBER.to), service: { version_id: service.versions[0]!.id, quantity: 3, plan: { name: plan.name } } },
  ])
  expect(await findings()).toEqual([])
})

test('a plan that changes within the month is two lines, each prorated to the millisecond; days add up to them', async () => {
  const small = await planned('Change S', [{ amount: '30' }])
  const large = await planned('Change L', [
    { model: 'graduated', terms: { tiers: [{ up_to: '1', unit_amount: '50' }, { up_to: null, unit_amount: '40' }] } },
  ])
  const account_id = await customer()
  const service = await subscribed(account_id, small, NOVEMBER.from)
  const [at, more] = [Date.parse('2026-11-12T09:17:03.123Z'), Date.parse('2026-11-20T00:00:00.001Z')]
  await changed(service.id, at, { plan_id: large.id })
  const now = await changed(service.id, more, { quantity: 3 })
  expect(now.versions.map((one) => [one.plan.id, one.quantity, one.from, one.to])).toEqual([
    [small.id, 1, iso(NOVEMBER.from), iso(at)],
    [large.id, 1, iso(at), iso(more)],
    [large.id, 3, iso(more), null],
  ])
  // one service for a part of the month, three for another: so many service-months, by tiers
  const months = new Big(more - at).plus(new Big(NOVEMBER.to - more).times(3)).div(NOVEMBER_MS)
  const byTiers = months.minus(1).times(40).plus(50).toFixed(2, Big.roundHalfUp)
  const due = [
    ['Change L', 'service.fee', byTiers],
    ['Change S', 'service.fee', share('30', NOVEMBER.from, at)],
  ]
  const invoice = await issued(account_id)
  expect(nets(invoice.lines).toSorted()).toEqual(due)
  expect(invoice.totals.net).toBe(new Big(due[0]![2]!).plus(due[1]![2]!).toFixed(2))
  expect(await findings()).toEqual([])
  const usage = await asked<AccountUsage>('GET', `/accounts/${account_id}/usage?month=2026-11`)
  const days = usage.days.reduce((sum, day) => sum.plus(day.amount ?? 0), new Big(0))
  const exact = invoice.lines.map((line) => line.exact.split('/')).map(([n, d]) => new Big(n!).div(d!))
  expect(days.minus(exact.reduce((sum, one) => sum.plus(one), new Big(0))).abs().lt('0.0001')).toBe(true)
})

test('what is corrected late becomes notes: more is asked for, then given back, and each is proven', async () => {
  const plan = await planned('Corrected', [{ amount: '30' }])
  const account_id = await customer()
  const service = await subscribed(account_id, plan, NOVEMBER.from, { quantity: 2 })
  const invoice = await issued(account_id)
  expect(nets(invoice.lines)).toEqual([['Corrected', 'service.fee', '60.00']])
  const again = async () => {
    const { cut, documents } = await asked<ReRating>('POST', `/accounts/${account_id}/re-rating`, {})
    const { items } = await asked<{ items: z.infer<typeof Invoice>[] }>('POST', `/accounts/${account_id}/notes`, { cut })
    return { documents, notes: items.map((one) => [one.document_type, one.totals.net, one.lines.map((line) => line.correction?.causes)]) }
  }
  expect((await again()).notes).toEqual([])
  const third = Date.parse('2026-11-21T07:00:00Z')
  await changed(service.id, third, { quantity: 3 })
  const debit = share('30', third, NOVEMBER.to)
  expect((await again()).notes).toEqual([['debit_note', debit, [['corrected_service']]]])
  const end = Date.parse('2026-11-25T11:00:00Z')
  const cancelled = await asked<Subscription>('POST', `/services/${service.id}/cancellation`, { at: iso(end), ...past })
  expect(cancelled).toMatchObject({ state: 'cancelled', to: iso(end), renews_at: null })
  const due = new Big(60).times(third - NOVEMBER.from).plus(new Big(90).times(end - third)).div(NOVEMBER_MS).toFixed(2, Big.roundHalfUp)
  expect((await again()).notes).toEqual([
    ['credit_note', new Big(60).plus(debit).minus(due).toFixed(2), [['corrected_service']]],
  ])
  await asked('POST', '/prices', {
    ...{ kind: 'service', meter: 'fee', model: 'per_unit', per: 'month', unit: 'service', amount: '20' },
    ...{ price_book_id: plan.price_book_id, effective_at: iso(NOVEMBER.from), correction: true, reason: 'mistyped' },
  })
  expect((await again()).notes).toMatchObject([['credit_note', expect.anything(), [['corrected_price']]]])
  expect((await again()).notes).toEqual([])
  expect(await findings()).toEqual([])
})

test('what fulfils a service has the prices of its plan while it does; the rest is as before', async () => {
  const account_id = await customer()
  const agent = await enrolledAgent(world, newId(), account_id)
  const name = newId()
  await agent.send([agent.listing(NOVEMBER.from, 'h', [vm(name)])])
  await agent.send([10, 12, 14, 15].map((day) => agent.readings(NOVEMBER.from + day * 24 * HOUR_MS, name, { 'network_transmit_bytes/eth0': day * 5 * 10 ** 9 })))
  await settled(world)
  const plan = await planned('Machine', [
    { amount: '10' },
    { kind: 'vm', meter: 'vcpu', per: 'hour', unit: 'vCPU', amount: '0.02' },
    { kind: 'vm', meter: 'network_transmit_bytes', per: 'quantity', unit: 'GB', amount: '0.5', terms: { included: '3' } },
  ])
  const service = await subscribed(account_id, plan, NOVEMBER.from)
  const resource_id = await resourceId(world, name)
  const [from, to] = [NOVEMBER.from + 12 * 24 * HOUR_MS, NOVEMBER.from + 14 * 24 * HOUR_MS]
  const attached = await asked<Subscription>('POST', `/services/${service.id}/resources`, { resource_id, from: iso(from), ...past })
  const { id } = attached.resources[0]!
  await asked('POST', `/services/${service.id}/resources/${id}/end`, { at: iso(to), ...past })
  const invoice = await issued(account_id)
  expect(invoice.lines.map((line) => [line.component, line.plan?.name.en, line.net])).toEqual([
    ['service.fee', 'Machine', '10.00'],
    // 10 GB, of which two of thirty days of 3 GB are free
    ['vm.network_transmit_bytes', 'Machine', '4.90'],
    // two days of 2 vCPU at the plan's price and 28 at the contract's
    ['vm.vcpu', 'Machine', '1.92'],
    ['vm.vcpu', undefined, '67.20'],
  ])
  const ofPlan = invoice.lines.filter((line) => line.plan && line.resource.kind === 'vm')
  for (const line of ofPlan) {
    expect(line.service_id).toBe(service.id)
    expect(line.price.times).toEqual([{ from: iso(from), to: iso(to) }])
  }
  expect(await findings()).toEqual([])
  // the contract sells no traffic: it is rated while the machine fulfils the service, and waits for no price before and after
  await world.run(judge)
  const judged = await world.db.execute(
    sql`select status, count(*)::int as n from usage_status where resource_id = ${resource_id} and hour between ${iso(from)} and ${iso(to - HOUR_MS)} group by 1`,
  )
  expect(judged.map((row) => [row['status'], row['n']])).toEqual([['rated', 48]])
})

test('a kind that the fee pays for costs nothing more, and nothing of it is unrated; without the service it is', async () => {
  const account_id = await customer()
  const agent = await enrolledAgent(world, newId(), account_id)
  const name = newId()
  const bucket = { kind: 'bucket' as const, external_id: name, name, state: 'running' as const }
  await agent.send([agent.listing(NOVEMBER.from, 'h', [vm(`${name}-vm`), bucket])])
  await settled(world)
  const plan = await planned('All in', [{ amount: '99' }], { included_kinds: ['vm', 'bucket'] })
  const service = await subscribed(account_id, plan, NOVEMBER.from)
  const unrated = async () => (await draftOf(world, account_id, NOVEMBER.to)).unrated.map((one) => [one.resource.kind, one.meter, one.from])
  expect(await unrated()).toEqual([['bucket', 'instance', iso(NOVEMBER.from)]])
  const half = NOVEMBER.from + 15 * 24 * HOUR_MS
  for (const [external_id, at] of [[name, half], [`${name}-vm`, NOVEMBER.from]] as const)
    await asked('POST', `/services/${service.id}/resources`, { resource_id: await resourceId(world, external_id), from: iso(at), ...past })
  // until it fulfilled the service nothing priced it
  expect((await draftOf(world, account_id, NOVEMBER.to)).unrated).toMatchObject([{ from: iso(NOVEMBER.from), to: iso(half) }])
  const [attachment] = (await asked<{ items: Subscription[] }>('GET', `/accounts/${account_id}/services`)).items[0]!.resources
  expect(attachment!.resource.name).toContain(name)
  const draft = await draftOf(world, account_id, NOVEMBER.to)
  expect(nets(draft.lines)).toEqual([['All in', 'service.fee', '99.00']])
})

test('a trial costs nothing and says so; setting up is charged where it ends', async () => {
  const plan = await planned('Tried', [{ amount: '30' }, { meter: 'setup', per: 'quantity', amount: '5' }], { trial_days: 10 })
  const account_id = await customer()
  const from = Date.parse('2026-11-05T08:00:00Z')
  const until = from + 10 * 24 * HOUR_MS
  const service = await subscribed(account_id, plan, from)
  expect(service.trial_until).toBe(iso(until))
  const invoice = await issued(account_id)
  expect(nets(invoice.lines)).toEqual([
    ['Tried', 'service.fee', share('30', until, NOVEMBER.to)],
    ['Tried', 'service.setup', '5.00'],
  ])
  const { segments } = await asked<z.infer<typeof Explanation>>('GET', `/invoices/${invoice.id}/lines/${invoice.lines[0]!.id}/explanation`)
  expect(segments.map((one) => [one.from, one.to, one.trial, one.amount === '0'])).toEqual([
    [iso(from), iso(until), true, true],
    [iso(until), iso(NOVEMBER.to), false, false],
  ])
  const without = await subscribed(await customer(), plan, from, { trial: false })
  expect(without.trial_until).toBeNull()
  expect(await findings()).toEqual([])
})

test('a service may keep the prices of a day; another one follows its plan', async () => {
  const plan = await planned('Kept', [{ amount: '10' }])
  const dearer = Date.parse('2026-11-16T00:00:00Z')
  await asked('POST', '/prices', {
    ...{ kind: 'service', meter: 'fee', model: 'per_unit', per: 'month', unit: 'service', amount: '20' },
    ...{ price_book_id: plan.price_book_id, effective_at: iso(dearer), correction: true, reason: 'dearer' },
  })
  const account_id = await customer()
  await subscribed(account_id, plan, NOVEMBER.from, { prices_as_of: '2026-10-01T00:00:00Z' })
  await subscribed(account_id, plan, NOVEMBER.from)
  const invoice = await issued(account_id)
  expect(invoice.lines.map((line) => line.net).toSorted()).toEqual(
    ['10.00', share('10', NOVEMBER.from, dearer), share('20', dearer, NOVEMBER.to)].toSorted(),
  )
  expect(await findings()).toEqual([])
})

test('an add-on ends with what it was added to, and a preview is what then comes', async () => {
  const [plan, addOn] = [await planned('Base', [{ amount: '40' }]), await planned('Backup', [{ amount: '7' }])]
  const account_id = await customer()
  world.clock.now = NOW
  const base = await asked<Subscription>('POST', `/accounts/${account_id}/services`, { plan_id: plan.id, quantity: 1 })
  const extra = await asked<Subscription>('POST', `/accounts/${account_id}/services`, { plan_id: addOn.id, quantity: 2, parent_id: base.id })
  world.clock.now = NOW + 3 * 24 * HOUR_MS
  const december = { from: NOVEMBER.to, to: Date.parse('2026-12-31T23:00:00Z') }
  const at = iso(world.clock.now + HOUR_MS)
  const events = async () => (await world.db.execute(sql`select count(*)::int as n from event`))[0]!['n']
  const written = await events()
  const preview = await asked<ServicePreview>('POST', `/services/${base.id}/changes/preview`, { quantity: 2, at })
  expect(await events()).toBe(written)
  const full = (amount: number, from: number) => new Big(amount).times(december.to - from).div(december.to - december.from)
  expect(preview.before!.net).toBe(new Big(full(40, NOW).toFixed(2)).plus(full(14, NOW).toFixed(2)).toFixed(2))
  expect(preview.lines.map((line) => line.net)).toEqual([full(40, NOW).plus(full(40, Date.parse(at))).toFixed(2, 1)])
  await asked('POST', `/services/${base.id}/changes`, { quantity: 2, at })
  const real = await draftOf(world, account_id, december.to)
  expect(real.totals).toEqual(preview.after)
  await asked('POST', `/services/${base.id}/cancellation`, { at: 'end_of_period' })
  const { items } = await asked<{ items: (Subscription & { fee: string })[] }>('GET', `/accounts/${account_id}/services`)
  expect(items.map((one) => [one.id, one.state, one.to, one.fee])).toEqual([
    [base.id, 'active', iso(december.to), '40.00'],
    [extra.id, 'active', iso(december.to), '14.00'],
  ])
  world.clock.now = NOW
})

test('a version that changes nothing changes nothing, to the byte', async () => {
  const account_id = await customer()
  const plans = [
    await planned('Same', [{ amount: '33.33' }]),
    await planned('Same by day', [{ amount: '33.33', terms: { proration: 'day' } }]),
    await planned('Same whole', [{ amount: '33.33', terms: { proration: 'none', minimum: '2' } }]),
  ]
  const services: Subscription[] = []
  for (const plan of plans) services.push(await subscribed(account_id, plan, NOVEMBER.from + 7, { quantity: 3 }))
  const lines = async (to: number) => (await draftOf(world, account_id, to)).lines
  const ends = [NOVEMBER.to, NOVEMBER.from + 9 * 24 * HOUR_MS]
  const before = [await lines(ends[0]!), await lines(ends[1]!)]
  expect(before[0]).toHaveLength(3)
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 2 }), fc.integer({ min: 1, max: NOVEMBER_MS - 1 }), fc.boolean(), async (which, at, said) => {
      const { id } = services[which]!
      await changed(id, NOVEMBER.from + 7 + at, said ? { quantity: 3, plan_id: plans[which]!.id } : {})
      expect(await lines(ends[0]!)).toEqual(before[0])
      expect(await lines(ends[1]!)).toEqual(before[1])
    }),
    { numRuns: 12 },
  )
})

class Undone extends Error {}
/** What the verifier says of the damage, which lasts for this transaction only. */
async function after(damage: SQL) {
  let found: Awaited<ReturnType<typeof findings>> = []
  const work = world.run(async (ctx) => {
    expect((await ctx.tx.execute(damage)).count).toBeGreaterThan(0)
    found = (await verify(ctx)).findings
    throw new Undone()
  })
  await work.catch((error: unknown) => {
    if (!(error instanceof Undone)) throw error
  })
  return found.map((one) => one.check)
}
test('an altered version, attachment, plan or trial is found', async () => {
  expect(await findings()).toEqual([])
  expect(await after(sql`update service_version set quantity = quantity + 1 where cut_to is null`)).toContain('service')
  expect(await after(sql`update service_version set valid_from = valid_from + interval '1 hour' where valid_to is null or valid_to > valid_from + interval '1 hour'`)).toContain('service')
  expect(await after(sql`delete from service_resource`)).toContain('service')
  expect(await after(sql`update service_version set trial_until = trial_until - interval '1 day' where trial_until is not null`)).toContain('trial')
})

test('what can not be sold or attached is refused, and what is wrong is pointed at', async () => {
  const account_id = await customer()
  const refused = async (path: string, body: object) => {
    const answer = await call('POST', path, body, { 'idempotency-key': newId() })
    return [answer.status, answer.body['code'], (answer.body['errors'] as { pointer: string }[] | undefined)?.[0]?.pointer]
  }
  const draft = await asked<Plan>('POST', '/plans', { name: { en: 'Draft', es: 'Borrador' }, product_kind: 'other' })
  expect(await refused('/plans', { name: { en: 'A', es: 'A' }, product_kind: 'other', anchor: 'anniversary' })).toEqual([422, 'invalid', '/anchor'])
  expect(await refused(`/plans/${draft.id}/publication`, {})).toEqual([409, 'conflict', undefined])
  expect(await refused(`/accounts/${account_id}/services`, { plan_id: draft.id })).toEqual([409, 'conflict', '/plan_id'])
  const fee = { kind: 'service', meter: 'fee', model: 'per_unit', per: 'month', unit: 'service', amount: '1' }
  expect(await refused('/prices', fee)).toEqual([422, 'wrong_unit', '/price_book_id'])
  expect(await refused('/prices', { ...fee, kind: 'vm', price_book_id: draft.price_book_id })).toEqual([422, 'wrong_unit', '/meter'])
  const plan = await planned('Refused', [{ amount: '1' }])
  expect(await refused(`/accounts/${account_id}/services`, { plan_id: plan.id, from: iso(NOVEMBER.from) })).toEqual([422, 'invalid', '/from'])
  const service = await subscribed(account_id, plan, NOVEMBER.from)
  expect(await refused(`/services/${service.id}/changes`, { at: iso(NOVEMBER.from - 1), ...past, quantity: 2 })).toEqual([409, 'conflict', '/at'])
  const other = await enrolledAgent(world, newId(), await customer())
  const name = newId()
  await other.send([other.listing(NOVEMBER.from, 'h', [vm(name)])])
  const resource_id = await resourceId(world, name)
  expect(await refused(`/services/${service.id}/resources`, { resource_id })).toEqual([422, 'invalid', '/resource_id'])
  await asked('POST', `/plans/${plan.id}/retirement`, {})
  expect(await refused(`/accounts/${account_id}/services`, { plan_id: plan.id })).toEqual([409, 'conflict', '/plan_id'])
  const patched = await call('PATCH', `/plans/${plan.id}`, { trial_days: 3 })
  expect([patched.status, patched.body['code']]).toEqual([409, 'conflict'])
})
