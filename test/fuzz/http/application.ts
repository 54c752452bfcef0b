/** The real API over a database in which something has happened: machines, readings, prices, an issued invoice. */
import pino from 'pino'
import { NewApiKey } from '#control-plane/accounts/contract.ts'
import { authenticate, createKey, listKeys, mintCredential, signIn } from '#control-plane/accounts/index.ts'
import { routes as accounts } from '#control-plane/accounts/routes.ts'
import { routes as audit } from '#control-plane/audit/routes.ts'
import { routes as billing } from '#control-plane/billing/routes.ts'
import { routes as charges } from '#control-plane/charges/routes.ts'
import { routes as catalog } from '#control-plane/catalog/routes.ts'
import { routes as hardware } from '#control-plane/hardware/routes.ts'
import { routes as indexes } from '#control-plane/indexes/routes.ts'
import { routes as closing } from '#control-plane/closing/routes.ts'
import { routes as repricing } from '#control-plane/repricing/routes.ts'
import { routes as contracts } from '#control-plane/contracts/routes.ts'
import { iso } from '#control-plane/base/time.ts'
import { connect } from '#control-plane/db/index.ts'
import { urlsOf } from '#control-plane/db/setup.ts'
import { createLive } from '#control-plane/events/live.ts'
import { routes as events } from '#control-plane/events/routes.ts'
import { extras } from '#control-plane/extras.ts'
import { proxiesOf } from '#control-plane/http/address.ts'
import { createApp } from '#control-plane/http/app.ts'
import { receive, settle } from '#control-plane/ingest/index.ts'
import { routes as ingest } from '#control-plane/ingest/routes.ts'
import { routes as inventory } from '#control-plane/inventory/routes.ts'
import { routes as mails } from '#control-plane/mails/routes.ts'
import { routes as limits } from '#control-plane/limits/routes.ts'
import { routes as margins } from '#control-plane/margins/routes.ts'
import { routes as metering } from '#control-plane/metering/routes.ts'
import { routes as metrics } from '#control-plane/metrics/routes.ts'
import { createGate, createNames } from '#control-plane/people/index.ts'
import { routes as people } from '#control-plane/people/routes.ts'
import { routes as queues } from '#control-plane/queues/routes.ts'
import { routes as rating } from '#control-plane/rating/routes.ts'
import { routes as reconciliation } from '#control-plane/reconciliation/routes.ts'
import { routes as settlements } from '#control-plane/settlements/routes.ts'
import { routes as sources } from '#control-plane/sources/routes.ts'
import { host, vm } from '../../integration/agent.ts'
import { byPassword, silentBus, unguarded } from '../../setup/silent-bus.ts'
import { greeting } from '../greeting.ts'
import { signed } from '../report.ts'
import { deflated, NOW } from '../reports.ts'
import type { Stage } from '../stage.ts'

/** What no answer may hold. */
export const SECRET = 'fuzz-secret-of-a-source'
/** The clock goes on with each request, so that the guard against guessing doesn't refuse them all. */
const STEP_MS = 4_000
const HOUR_MS = 3_600_000

export interface Application {
  fetch(request: Request): Promise<Response>
  /** an owner's key */
  key: string
  /** further keys: of an account that owns machines, and of one who may only read */
  others: string[]
  /** ids of these keys and of an agent, which nobody may end: without them much else would be refused */
  kept: ReadonlySet<string>
  /** a session's token, of a page that was opened with the owner's key */
  signIn(): Promise<string>
  /** never to be seen in an answer */
  secrets: string[]
  /** what the program wrote into its log when it last failed */
  lastError(): string
  end(): Promise<void>
}

/** A day of two machines on a host, with an hour in which nobody looked. */
async function happened({ world, agent }: Stage): Promise<void> {
  const start = NOW - 24 * HOUR_MS
  const sent = 'network_transmit_bytes/eth0'
  const hours = Array.from({ length: 24 }, (_, hour) => hour).filter((hour) => hour !== 7)
  const facts = hours.flatMap((hour) => [
    agent.listing(start + hour * HOUR_MS, 'h', [
      host('h'),
      vm('a'),
      vm('b', { state: hour > 12 ? 'stopped' : 'running' }),
    ]),
    agent.readings(start + hour * HOUR_MS, 'a', { [sent]: hour * 1_000_000, cpu_time_ns: hour * 10 ** 12 }),
  ])
  const taken = await agent.send(facts)
  if (!taken.ok) throw new Error(`the first report was refused: ${taken.message}`)
  await settle(world.db, () => world.clock.now)
}

/** The agent can host a connector that asks for a secret. */
async function greet({ world, agent }: Stage): Promise<void> {
  const envelope = { message: 'hello' as const, spool: crypto.randomUUID(), sequence: 0, previous: '' }
  const body = deflated(JSON.stringify(greeting(envelope.spool)))
  await receive(
    { db: world.db, now: () => world.clock.now, sampled: () => {} },
    signed(envelope, body, agent.key, agent.id),
  )
}

