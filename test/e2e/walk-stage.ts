/** What the walks begin with: a small installation at the end of October, its agent, a mail server, and the way pages are worked by hand. */
import { changeLegalEntity } from '#control-plane/accounts/index.ts'
import { system } from '#control-plane/base/actor.ts'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS } from '#control-plane/base/time.ts'
import { finalise } from '#control-plane/billing/index.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { en } from '#ui/i18n/en.ts'
import { es } from '#ui/i18n/es.ts'
import { type Agent, enrolledAgent, vm } from '../integration/agent.ts'
import { market, sell, settled, transfer } from '../integration/ledger.ts'
import type { Prepared } from '../integration/prepared.ts'
import { type Served, serve } from '../setup/served.ts'
import type { Suite } from '../setup/stack.ts'

export const SPOKEN = { en: { locale: 'en-GB', words: en }, es: { locale: 'es-ES', words: es } } as const
export const LANGUAGES = ['en', 'es'] as const
export type Words = typeof en | typeof es
/** Two days before the end of October in Madrid, which is at 23:00 of UTC. */
export const START = Date.parse('2026-10-29T23:00:00.000Z')
export const HOURS = 48
/** The walk begins so many hours after that: until then Beta has had a bill. */
export const BILLED_HOURS = 12
export const NOVEMBER_2 = Date.parse('2026-11-02T10:00:00.000Z')
const SENT = { 'acme-web': 29_390_000_000, 'beta-db': 40_000_000_000 }

export interface Stage {
  world: Prepared
  served: Served
  agent: Agent
  acme: string
  beta: string
}

/**
 * Acme uses 29.39 GB and 2 vCPU for 48 h: 34.19 net, 41.37 with tax. Beta has a machine of 4 vCPU, was billed for its first 12 h,
 * and sends 40 GB in the 36 h after.
 */
export async function stageOf(suite: Suite): Promise<Stage> {
  const world = await market(suite, new Date(START).toISOString())
  await sell(world, { meter: 'vcpu', amount: '0.05' })
  await sell(world, { meter: 'network_transmit_bytes', per: 'quantity', unit: 'GB', amount: '1' })
  await world.run((ctx) => changeLegalEntity(ctx, world.legal_entity_id, { email: 'billing@seller.example' }))
  const open = async (name: string) => {
    const email = `${name.toLowerCase()}@customer.example`
    return (await world.run((ctx) => openAccount(ctx, { name, tax_id: '', email }))).id
  }
  const [acme, beta] = [await open('Acme'), await open('Beta')]
  const agent = await enrolledAgent(world, 'walk', null)
  const stage = { world, served: await serve(suite, world), agent, acme, beta }
  await report(stage, 0, 0)
  await transfer(world, 'acme-web', acme, START, 'from the start')
  await transfer(world, 'beta-db', beta, START, 'from the start')
  await report(stage, 1, BILLED_HOURS)
  await issue(stage, beta)
  return stage
}

export const issue = ({ world }: Stage, account_id: string): Promise<string> =>
  finalise(world.db, system('test'), () => world.clock.now, newId(), { account_id })

const machines = (betaState: 'running' | 'stopped' = 'running') => [
  vm('acme-web', { size: { vcpu_count: 2 } }),
  vm('beta-db', { size: { vcpu_count: 4 }, state: betaState }),
]

/** What the agent saw at the full hours, from one to another, each told as it was seen. */
export async function report({ world, agent }: Stage, from: number, to: number): Promise<void> {
  for (let hour = from; hour <= to; hour += 1) {
    const at = START + hour * HOUR_MS
    world.clock.now = at + 1_000
    const sent = {
      'acme-web': Math.round((SENT['acme-web'] * hour) / HOURS),
      'beta-db': Math.round((SENT['beta-db'] * Math.max(0, hour - BILLED_HOURS)) / (HOURS - BILLED_HOURS)),
    }
    const how = { epoch: { id: 'boot', origin_ms: START }, interval_ms: HOUR_MS }
    const read = (name: keyof typeof sent) =>
      agent.readings(at, name, { 'network_transmit_bytes/eth0': sent[name] }, how)
    const listed = { ...agent.listing(at, 'h', machines()), interval_ms: HOUR_MS }
    await agent.send([listed, read('acme-web'), read('beta-db')])
  }
  await settled(world)
}

/** For ten hours of the last day Beta's machine stood still every other half hour: what the hypervisor had seen comes late. */
export async function reportLate({ world, agent }: Stage): Promise<void> {
  world.clock.now += HOUR_MS
  for (let hour = 30; hour < 40; hour += 1)
    await agent.send([agent.listing(START + hour * HOUR_MS + HOUR_MS / 2, 'h', machines('stopped'))])
  await settled(world)
}

/** A text of the dictionary, whatever stands in its places. */
export const saying = (text: string, values: Record<string, string> = {}): RegExp =>
  new RegExp(
    `^${text
      .replaceAll(/\{\{ (\w+) \}\}/g, (_all, name: string) => `\u0000${name}\u0000`)
      .replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
      .replaceAll(/\0(\w+)\0/g, (_all, name: string) => values[name] ?? '.+')}$`,
  )

/** Amounts as they are read, without their currency and with a point. */
export const figures = (texts: readonly string[]): string[] =>
  texts.map((text) => text.replaceAll(/[^\d.,-]/g, '').replace(',', '.'))
