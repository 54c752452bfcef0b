/** Reconciliation: of 200 planted differences among a thousand machines each is found once with its money, and silence makes none. */
import { Big } from 'big.js'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { service, serviceResource, serviceVersion } from '#control-plane/contracts/schema.ts'
import { rows } from '#control-plane/db/index.ts'
import { assignment } from '#control-plane/inventory/schema.ts'
import type {
  AdoptionPreview,
  Discrepancy,
  DiscrepancyKind,
  ReconciliationSummary,
} from '#control-plane/reconciliation/contract.ts'
import { DISCREPANCIES } from '#control-plane/reconciliation/contract.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, host } from './agent.ts'
import {
  ACCOUNTS,
  DAILY_BYTES,
  type Fleet,
  planted,
  type PlanName,
  PRICES,
  type Realm,
  REALMS,
} from './discrepancies.ts'
import { apiOf } from './http.ts'
import { draftOf, market, sell, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'
import { Shop } from './shop.ts'

const DAY = 24 * HOUR_MS
const NOW = Date.parse('2026-11-20T12:00:00.000Z')
const SEED = Number(process.env['RECONCILIATION_SEED'] ?? 1)
const ago = (days: number) => NOW - Math.round(days * DAY)

let suite: Suite
let world: Prepared
let shop: Shop
let fleet: Fleet
const agents = new Map<Realm, Agent>()
let ids: Map<string, string>
let accounts: string[]

const machinesOf = (realm: Realm) => fleet.machines.filter((one) => one.realm === realm)
const hosts = [host('h1'), host('h2')]

/** Everything that its agent saw of a realm, from forty days ago. */
async function told(realm: Realm, agent: Agent): Promise<void> {
  const own = machinesOf(realm)
  const send = (facts: readonly unknown[]) => agent.send(facts)
  const list = (at: number, which: (typeof own)[number][]) => ({
    ...agent.listing(at, 'h', [...hosts, ...which.map(({ seen }) => seen)]),
    interval_ms: DAY,
  })
  const first = list(
    ago(40),
    own.filter(({ late }) => !late),
  )
  await send([first])
  for (const days of [38, 36, 34, 32, 30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6])
    await send([agent.unchanged(ago(days), first)])
  const second = list(
    ago(5),
    own.filter(({ late, gone }) => !late && !gone),
  )
  await send([second])
  for (const days of [4, 3, 2, 1]) await send([agent.unchanged(ago(days), second)])
  await send([
    list(
      NOW,
      own.filter(({ gone }) => !gone),
    ),
  ])
  for (const at of [40, 10, 0.04])
    await send(
      own
        .filter(({ read, late }) => read !== null && !late && read <= at)
        .map(({ name }) =>
          agent.readings(ago(at), name, { 'network_transmit_bytes/eth0': Math.round((41 - at) * DAILY_BYTES) }),
        ),
    )
}

/** What people decided, in the rows that the verbs write. */
async function decided(plans: Map<PlanName, string>): Promise<void> {
  const contracts = new Map(
    (await rows<{ id: string; account_id: string }>(world.db, sql`select id, account_id from contract`)).map((row) => [
      row.account_id,
      row.id,
    ]),
  )
  const of = (account: number) => accounts[account] ?? ''
  const common = { actor: 'test', reason: '', recorded_at: NOW, cut_from: await world.openCut(), cut_to: null }
  const owned = fleet.machines.flatMap(({ name, owner }) => {
    const resource_id = ids.get(name) ?? ''
    return owner === null
      ? []
      : [
          {
            ...common,
            id: newId(),
            resource_id,
            account_id: of(owner),
            project_id: null,
            valid_from: ago(40),
            valid_to: null,
          },
        ]
  })
  await world.db.insert(assignment).values(owned)
  await world.db.execute(
    sql`update resource r set account_id = a.account_id from assignment a where a.resource_id = r.id`,
  )
  const until = (to: number | undefined) => (to === undefined ? null : ago(to))
  const held = fleet.services.map(({ id, account, from, to, plan }) => ({
    service: {
      id,
      contract_id: contracts.get(of(account)) ?? '',
      account_id: of(account),
      kind: 'subscription' as const,
      name: plan,
      valid_from: ago(from),
      valid_to: null,
      parent_id: null,
    },
    version: {
      ...common,
      id: newId(),
      service_id: id,
      account_id: of(account),
      plan_id: plans.get(plan) ?? '',
      quantity: 1,
      prices_as_of: null,
      trial_until: null,
      anchored_at: null,
      valid_from: ago(from),
      valid_to: until(to),
    },
  }))
  await world.db.insert(service).values(held.map((one) => one.service))
  await world.db.insert(serviceVersion).values(held.map((one) => one.version))
  const attached = fleet.machines.flatMap(({ name, attached: list, realm }) =>
    list.map(({ service: { id, account }, from, to, promised }) => {
      const { host: at, ...more } = promised ?? {}
      const agreed = promised && { ...more, ...(at && { host_id: ids.get(`${realm}/${at}`) ?? '' }) }
      return {
        ...common,
        id: newId(),
        service_id: id,
        account_id: of(account),
        resource_id: ids.get(name) ?? '',
        promised: agreed ?? null,
        valid_from: ago(from),
        valid_to: until(to),
      }
    }),
  )
  await world.db.insert(serviceResource).values(attached)
}

async function sold(): Promise<Map<PlanName, string>> {
  const since = { effective_at: iso(ago(60)), correction: true, reason: 'first' }
  await sell(world, { meter: 'vcpu', amount: PRICES.vcpu, ...since })
  await sell(world, { meter: 'memory', unit: 'GiB', amount: PRICES.memory, ...since })
  await sell(world, { meter: 'network_transmit_bytes', per: 'quantity', unit: 'GB', amount: PRICES.gigabyte, ...since })
  const promised = { kind: 'vm', size: { vcpu_count: 2, memory_bytes: 4 * 2 ** 30 } }
  const small = await shop.planned('small', [{ amount: PRICES.small }], { included_kinds: ['vm'], promised })
  const metered = await shop.planned('metered', [
    { amount: PRICES.metered },
    { kind: 'vm', meter: 'vcpu', per: 'hour', unit: 'vCPU', amount: PRICES.metered_vcpu },
  ])
  const support = await shop.planned('support', [{ amount: '5' }])
  const boxes = await shop.planned('boxes', [{ amount: '4' }], { included_kinds: ['container'] })
  return new Map<PlanName, string>([
    ['small', small.id],
    ['metered', metered.id],
    ['support', support.id],
    ['boxes', boxes.id],
  ])
}

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(NOW))
  shop = new Shop(world, await apiOf(suite, world))
  fleet = planted(SEED)
  const plans = await sold()
  accounts = await Promise.all(
    Array.from({ length: ACCOUNTS }, async (_, index) => {
      const wanted = { name: `account ${index}`, tax_id: '', email: '', contract_from: iso(ago(60)) }
      return (await world.run((ctx) => openAccount(ctx, wanted))).id
    }),
  )
  for (const realm of REALMS) {
    const agent = await enrolledAgent(world, realm, null)
    agents.set(realm, agent)
    await told(realm, agent)
  }
  await settled(world)
  const found = await rows<{ id: string; key: string }>(
    world.db,
    sql`select id, case when kind = 'host' then realm || '/' || external_id else external_id end as key from resource`,
  )
  ids = new Map(found.map(({ id, key }) => [key, id]))
  await decided(plans)
}, 240_000)
afterAll(() => suite.end())