export async function openApplication(stage: Stage): Promise<Application> {
  const { world, ownerUrl, folder } = stage
  await happened(stage)
  await greet(stage)
  const urls = urlsOf(ownerUrl, folder)
  const [db, tenants] = [connect(urls.staff, 4), connect(urls.api, 2)]
  const deps = { db, tenants, now: () => (world.clock.now += STEP_MS), names: createNames(db) }
  const live = createLive(silentBus, deps.now)
  let log = ''
  const gate = createGate({ ...deps, publicUrl: 'http://localhost', mail: null })
  const app = createApp({
    ...deps,
    log: pino({ level: 'error' }, { write: (line: string) => (log = line) }),
    authenticate: (token) => authenticate({ tx: db, now: deps.now }, token),
    proxies: proxiesOf(''),
    busConnected: () => true,
    extraMetrics: () => Promise.resolve(''),
    slices: [
      events({ ...deps, live, viewOf: async () => null }),
      audit(deps),
      accounts({ ...deps, endDemo: null }),
      people({ ...deps, gate, demo: false, onLost: () => {} }),
      sources({
        ...deps,
        admission: byPassword,
        refusals: unguarded.refusals,
        bus: silentBus,
        pushConfig: async () => {},
      }),
      inventory(deps, extras),
      hardware(deps),
      metrics(deps),
      metering(deps),
      ingest(deps),
      catalog(deps),
      indexes(deps),
      contracts(deps),
      rating(deps),
      mails(deps),
      settlements(deps),
      charges(deps),
      billing({ ...deps, work: world.db, mails: true }),
      closing(deps),
      queues(deps),
      reconciliation(deps),
      repricing(deps),
      limits(deps),
      margins(deps),
    ],
  })
  const key = await world.run((ctx) => mintCredential(ctx, 'api_key', 'fuzz'))
  const fetch = async (request: Request) => app.fetch(request, {})
  await beginTrade({ fetch, key }, agentName(stage))
  const made = await otherKeys(stage)
  const kept = new Set([...(await keyIds(world)), agentName(stage)])
  await spares({ fetch, key }, agentName(stage))
  const passwords = Object.values(urls).map((url) => new URL(url).password)
  const others = made.map(({ token }) => token)
  const secrets = [key, ...others, SECRET, new TextDecoder().decode(stage.agent.key.getSeed()), ...passwords].filter(
    (secret) => secret !== '',
  )
  return {
    fetch,
    key,
    others,
    kept,
    signIn: async () => (await world.run((ctx) => signIn(ctx, key))).token,
    secrets,
    lastError: () => log,
    end: async () => {
      live.close()
      await db.$client.end({ timeout: 1 })
    },
  }
}

const keyIds = async ({ run }: Stage['world']): Promise<string[]> => (await run(listKeys)).map(({ id }) => id)

const otherKeys = ({ world }: Stage) =>
  world.run(async (ctx) => [
    await createKey(ctx, NewApiKey.parse({ name: 'tenant', role: 'tenant_owner', account_id: world.account_id })),
    await createKey(ctx, NewApiKey.parse({ name: 'reader', role: 'read_only' })),
  ])

const agentName = ({ agent }: Stage): string => agent.id

const caller =
  ({ fetch, key }: Pick<Application, 'fetch' | 'key'>) =>
  async (method: string, path: string, body?: unknown): Promise<{ items?: { id: string }[] }> => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const answer = await fetch(new Request(`http://fuzz.example/api/v1${path}`, { method, headers, ...sent }))
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as { items?: { id: string }[] }
  }

const SPARES = 12
/** What is soon deleted, some of each. */
async function spares(at: Pick<Application, 'fetch' | 'key'>, agent: string): Promise<void> {
  const call = caller(at)
  // a machine can only go to another account
  for (const name of ['Second', 'Third']) await call('POST', '/accounts', { name })
  for (let n = 0; n < SPARES; n += 1) {
    await call('POST', '/api-keys', { name: `spare ${n}`, role: 'read_only' })
    await call('POST', '/sources', { agent, connector: 'simulated', realm: `spare ${n}`, settings: {} })
  }
}

/** A source with a secret, a price, an issued invoice: made the way people make them. */
async function beginTrade(at: Pick<Application, 'fetch' | 'key'>, agent: string): Promise<void> {
  const call = caller(at)
  await call('POST', '/sources', { agent, connector: 'simulated', realm: 'secret', settings: { url: SECRET } })
  await call('POST', '/prices', {
    kind: 'vm',
    meter: 'vcpu',
    model: 'per_unit',
    per: 'hour',
    unit: 'vCPU',
    amount: '0.01',
  })
  await call('POST', '/prices', {
    kind: 'host',
    meter: 'instance',
    model: 'flat',
    per: 'month',
    unit: 'instance',
    amount: '7.77',
  })
  await call('POST', '/hardware/racks', { site: 'MAD1', name: 'A-07' })
  await call('POST', '/price-indexes', { name: 'EPEX-ES', currency: 'EUR', unit: 'MWh' })
  const { id } = (await call('POST', '/price-changes', {
    name: 'Next year',
    effective_at: '2099-01-01T00:00:00.000Z',
    recalculation: { percent: '10' },
  })) as { id?: string }
  await call('POST', '/what-ifs', { price_change_id: id })
  const { items = [] } = await call('GET', '/accounts')
  // the rest of the day stays in the draft
  await call('POST', '/invoices', { account_id: items[0]?.id, to: iso(NOW - 12 * HOUR_MS) })
  await call('POST', '/period-closes', { month: iso(NOW - 60 * 24 * HOUR_MS).slice(0, 7) })
}
