/** A service is suspended and goes on again: who told it and why stays, no bill changes by it, and a machine that runs on is told of. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKey } from '#control-plane/accounts/index.ts'
import { NewApiKey } from '#control-plane/accounts/contract.ts'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import type { Subscription } from '#control-plane/contracts/contract.ts'
import { rows } from '#control-plane/db/index.ts'
import type { Discrepancy } from '#control-plane/reconciliation/contract.ts'
import { Suite } from '../setup/stack.ts'
import { enrolledAgent, vm } from './agent.ts'
import { draftOf, resourceId, settled } from './ledger.ts'
import { NOVEMBER, past, type Shop, shopOf } from './shop.ts'
import { asBearer } from './two-accounts.ts'

const DAY = 24 * HOUR_MS
let suite: Suite
let shop: Shop
let plan: Awaited<ReturnType<Shop['planned']>>
beforeAll(async () => {
  suite = new Suite()
  shop = await shopOf(suite)
  plan = await shop.planned('Held', [{ amount: '30' }])
}, 60_000)
afterAll(() => suite.end())

const opened = async (more: object = {}) => {
  const account_id = await shop.customer()
  return { account_id, service: await shop.subscribed(account_id, plan, NOVEMBER.from, more) }
}
const suspend = (id: string, more: object = {}) =>
  shop.ask<Subscription>('POST', `/services/${id}/suspension`, { reason: 'unpaid', ...more })
const lift = (id: string, more: object = {}) => shop.ask<Subscription>('POST', `/services/${id}/suspension/end`, more)
async function refused(path: string, body: object) {
  const { status, body: told } = await shop.call('POST', path, body)
  return [status, told['code'], (told['errors'] as { pointer: string }[] | undefined)?.[0]?.pointer]
}
const seen = async (account_id: string, headers = {}) => {
  const { body } = await shop.call('GET', `/accounts/${account_id}/services`, undefined, headers)
  return (body['items'] as Subscription[])[0]!
}

test('a service is suspended from an instant on until it is lifted, each with who told it and why', async () => {
  const { clock } = shop.world
  const { account_id, service } = await opened()
  expect([service.suspension, service.suspensions]).toEqual([null, []])
  const { suspension } = await suspend(service.id)
  const begun = { state: 'in_force', from: iso(clock.now), to: null, reason: 'unpaid', end: null }
  expect(suspension).toMatchObject(begun)
  expect((await seen(account_id)).suspension).toEqual(suspension)
  const from = clock.now
  clock.now += HOUR_MS
  const lifted = await lift(service.id, { reason: ' paid ' })
  const end = { reason: 'paid', actor: suspension!.actor, recorded_at: iso(clock.now) }
  expect(lifted).toMatchObject({ state: 'active', suspension: null })
  expect(lifted.suspensions).toMatchObject([
    { ...begun, state: 'ended', from: iso(from), to: iso(clock.now), recorded_at: iso(from), end },
  ])
  // and once more, from tomorrow until the day after
  const later = await suspend(service.id, { from: iso(clock.now + DAY), reason: 'as agreed' })
  expect(later.suspension).toMatchObject({ state: 'planned', from: iso(clock.now + DAY), reason: 'as agreed' })
  const until = await lift(service.id, { at: iso(clock.now + 2 * DAY) })
  expect(until.suspension).toMatchObject({ state: 'planned', to: iso(clock.now + 2 * DAY) })
  clock.now += DAY
  expect((await seen(account_id)).suspension?.state).toBe('in_force')
  clock.now += DAY
  expect((await seen(account_id)).suspension).toBeNull()
})

test('no fact is ever deleted, and each is on record with what was before and after', async () => {
  const { service } = await opened()
  await suspend(service.id)
  await lift(service.id)
  await suspend(service.id, { from: iso(shop.world.clock.now + DAY), reason: 'planned' })
  await lift(service.id, { reason: 'planned no more' })
  const of = sql`where service_id = ${service.id}`
  const facts = await rows<{ reason: string; end_reason: string; valid: boolean }>(
    shop.world.db,
    sql`select reason, end_reason, cut_to is null as valid from service_suspension ${of} order by recorded_at, id`,
  )
  // suspended and lifted at one instant it never held; what was planned was taken back before it began
  expect(facts).toEqual([
    { reason: 'unpaid', end_reason: '', valid: false },
    { reason: 'planned', end_reason: 'planned no more', valid: false },
  ])
  const events = await rows<{ type: string; before: Subscription; after: Subscription }>(
    shop.world.db,
    sql`select type, before, after from event where subject_id = ${service.id} and type like 'service.suspen%' order by occurred_at, id`,
  )
  expect(events.map(({ type, before, after }) => [type, before.suspension?.reason, after.suspension?.reason])).toEqual([
    ['service.suspended', undefined, 'unpaid'],
    ['service.suspension_lifted', 'unpaid', undefined],
    ['service.suspended', undefined, 'planned'],
    ['service.suspension_lifted', 'planned', undefined],
  ])
})

test('its customer sees that it is suspended, and never why or by whom', async () => {
  const { account_id, service } = await opened()
  await suspend(service.id, { from: iso(NOVEMBER.from + DAY), correction: true })
  await lift(service.id, { at: iso(NOVEMBER.from + 2 * DAY), ...past })
  await suspend(service.id)
  const wanted = NewApiKey.parse({ name: 'k', role: 'tenant_owner', account_id })
  const { token } = await shop.world.run((ctx) => createKey(ctx, wanted))
  const his = await seen(account_id, asBearer(token))
  const hidden = { reason: null, actor: null, end: null }
  expect(his.suspension).toMatchObject({ state: 'in_force', ...hidden })
  expect(his.suspensions).toMatchObject([
    { state: 'ended', ...hidden },
    { state: 'in_force', ...hidden },
  ])
  for (const path of ['suspension', 'suspension/end']) {
    const { status } = await shop.call('POST', `/services/${service.id}/${path}`, { reason: 'r' }, asBearer(token))
    expect(status).toBe(403)
  }
})

test('what can not be suspended or lifted is refused, and what is wrong is pointed at', async () => {
  const { service } = await opened()
  const { now } = shop.world.clock
  const [path, end] = [`/services/${service.id}/suspension`, `/services/${service.id}/suspension/end`]
  expect(await refused(path, {})).toEqual([422, 'invalid', '/reason'])
  expect(await refused(path, { reason: '  ' })).toEqual([422, 'invalid', '/reason'])
  expect(await refused(path, { reason: 'r', from: iso(now - 1) })).toEqual([422, 'invalid', '/from'])
  expect(await refused(path, { ...past, from: iso(NOVEMBER.from - 1) })).toEqual([409, 'conflict', '/from'])
  expect(await refused(end, {})).toEqual([409, 'conflict', '/at'])
  expect(await refused(`/services/${newId()}/suspension`, { reason: 'r' })).toEqual([404, 'not_found', undefined])
  await suspend(service.id, { from: iso(now + DAY) })
  expect(await refused(path, { reason: 'r' })).toEqual([409, 'conflict', '/from'])
  expect(await refused(path, { reason: 'r', from: iso(now + 2 * DAY) })).toEqual([409, 'conflict', '/from'])
  expect(await refused(end, { at: iso(now - 1) })).toEqual([422, 'invalid', '/at'])
  await lift(service.id)
  await shop.ask('POST', `/services/${service.id}/cancellation`, { at: iso(now + DAY) })
  expect(await refused(path, { reason: 'r', from: iso(now + DAY) })).toEqual([409, 'conflict', '/from'])
  expect((await suspend(service.id, { from: iso(now + DAY - 1) })).suspension?.state).toBe('planned')
})

test('a service that ends first is never suspended, nor one that was cancelled before it began', async () => {
  const { now } = shop.world.clock
  const { service } = await opened()
  await suspend(service.id, { from: iso(now + 2 * DAY) })
  const path = `/services/${service.id}/cancellation`
  expect((await shop.ask<Subscription>('POST', path, { at: iso(now + DAY) })).suspension).toBeNull()
  // it goes on after all, and with it what was planned
  expect((await shop.ask<Subscription>('DELETE', path)).suspension?.state).toBe('planned')
  const ended = await opened()
  await suspend(ended.service.id)
  await shop.ask('POST', `/services/${ended.service.id}/cancellation`, { at: 'now' })
  expect((await seen(ended.account_id)).suspension).toBeNull()
  const later = await shop.subscribed(ended.account_id, plan, now + DAY)
  await suspend(later.id, { from: iso(now + DAY) })
  await shop.ask('POST', `/services/${later.id}/cancellation`, { at: 'now' })
  expect(await refused(`/services/${later.id}/suspension`, { reason: 'r' })).toEqual([409, 'conflict', '/from'])
  expect(await refused(`/services/${later.id}/suspension/end`, {})).toEqual([409, 'conflict', undefined])
})

test('of two who suspend it at once one does, and the database itself refuses a second suspension', async () => {
  const { service } = await opened()
  const body = { reason: 'at once' }
  const answers = await Promise.all([1, 2, 3].map(() => shop.call('POST', `/services/${service.id}/suspension`, body)))
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409, 409])
  const second = sql`insert into service_suspension select (jsonb_populate_record(s, jsonb_build_object('id', ${newId()}::text))).*
    from service_suspension s where service_id = ${service.id}`
  await expect(shop.world.db.execute(second)).rejects.toMatchObject({
    cause: { constraint_name: 'service_suspension_no_overlap' },
  })
})

test('a suspension changes no bill; a machine that runs on stands in the reconciliation with its money until it is lifted', async () => {
  const { account_id, service } = await opened()
  const { clock } = shop.world
  const agent = await enrolledAgent(shop.world, newId(), account_id)
  const [runs, stands] = [newId(), newId()]
  const list = (at: number) => agent.listing(at, 'h', [vm(runs), vm(stands, { state: 'stopped' })])
  await agent.send([list(NOVEMBER.from), list(clock.now)])
  await settled(shop.world)
  for (const name of [runs, stands]) await shop.attached(service.id, await resourceId(shop.world, name), NOVEMBER.from)
  const found = async () =>
    (await shop.ask<{ items: Discrepancy[] }>('GET', `/reconciliation?account_id=${account_id}&kind=suspended`)).items
  const bill = () => draftOf(shop.world, account_id, NOVEMBER.to)
  const [before, { net }] = [await bill(), (await bill()).totals]
  expect(await found()).toEqual([])
  const from = iso(NOVEMBER.from + 10 * DAY)
  await suspend(service.id, { from, correction: true })
  const [one, ...more] = await found()
  // half of 30.00, and 720 hours of two vCPUs at 0.05
  const per_month = { amount: '87.00', currency: 'EUR', way: 'loss' }
  expect(one).toMatchObject({ kind: 'suspended', resource: { name: runs }, since: from, per_month })
  expect(one?.sold.services).toMatchObject([{ id: service.id, suspension: { from, reason: 'unpaid' } }])
  expect(more).toEqual([])
  expect(await bill()).toEqual(before)
  expect((await shop.issued(account_id)).totals.net).toBe(net)
  expect(await shop.findings()).toEqual([])
  await lift(service.id)
  expect(await found()).toEqual([])
})