const all = async (query = ''): Promise<Discrepancy[]> => {
  const out: Discrepancy[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: { items: Discrepancy[]; next_cursor: string | null } = await shop.ask(
      'GET',
      `/reconciliation?limit=75${query}${cursor && `&cursor=${cursor}`}`,
    )
    out.push(...page.items)
    cursor = page.next_cursor
  }
  return out
}
const summary = () => shop.ask<ReconciliationSummary>('GET', '/reconciliation/summary')
type Line = [DiscrepancyKind, string, string | null, string | null]
const lineOf = ({ kind, resource, service: of, per_month }: Discrepancy): Line => [
  kind,
  of?.id ?? resource?.name ?? '',
  per_month?.amount ?? null,
  per_month?.way ?? null,
]
const truth = (which: (one: Fleet['truth'][number]) => boolean = () => true): Line[] =>
  fleet.truth.filter(which).map(({ kind, subject, amount, way }) => [kind, subject, amount, way])
const sorted = (lines: Line[]) => lines.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

test('every planted difference is found once, with its money to the cent, and nothing else is', async () => {
  expect(fleet.truth).toHaveLength(200)
  expect(new Set(fleet.truth.map(({ kind }) => kind))).toEqual(new Set(DISCREPANCIES))
  expect(sorted((await all()).map(lineOf))).toEqual(sorted(truth()))
})

