/** A planted fleet as an installation knows it: listed and read by agents for forty days, sold by the rows that people's decisions leave. */
import { sql } from 'drizzle-orm'
import type { ObservationInput } from '#connectors/contract.ts'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { service, serviceResource, serviceSuspension, serviceVersion } from '#control-plane/contracts/schema.ts'
import { rows } from '#control-plane/db/index.ts'
import { assignment } from '#control-plane/inventory/schema.ts'
import type { Discrepancy, DiscrepancyKind, ReconciliationSummary } from '#control-plane/reconciliation/contract.ts'
import type { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, host } from './agent.ts'
import {
  ACCOUNTS,
  currencyOf,
  DAILY,
  type Fleet,
  type Machine,
  planted,
  type Realm,
  REALMS,
  type Truth,
} from './discrepancies.ts'
import { CURRENCIES, type Currency, type PlanName, type Tariff } from './discrepancy-prices.ts'
import { apiOf } from './http.ts'
import { market, sell, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'
import { Shop } from './shop.ts'

export const DAY = 24 * HOUR_MS
export const NOW = Date.parse('2026-11-20T12:00:00.000Z')
export const ago = (days: number) => NOW - Math.round(days * DAY)
const hosts = [host('h1'), host('h2')]

type Line = [kind: DiscrepancyKind, subject: string, amount: string | null, way: string | null, currency: string | null]
export const lineOf = ({ kind, resource, service: of, per_month }: Discrepancy): Line => [
  kind,
  of?.id ?? resource?.name ?? '',
  per_month?.amount ?? null,
  per_month?.way ?? null,
  per_month?.currency ?? null,
]
export const sorted = (lines: Line[]) => lines.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

/** As it was seen so many days ago. */
function seenAt({ seen, restless }: Machine, days: number): ObservationInput {
  if (restless === 'grown' && days > 0.5) return { ...seen, size: { ...seen.size, vcpu_count: 1 } }
  return restless === 'rebooted' && days === 0.5 ? { ...seen, state: 'stopped' } : seen
}

const isSilent = ({ read }: Machine): boolean => read !== null && read > 1

export class Stage {
  readonly world: Prepared
  readonly shop: Shop
  readonly fleet: Fleet
  readonly agents = new Map<Realm, Agent>()
  accounts: string[] = []
  ids = new Map<string, string>()

  constructor(world: Prepared, shop: Shop, seed: number) {
    this.world = world
    this.shop = shop
    this.fleet = planted(seed)
  }

  machinesOf = (realm: Realm) => this.fleet.machines.filter((one) => one.realm === realm)
  account = (number: number) => this.accounts[number] ?? ''

  truth = (which: (one: Truth) => boolean = () => true): Line[] =>
    this.fleet.truth
      .filter(which)
      .map(({ kind, subject, amount, way, currency }) => [kind, subject, amount, way, currency])

  async all(query = ''): Promise<Discrepancy[]> {
    const out: Discrepancy[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: { items: Discrepancy[]; next_cursor: string | null } = await this.shop.ask(
        'GET',
        `/reconciliation?limit=120${query}${cursor && `&cursor=${cursor}`}`,
      )
      out.push(...page.items)
      cursor = page.next_cursor
    }
    return out
  }
  summary = () => this.shop.ask<ReconciliationSummary>('GET', '/reconciliation/summary')

  listing(
    realm: Realm,
    days: number,
    which: (one: Machine, index: number) => boolean,
    complete = true,
    at = ago(days),
  ) {
    const agent = this.agents.get(realm)!
    const own = this.machinesOf(realm).filter(which)
    const list = agent.listing(at, 'h', [...hosts, ...own.map((one) => seenAt(one, days))], complete)
    return { ...list, interval_ms: DAY }
  }

  /** What a machine's counter says at an instant, in days before now. */
  reading(agent: Agent, { name, seen: { kind } }: Machine, days: number, at = ago(days)) {
    const counted = (daily: number) => Math.round((41 - days) * daily)
    if (kind !== 'bucket') return agent.readings(at, name, { 'network_transmit_bytes/eth0': counted(DAILY.bytes) })
    const resource = { kind, external_id: name }
    return agent.readings(at, name, { 'requests_count/list': counted(DAILY.lists) }, { resource })
  }

  /** Everything that its agent saw of a realm, from forty days ago. */
  async told(realm: Realm): Promise<void> {
    const agent = this.agents.get(realm)!
    const first = this.listing(realm, 40, ({ late }) => !late)
    await agent.send([first])
    for (let days = 38; days >= 6; days -= 2) await agent.send([agent.unchanged(ago(days), first)])
    const second = this.listing(realm, 5, ({ late, gone }) => !late && !gone)
    await agent.send([second])
    for (const days of [4, 3, 2, 1]) await agent.send([agent.unchanged(ago(days), second)])
    await agent.send([this.listing(realm, 0.5, ({ late, gone }) => !late && !gone)])
    await agent.send([this.listing(realm, 0, ({ gone }) => !gone)])
    const read = this.machinesOf(realm).filter(({ read: last, late }) => last !== null && !late)
    const facts = read.flatMap((one) =>
      [isSilent(one) ? 40 : 2, one.read ?? 2].map((days) => this.reading(agent, one, days)),
    )
    for (let start = 0; start < facts.length; start += 500) await agent.send(facts.slice(start, start + 500))
  }

  async priced(): Promise<Map<PlanName, string>> {
    const { standard, fees, metered } = this.fleet.prices
    const books = new Map(
      (await rows<{ id: string; currency: Currency }>(this.world.db, sql`select id, currency from price_book`)).map(
        (row) => [row.currency, row.id],
      ),
    )
    const since = { effective_at: iso(ago(60)), correction: true, reason: 'first' }
    const put = async (tariff: Tariff, currency: Currency) =>
      await sell(this.world, {
        ...(tariff as Parameters<typeof sell>[1]),
        ...since,
        price_book_id: books.get(currency) ?? '',
      })
    for (const currency of CURRENCIES)
      for (const tariff of Object.values(standard[currency])) if (tariff) await put(tariff, currency)
    const promised = { kind: 'vm', size: { vcpu_count: 2, memory_bytes: 4 * 2 ** 30 } }
    const { shop } = this
    const plans = {
      small: await shop.planned('small', [fees.small], { included_kinds: ['vm'], promised }),
      metered: await shop.planned('metered', [fees.metered, metered]),
      support: await shop.planned('support', [fees.support]),
      boxes: await shop.planned('boxes', [fees.boxes], { included_kinds: ['container'] }),
    }
    return new Map(Object.entries(plans).map(([name, { id }]) => [name as PlanName, id]))
  }

  /** What people decided, in the rows that the verbs write. */
  async decided(plans: ReadonlyMap<PlanName, string>): Promise<void> {
    const { world, fleet, ids } = this
    const found = await rows<{ id: string; account_id: string }>(world.db, sql`select id, account_id from contract`)
    const contracts = new Map(found.map((row) => [row.account_id, row.id]))
    const common = { actor: 'test', reason: '', recorded_at: NOW, cut_from: await world.openCut(), cut_to: null }
    const owned = fleet.machines.flatMap(({ name, owner }) => {
      const of = { id: newId(), resource_id: ids.get(name) ?? '', project_id: null, valid_to: null }
      return owner === null ? [] : [{ ...common, ...of, account_id: this.account(owner), valid_from: ago(40) }]
    })
    await world.db.insert(assignment).values(owned)
    await world.db.execute(
      sql`update resource r set account_id = a.account_id from assignment a where a.resource_id = r.id`,
    )
    const until = (to: number | undefined) => (to === undefined ? null : ago(to))
    const services = fleet.services.map(({ id, account, from, plan }) => {
      const of = { contract_id: contracts.get(this.account(account)) ?? '', account_id: this.account(account) }
      const kind = 'subscription' as const
      return { id, ...of, kind, name: plan, valid_from: ago(from), valid_to: null, parent_id: null }
    })
    await world.db.insert(service).values(services)
    const versions = fleet.services.map(({ id, account, from, to, plan, quantity = 1, trial = false }) => {
      const terms = { plan_id: plans.get(plan) ?? '', quantity, prices_as_of: null, anchored_at: null }
      const trial_until = trial ? ago(-10) : null
      const span = { valid_from: ago(from), valid_to: until(to) }
      const of = { id: newId(), service_id: id, account_id: this.account(account) }
      return { ...common, ...of, ...terms, trial_until, ...span }
    })
    await world.db.insert(serviceVersion).values(versions)
    const suspensions = fleet.services.flatMap(({ id, account, suspended = [] }) =>
      suspended.map(({ from, to, withdrawn }) => {
        const of = { id: newId(), service_id: id, account_id: this.account(account), reason: 'unpaid' }
        const told = to === undefined ? null : 'test'
        const end = { end_actor: told, end_reason: told, end_recorded_at: told && NOW }
        const cut_to = withdrawn ? common.cut_from : null
        return { ...common, ...of, ...end, cut_to, valid_from: ago(from), valid_to: until(to) }
      }),
    )
    await world.db.insert(serviceSuspension).values(suspensions)
    const attached = fleet.machines.flatMap(({ name, attached: list, realm }) =>
      list.map(({ service: { id, account }, from, to, promised }) => {
        const { host: at, ...more } = promised ?? {}
        const agreed = promised && { ...more, ...(at && { host_id: ids.get(`${realm}/${at}`) ?? '' }) }
        const span = { valid_from: ago(from), valid_to: until(to) }
        const of = { id: newId(), service_id: id, account_id: this.account(account), resource_id: ids.get(name) ?? '' }
        return { ...common, ...of, promised: agreed ?? null, ...span }
      }),
    )
    await world.db.insert(serviceResource).values(attached)
  }
}

export async function stageOf(suite: Suite, seed: number): Promise<Stage> {
  const world = await market(suite, iso(NOW))
  const stage = new Stage(world, new Shop(world, await apiOf(suite, world)), seed)
  for (let number = 0; number < ACCOUNTS; number += 1) {
    const wanted = { name: `account ${number}`, tax_id: '', email: '', contract_from: iso(ago(60)) }
    const opened = await world.run((ctx) => openAccount(ctx, { ...wanted, currency: currencyOf(number) }))
    stage.accounts.push(opened.id)
  }
  const plans = await stage.priced()
  for (const realm of REALMS) {
    stage.agents.set(realm, await enrolledAgent(world, realm, null))
    await stage.told(realm)
  }
  await settled(world)
  const found = await rows<{ id: string; key: string }>(
    world.db,
    sql`select id, case when kind = 'host' then realm || '/' || external_id else external_id end as key from resource`,
  )
  stage.ids = new Map(found.map(({ id, key }) => [key, id]))
  await stage.decided(plans)
  return stage
}
