/** Two customers of one installation, each with a machine, a bill and a key, and a machine that changed hands between them. */
import { sql } from 'drizzle-orm'
import { createKey } from '#control-plane/accounts/index.ts'
import { NewApiKey } from '#control-plane/accounts/contract.ts'
import { system } from '#control-plane/base/actor.ts'
import { newId } from '#control-plane/base/id.ts'
import type { Role } from '#control-plane/base/roles.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { finalise, putLogo } from '#control-plane/billing/index.ts'
import { setLimit, stand } from '#control-plane/limits/index.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { NewCoupon } from '#control-plane/promotions/contract.ts'
import { createCoupon } from '#control-plane/promotions/index.ts'
import type { VatRegister } from '#control-plane/tax/index.ts'
import type { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, host, vm } from './agent.ts'
import { type Answer, type Call, apiOf } from './http.ts'
import { market, resourceId, sell, settled, transfer } from './ledger.ts'
import type { Prepared } from './prepared.ts'

export const START = Date.parse('2026-11-10T10:00:00.000Z')
export const MIB = 1024 ** 2
/** in the middle of an hour, between two readings */
export const TRANSFER = START + HOUR_MS + 20 * 60_000 + 5_000

/** One pixel, as a logo is sent. */
export const LOGO = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=='

export interface Customer {
  account_id: string
  /** his machine for ever */
  resource_id: string
  invoice_id: string
  line_id: string
  /** of an owner of the account */
  token: string
}
export interface TwoAccounts {
  world: Prepared
  call: Call
  a: Customer
  b: Customer
  /** of a until TRANSFER, of b since */
  moved_id: string
  host_id: string
  keyOf(role: Role, account_id: string | null): Promise<string>
}

export const asBearer = (token: string) => ({ authorization: `Bearer ${token}` })
export const reading = (call: Call, token: string, path: string): Promise<Answer> =>
  call('GET', path, undefined, asBearer(token))

/** Somebody who belongs to an account, with a session there; returns the membership. */
export async function member(
  { db, clock }: Prepared,
  account_id: string,
  role: Role = 'tenant_member',
): Promise<string> {
  const [person_id, id, session_id] = [newId(), newId(), newId()]
  const [email, token, now] = [`${person_id}@example.com`, newId(), iso(clock.now)]
  await db.execute(sql`insert into person (id, name, email, email_verified, created_at, updated_at)
    values (${person_id}, ${`Person ${person_id}`}, ${email}, true, ${now}, ${now})`)
  await db.execute(sql`insert into membership (id, person_id, account_id, role, created_at, created_by)
    values (${id}, ${person_id}, ${account_id}, ${role}, ${now}, 'test')`)
  await db.execute(sql`insert into person_session (id, token, person_id, membership_id, expires_at, created_at, updated_at)
    values (${session_id}, ${token}, ${person_id}, ${id}, ${now}, ${now}, ${now})`)
  return id
}

/** A mebibyte every ten seconds of each machine, for two hours. */
async function reports(world: Prepared, agent: Agent): Promise<void> {
  const listing = agent.listing(START, 'h', [host('h'), vm('a'), vm('b'), vm('moved')])
  await agent.send([listing])
  for (let at = START; at <= START + 2 * HOUR_MS; at += 60_000) {
    const counters = { 'network_receive_bytes/nic0': ((at - START) / 10_000) * MIB }
    const readings = ['a', 'b', 'moved'].map((name) => agent.readings(at, name, counters, { interval_ms: 60_000 }))
    await agent.send([agent.unchanged(at, listing), ...readings])
  }
  world.clock.now = START + 2 * HOUR_MS
  await settled(world)
}

export const VAT_ID = 'ESB58378431'
const register: VatRegister = async () => ({ result: 'valid', request_id: null, name: null, detail: '' })
export const EVERYBODY = {
  code: 'EVERYBODY',
  name: 'For everybody',
  value: { type: 'percent', rate: '0.01' },
  duration: 'once',
  max_per_account: 1_000,
}

/** A coupon that the account may redeem, and a VAT id that can be checked. */
export async function makeRedeemable(call: Call, account_id: string): Promise<void> {
  await call('POST', '/coupons', EVERYBODY)
  await call('PATCH', `/accounts/${account_id}`, { tax_id: VAT_ID })
}

export async function twoAccounts(suite: Suite): Promise<TwoAccounts> {
  const world = await market(suite, iso(START))
  const open = (name: string) => world.run((ctx) => openAccount(ctx, { name, tax_id: VAT_ID, email: '' }))
  const [first, second] = [(await open('Account A')).id, (await open('Account B')).id]
  await sell(world, { meter: 'vcpu', amount: '0.05' })
  await sell(world, { meter: 'network_receive_bytes', unit: 'GiB', per: 'quantity', amount: '0.01' })
  await reports(world, await enrolledAgent(world, 'two accounts'))
  await transfer(world, 'a', first, START - HOUR_MS, 'from the start')
  await transfer(world, 'b', second, START - HOUR_MS, 'from the start')
  await transfer(world, 'moved', first, START - HOUR_MS, 'from the start')
  await transfer(world, 'moved', second, TRANSFER)
  await settled(world)
  await world.run((ctx) => putLogo(ctx, world.legal_entity_id, LOGO))
  await world.run((ctx) => createCoupon(ctx, NewCoupon.parse(EVERYBODY)))
  const call = await apiOf(suite, world, undefined, undefined, register)
  const keyOf = async (role: Role, account_id: string | null) =>
    (await world.run((ctx) => createKey(ctx, NewApiKey.parse({ name: role, role, account_id })))).token
  const customer = async (account_id: string, name: string): Promise<Customer> => {
    const input = { account_id, to: iso(START + HOUR_MS) }
    const invoice_id = await finalise(world.db, system('test'), () => world.clock.now, newId(), input)
    const token = await keyOf('tenant_owner', account_id)
    await member(world, account_id)
    await world.run((ctx) => setLimit(ctx, account_id, { amount: '100' }))
    await world.run((ctx) => stand(ctx, account_id))
    const { lines } = (await reading(call, token, `/invoices/${invoice_id}`)).body
    const line_id = (lines as { id: string }[])[0]?.id ?? ''
    return { account_id, resource_id: await resourceId(world, name), invoice_id, line_id, token }
  }
  return {
    world,
    call,
    a: await customer(first, 'a'),
    b: await customer(second, 'b'),
    moved_id: await resourceId(world, 'moved'),
    host_id: await resourceId(world, 'h'),
    keyOf,
  }
}
