/** A market of November with plans to sell, over the API alone; and amounts for parts of that month, by hand. */
import { Big } from 'big.js'
import type { z } from 'zod'
import { expect } from 'vitest'
import { newId } from '#control-plane/base/id.ts'
import { iso } from '#control-plane/base/time.ts'
import type { Invoice } from '#control-plane/billing/contract.ts'
import { verify } from '#control-plane/billing/index.ts'
import type { Plan } from '#control-plane/catalog/contract.ts'
import type { Subscription } from '#control-plane/contracts/contract.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import type { Line } from '#control-plane/rating/contract.ts'
import type { Suite } from '../setup/stack.ts'
import { type Call, apiOf } from './http.ts'
import { market, sell } from './ledger.ts'
import type { Prepared } from './prepared.ts'

export const NOW = Date.parse('2026-12-05T10:00:00.000Z')
// in Madrid November begins at 23:00 of the day before
export const NOVEMBER = { from: Date.parse('2026-10-31T23:00:00Z'), to: Date.parse('2026-11-30T23:00:00Z') }
export const NOVEMBER_MS = NOVEMBER.to - NOVEMBER.from
export const past = { correction: true, reason: 'agreed by telephone' }

export const nets = (lines: readonly Line[]) => lines.map((line) => [line.resource.name, line.component, line.net])
/** An amount for a part of November. */
export const share = (amount: string, from: number, to: number) =>
  new Big(amount)
    .times(to - from)
    .div(NOVEMBER_MS)
    .toFixed(2, Big.roundHalfUp)

interface Component {
  kind?: string
  meter?: string
  model?: string
  per?: string
  unit?: string
  amount?: string
  terms?: unknown
}

export class Shop {
  readonly world: Prepared
  readonly call: Call

  constructor(world: Prepared, call: Call) {
    this.world = world
    this.call = call
  }

  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.call(method, path, body)
    expect([path, answer.status < 300, answer.text]).toEqual([path, true, answer.text])
    return answer.body as T
  }

  /** A published plan with these prices since the autumn. */
  async planned(name: string, components: Component[], more: object = {}): Promise<Plan> {
    const names = { en: name, es: `${name} (es)` }
    const plan = await this.ask<Plan>('POST', '/plans', { name: names, product_kind: 'vm', ...more })
    for (const one of components)
      await this.price(plan, { ...one, effective_at: '2026-09-01T00:00:00Z' }, 'since the autumn')
    return this.ask<Plan>('POST', `/plans/${plan.id}/publication`, {})
  }

  /** A price of a plan, whenever it begins; a monthly fee unless told otherwise. */
  price(plan: Plan, component: Component & { effective_at: string }, reason: string) {
    const fee = { kind: 'service', meter: 'fee', model: 'per_unit', per: 'month', unit: 'service' }
    const how = { price_book_id: plan.price_book_id, correction: true, reason }
    return this.ask('POST', '/prices', { ...fee, ...component, ...how })
  }

  /** A customer since the beginning of November. */
  async customer(): Promise<string> {
    const wanted = { name: newId(), tax_id: '', email: '', contract_from: iso(NOVEMBER.from) }
    return (await this.world.run((ctx) => openAccount(ctx, wanted))).id
  }

  subscribed(account_id: string, plan: Plan, from: number, more: object = {}): Promise<Subscription> {
    const wanted = { plan_id: plan.id, from: iso(from), ...past, ...more }
    return this.ask('POST', `/accounts/${account_id}/services`, wanted)
  }

  changed(id: string, at: number, to: object): Promise<Subscription> {
    return this.ask('POST', `/services/${id}/changes`, { at: iso(at), ...past, ...to })
  }

  attached(id: string, resource_id: string, from: number): Promise<Subscription> {
    return this.ask('POST', `/services/${id}/resources`, { resource_id, from: iso(from), ...past })
  }

  issued(account_id: string): Promise<z.infer<typeof Invoice>> {
    return this.ask('POST', '/invoices', { account_id, to: iso(NOVEMBER.to) })
  }

  async findings() {
    return (await this.world.run(verify)).findings
  }
}

/** A shop whose contracts charge vCPUs, on a day of December. */
export async function shopOf(suite: Suite): Promise<Shop> {
  const world = await market(suite, iso(NOW))
  const since = { effective_at: iso(NOVEMBER.from), correction: true, reason: 'first' }
  await sell(world, { meter: 'vcpu', amount: '0.05', ...since })
  return new Shop(world, await apiOf(suite, world))
}
