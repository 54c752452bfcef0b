/** An account divided into projects: a machine in each, one in none, and one that moved; and who is narrowed to them. */
import { expect } from 'vitest'
import { createKey } from '#control-plane/accounts/index.ts'
import { NewApiKey } from '#control-plane/accounts/contract.ts'
import { system } from '#control-plane/base/actor.ts'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { finalise } from '#control-plane/billing/index.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import type { Suite } from '../setup/stack.ts'
import { enrolledAgent, vm } from './agent.ts'
import { apiOf } from './http.ts'
import { market, resourceId, sell, settled } from './ledger.ts'
import { asBearer } from './two-accounts.ts'

export const START = Date.parse('2026-11-10T10:00:00.000Z')
/** in the middle of an hour, between two readings */
export const MOVE = START + HOUR_MS + 20 * 60_000 + 5_000
export const END = START + 2 * HOUR_MS
const MIB = 1024 ** 2

export type Divided = Awaited<ReturnType<typeof divided>>
export async function divided(suite: Suite) {
  const project: Record<string, string> = {}
  const machine: Record<string, string> = {}
  const token: Record<string, string> = {}
  const world = await market(suite, iso(START))
  const account = (await world.run((ctx) => openAccount(ctx, { name: 'With projects', tax_id: '', email: '' }))).id
  const other = (await world.run((ctx) => openAccount(ctx, { name: 'Another', tax_id: '', email: '' }))).id
  await sell(world, { meter: 'vcpu', amount: '0.0123' })
  await sell(world, { meter: 'network_receive_bytes', unit: 'GiB', per: 'quantity', amount: '0.017' })
  const agent = await enrolledAgent(world, 'projects')
  const names = ['p', 'q', 'none', 'moved']
  const listing = agent.listing(
    START,
    'h',
    [...names, 'foreign'].map((name) => vm(name)),
  )
  await agent.send([listing])
  for (let at = START; at <= END; at += 60_000) {
    const counters = { 'network_receive_bytes/nic0': ((at - START) / 10_000) * MIB }
    await agent.send([
      agent.unchanged(at, listing),
      ...names.map((name) => agent.readings(at, name, counters, { interval_ms: 60_000 })),
    ])
  }
  world.clock.now = END
  await settled(world)
  const call = await apiOf(suite, world)
  const as = (who: string) => asBearer(token[who] ?? who)
  const get = (who: string, path: string) => call('GET', path, undefined, as(who))
  const open = async (account_id: string, name: string) => {
    const made = await call('POST', `/accounts/${account_id}/projects`, { name })
    expect(made.status, made.text).toBe(201)
    return made.body['id'] as string
  }
  const move = (id: string, project_id: string | null, at: number, reason = '') =>
    call('POST', `/resources/${id}/assignments`, { account_id: account, project_id, effective_at: iso(at), reason })
  const keyFor = async (name: string, input: object) => {
    const wanted = NewApiKey.parse({ name, role: 'tenant_member', account_id: account, ...input })
    token[name] = (await world.run((ctx) => createKey(ctx, wanted))).token
  }
  project['p'] = await open(account, 'Project P')
  project['q'] = await open(account, 'Project Q')
  project['foreign'] = await open(other, 'Project F')
  for (const name of [...names, 'foreign']) machine[name] = await resourceId(world, name)
  const early = START - HOUR_MS
  const foreign = {
    account_id: other,
    project_id: project['foreign'],
    effective_at: iso(early),
    reason: 'from the start',
  }
  await call('POST', `/resources/${machine['foreign']}/assignments`, foreign)
  for (const [name, id] of [
    ['p', project['p']],
    ['q', project['q']],
    ['none', null],
    ['moved', project['p']],
  ] as const)
    expect((await move(machine[name]!, id ?? null, early, 'from the start')).status).toBe(201)
  expect((await move(machine['moved']!, project['q']!, MOVE)).status).toBe(201)
  await settled(world)
  const input = { account_id: account, to: iso(START + HOUR_MS) }
  await finalise(world.db, system('test'), () => world.clock.now, newId(), input)
  await keyFor('whole', { role: 'tenant_owner' })
  await keyFor('member', {})
  await keyFor('p', { project_ids: [project['p']] })
  await keyFor('q', { project_ids: [project['q']] })
  await keyFor('both', { project_ids: [project['p'], project['q']] })
  return { world, call, account, other, project, machine, as, get, open, move }
}