test('the summary counts what the list shows: its money by kind, what matches, and nothing unknown', async () => {
  const [items, made] = [await all(), await summary()]
  expect(made.month_hours).toBe(720)
  for (const { kind, count, unpriced, per_month } of made.kinds) {
    const own = items.filter((one) => one.kind === kind)
    const of = (way: string) =>
      own
        .filter(({ per_month: worth }) => worth?.way === way)
        .reduce((sum, { per_month: worth }) => sum.plus(worth?.amount ?? 0), new Big(0))
        .toFixed(2)
    const sums = { currency: 'EUR', loss: of('loss'), overcharge: of('overcharge'), disputed: of('disputed') }
    const priced = own.filter(({ per_month: worth }) => worth !== null)
    expect([kind, count, unpriced, per_month]).toEqual([
      kind,
      own.length,
      own.length - priced.length,
      priced.length > 0 ? [sums] : [],
    ])
  }
  expect(made.unknown).toEqual({ machines: 0, services: 0, sources: [] })
  const differing = new Set(items.flatMap(({ service: of, resource }) => (of ? [] : (resource?.id ?? []))))
  expect(made.matched + differing.size).toBe(made.machines)
})

test('the list is filtered, sorted and written as CSV', async () => {
  const ghosts = await all('&kind=ghost')
  expect(sorted(ghosts.map(lineOf))).toEqual(sorted(truth(({ kind }) => kind === 'ghost')))
  const beta = await all('&realm=beta')
  expect(new Set(beta.map(({ resource }) => resource?.realm))).toEqual(new Set(['beta']))
  const own = await all(`&account_id=${accounts[3]}`)
  expect(own.length).toBeGreaterThan(0)
  expect(new Set(own.map(({ account }) => account?.id))).toEqual(new Set([accounts[3]]))
  const amounts = (await all('&sort=money')).map(({ per_month }) => per_month && Number(per_month.amount))
  expect(amounts).toEqual(amounts.toSorted((a, b) => (b ?? -1) - (a ?? -1)))
  const csv = (await shop.call('GET', '/reconciliation.csv?kind=ghost&sort=name&order=asc')).text.trim().split('\r\n')
  expect(csv).toHaveLength(1 + ghosts.length)
  expect(csv[0]).toContain('amount_per_720_hours')
})

/** What is claimed of a realm while nothing can be known of it: only what needs no look. */
async function darkened(realm: Realm, state: string): Promise<void> {
  const [items, made] = [await all(), await summary()]
  const lines = sorted(items.map(lineOf))
  // a machine that another eye looks after is known by the eye that is billed
  const rest = sorted(
    truth((one) => one.kind === 'ghost' || (one.realm !== realm && !(realm === 'beta' && one.by_eye))),
  )
  expect(lines).toEqual(rest)
  const seen = fleet.machines.filter(
    (one) => one.realm === realm && !one.gone && one.seen.kind !== 'network' && !(realm === 'beta' && isEye(one)),
  )
  expect(made.unknown.machines).toBe(seen.length)
  expect(made.unknown.sources).toMatchObject([{ source: { realm }, state, machines: seen.length }])
}
/** The second eye of a pair lies in beta, and the first is billed. */
const isEye = ({ seen }: Fleet['machines'][number]) => seen.evidence?.smbios_uuid !== undefined
const change = (assignments: ReturnType<typeof sql>, realm: Realm) =>
  world.db.execute(sql`update source set ${assignments} where realm = ${realm}`)

test.for([
  ['failing', sql`error = '{"code":"x","message":"x","remedy":"x","since_ms":1}'::jsonb`, sql`error = null`],
  ['paused', sql`paused_at = now()`, sql`paused_at = null`],
  [
    'silent',
    sql`last_fact_at = last_fact_at - interval '10 days'`,
    sql`last_fact_at = last_fact_at + interval '10 days'`,
  ],
] as const)(
  'of a realm whose source is %s nothing is claimed, and its machines count as unknown',
  async ([state, make, mend]) => {
    for (const realm of REALMS) {
      await change(make, realm)
      await darkened(realm, state)
      await change(mend, realm)
    }
    expect(sorted((await all()).map(lineOf))).toEqual(sorted(truth()))
  },
)

