/** Machines whose network is sold by its 95th percentile and by its peak, and the arithmetic of a person who checks the bill. */
import { Big } from 'big.js'
import { expect } from 'vitest'
import { system } from '#control-plane/base/actor.ts'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { finalise, getInvoice, verify } from '#control-plane/billing/index.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import type { Line } from '#control-plane/rating/contract.ts'
import type { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent } from './agent.ts'
import { market, sell } from './ledger.ts'
import type { Prepared } from './prepared.ts'

/** Half past ten in the evening in Madrid: the hours lie on two days. */
export const START = Date.parse('2026-11-10T21:30:00.000Z')
export const MINUTE = 60_000
export const MINUTES = 180
export const at = (minutes: number): number => START + minutes * MINUTE
export const END = at(MINUTES)
export const NOVEMBER_MS = 30 * 24 * HOUR_MS
export const MB = 1_000_000

/** Mbit/s of so many MB in five minutes at a price, for so much of November. */
export const charged = (mb: Big.BigSource, price: number, ms: number): Big =>
  new Big(mb).times(8).div(300).times(price).times(ms).div(NOVEMBER_MS)
export const cents = (amount: Big): string => amount.toFixed(2, Big.roundHalfUp)
/** Holds a rate in bits per second against MB in five minutes. */
export function sameRate(fraction: string | null, mb: number): void {
  const [num, den] = fraction!.split('/').map(Number)
  expect(num! * 300).toBe(mb * 8 * MB * den!)
}
/** What counters had counted by a minute at so many MB in each five. */
export const grown = (slots: readonly number[], minute: number): number =>
  slots.reduce((sum, mb, n) => sum + (mb * Math.min(5, Math.max(0, minute - n * 5))) / 5, 0) * MB
export const linesOf = <T extends Line>(lines: readonly T[], meter: Line['meter']): T[] =>
  lines.filter((line) => line.meter === meter)

/** The peak has a price until minute 150 and another one from then on. */
export async function transit(suite: Suite): Promise<Prepared> {
  Big.DP = 60
  const world = await market(suite, iso(START - HOUR_MS))
  await sell(world, { meter: 'network_p95', per: 'month', unit: 'Mbit/s', amount: '1000' })
  const peak = { meter: 'network_max', per: 'month', unit: 'kbit/s', gap_policy: 'block' } as const
  await sell(world, { ...peak, amount: '1' })
  await sell(world, { ...peak, amount: '3', effective_at: iso(at(150)) })
  world.clock.now = END
  return world
}

export interface Customer {
  account_id: string
  agent: Agent
  machine: string
}
export async function customer(world: Prepared): Promise<Customer> {
  const name = newId()
  const { id: account_id } = await world.run((ctx) => openAccount(ctx, { name, tax_id: '', email: '' }))
  return { account_id, agent: await enrolledAgent(world, name, account_id), machine: `vm ${name}` }
}
export const read = (
  { agent, machine }: Customer,
  minute: number,
  counters: Record<string, number>,
  boot = 1,
  every = 1,
) => agent.readings(at(minute), machine, counters, { epoch: { id: `boot-${boot}` }, interval_ms: every * MINUTE })

export const issue = (world: Prepared, account_id: string, to: number): Promise<string> =>
  finalise(world.db, system('test'), () => world.clock.now, newId(), { account_id, to: iso(to) })
export const invoiceOf = (world: Prepared, id: string) => world.run((ctx) => getInvoice(ctx, id))
export const findingsIn = async (world: Prepared) => (await world.run(verify)).findings
