/** A market with a reseller R who sells to T, to U and to another reseller Q, who sells to S: each at prices of his own. */
import { getAccount } from '#control-plane/accounts/index.ts'
import { NewLegalEntity } from '#control-plane/accounts/contract.ts'
import { iso } from '#control-plane/base/time.ts'
import { createDefaultBook } from '#control-plane/catalog/index.ts'
import { assign } from '#control-plane/inventory/index.ts'
import { openAccount, openLegalEntity } from '#control-plane/contracts/index.ts'
import type { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, vm } from './agent.ts'
import { market, resourceId, sell, settled, transfer } from './ledger.ts'
import type { Prepared } from './prepared.ts'

export const START = Date.parse('2026-11-10T08:00:00.000Z')

/** A company of a reseller, with its price book. */
export async function companyOf(world: Prepared, reseller_account_id: string | null, invoice_prefix: string) {
  const input = NewLegalEntity.parse({
    name: `Company ${invoice_prefix}`,
    address: { country: 'ES' },
    currency: 'EUR',
    zone: 'Europe/Madrid',
    language: 'en',
    tax_category: 'S',
    tax_rate: '21.00',
    invoice_prefix,
    reseller_account_id,
  })
  const { id } = await world.run((ctx) => openLegalEntity(ctx, input))
  return { id, price_book_id: await world.run((ctx) => createDefaultBook(ctx, id)) }
}

export const opened = async (world: Prepared, name: string, parent_id?: string, legal_entity_id?: string) => {
  const input = {
    name,
    tax_id: '',
    email: '',
    ...(parent_id && { parent_id }),
    ...(legal_entity_id && { legal_entity_id }),
  }
  return (await world.run((ctx) => openAccount(ctx, input))).id
}

export interface Chain {
  world: Prepared
  agent: Agent
  /** companies of the two resellers */
  of_r: Awaited<ReturnType<typeof companyOf>>
  of_q: Awaited<ReturnType<typeof companyOf>>
  /** account ids */
  r: string
  q: string
  s: string
  t: string
  u: string
  /** below R, but a customer of ours */
  direct: string
}

/** An hour of a vCPU costs 5 cents of us, 8 of R and 10 of Q; a kB that is sent 3, 4 and 5 tenths of a cent. */
export async function chainOf(suite: Suite): Promise<Chain> {
  const world = await market(suite, iso(START))
  const r = await opened(world, 'Reseller R')
  const of_r = await companyOf(world, r, 'R-')
  const q = await opened(world, 'Reseller Q', r, of_r.id)
  const of_q = await companyOf(world, q, 'Q-')
  const s = await opened(world, 'Customer S', q, of_q.id)
  const t = await opened(world, 'Customer T', r, of_r.id)
  const u = await opened(world, 'Customer U', r, of_r.id)
  const direct = await opened(world, 'Direct', r, world.legal_entity_id)
  for (const [price_book_id, hour, sent] of [
    [undefined, '0.05', '0.003'],
    [of_r.price_book_id, '0.08', '0.004'],
    [of_q.price_book_id, '0.10', '0.005'],
  ] as const) {
    const book = price_book_id && { price_book_id }
    await sell(world, { meter: 'vcpu', amount: hour, ...book })
    await sell(world, { meter: 'network_transmit_bytes', per: 'quantity', unit: 'kB', amount: sent, ...book })
  }
  const agent = await enrolledAgent(world, 'resold', r)
  await agent.send([
    agent.listing(
      START,
      'h',
      ['own', 'moved', 'of-s', 'of-direct'].map((name) => vm(name)),
    ),
  ])
  await settled(world)
  const since = [START - 3_600_000, 'from the start'] as const
  await transfer(world, 'moved', t, ...since)
  const [project] = (await world.run((ctx) => getAccount(ctx, s))).projects
  const in_project = { account_id: s, project_id: project!.id, effective_at: iso(since[0]), reason: since[1] }
  const of_s = await resourceId(world, 'of-s')
  await world.run((ctx) => assign(ctx, of_s, in_project))
  await transfer(world, 'of-direct', direct, ...since)
  return { world, agent, of_r, of_q, r, q, s, t, u, direct }
}