test('an orphan is adopted from a past instant: the preview writes nothing, and says what each month then comes to', async () => {
  const orphan = fleet.truth.find(({ kind, amount }) => kind === 'orphan' && amount !== null)!
  const machine = fleet.machines.find(({ name }) => name === orphan.subject)!
  const id = ids.get(machine.name)!
  const wanted = { name: 'adopter', tax_id: '', email: '', contract_from: iso(ago(60)) }
  const account_id = (await world.run((ctx) => openAccount(ctx, wanted))).id
  const from = Date.parse('2026-10-21T12:00:00.000Z')
  const adoption = { account_id, effective_at: iso(from) }
  const preview = () => shop.ask<AdoptionPreview>('POST', `/resources/${id}/adoption-preview`, adoption)
  const made = await preview()
  const { vcpu_count = 0, memory_bytes = 0 } = machine.seen.size ?? {}
  // in Madrid November begins an hour before it does in UTC
  const november = Date.parse('2026-10-31T23:00:00.000Z')
  const worth = (ms: number) =>
    [new Big(vcpu_count).times(PRICES.vcpu), new Big(memory_bytes).div(2 ** 30).times(PRICES.memory)]
      .map((hourly) => hourly.times(ms).div(HOUR_MS).round(2, Big.roundHalfUp))
      .reduce((sum, line) => sum.plus(line), new Big(0))
  const [october, until] = [worth(november - from), worth(NOW - november)]
  expect(made).toEqual({
    currency: 'EUR',
    months: [
      { month: '2026-10', amount: october.toFixed(2), invoiced: false },
      { month: '2026-11', amount: until.toFixed(2), invoiced: false },
    ],
    total: october.plus(until).toFixed(2),
    unrated: 0,
  })
  expect(await preview()).toEqual(made)
  expect((await all('&kind=orphan')).map(({ resource }) => resource?.id)).toContain(id)
  await shop.ask('POST', `/resources/${id}/assignments`, adoption)
  expect((await all('&kind=orphan')).map(({ resource }) => resource?.id)).not.toContain(id)
  // its first bill is that of October
  expect((await draftOf(world, account_id)).totals.net).toBe(october.toFixed(2))
})

test('of a realm whose listings are incomplete nothing is claimed, however much they leave out', async () => {
  const [alpha, beta] = [agents.get('alpha')!, agents.get('beta')!]
  const listed = (agent: Agent, realm: Realm, complete: boolean) => {
    const own = machinesOf(realm).filter(({ gone }, index) => !gone && (complete || index % 3 === 0))
    const list = agent.listing(world.clock.now, 'h', [...hosts, ...own.map(({ seen }) => seen)], complete)
    return { ...list, interval_ms: DAY }
  }
  const read = (agent: Agent, realm: Realm) =>
    machinesOf(realm)
      .filter(({ read: last }) => last !== null && last < 1)
      .map(({ name }) =>
        agent.readings(world.clock.now - HOUR_MS, name, { 'network_transmit_bytes/eth0': 200 * DAILY_BYTES }),
      )
  for (let day = 0; day < 4; day += 1) {
    world.clock.now += DAY
    await alpha.send([listed(alpha, 'alpha', false), ...read(alpha, 'alpha')])
    await beta.send([listed(beta, 'beta', true), ...read(beta, 'beta')])
  }
  await settled(world)
  const items = (await all()).map(lineOf)
  const ghosts = truth(({ kind }) => kind === 'ghost')
  expect(sorted(items.filter(([kind]) => kind === 'ghost'))).toEqual(sorted(ghosts))
  const names = new Set(machinesOf('alpha').map(({ name }) => name))
  expect(items.filter(([, subject]) => names.has(subject))).toEqual([])
  const gone = new Set(truth(({ kind, realm }) => kind === 'gone' && realm === 'alpha').map(([, subject]) => subject))
  expect(items.filter(([, subject]) => gone.has(subject))).toEqual([])
  expect((await summary()).unknown.sources).toMatchObject([{ source: { realm: 'alpha' }, state: 'incomplete' }])
  world.clock.now = NOW
})
