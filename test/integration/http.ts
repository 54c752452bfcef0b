/** The API over a prepared database, without a process: the real application, the real roles, an owner's key. */
import { sql } from 'drizzle-orm'
import pino from 'pino'
import { inject } from 'vitest'
import { mintCredential } from '#control-plane/accounts/index.ts'
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
import { connect, type Database, rows } from '#control-plane/db/index.ts'
import { type DatabaseUrls, urlsOf } from '#control-plane/db/setup.ts'
import { createApp } from '#control-plane/http/app.ts'
import type { Live } from '#control-plane/events/live.ts'
import { routes as events } from '#control-plane/events/routes.ts'
import { routes as mails } from '#control-plane/mails/routes.ts'
import { routes as limits } from '#control-plane/limits/routes.ts'
import { routes as margins } from '#control-plane/margins/routes.ts'
import { routes as metering } from '#control-plane/metering/routes.ts'
import { routes as ingest } from '#control-plane/ingest/routes.ts'
import type { Extras } from '#control-plane/inventory/index.ts'
import { routes as inventory } from '#control-plane/inventory/routes.ts'
import { routes as metrics } from '#control-plane/metrics/routes.ts'
import { proxiesOf } from '#control-plane/http/address.ts'
import { authenticate, createGate, createNames } from '#control-plane/people/index.ts'
import { routes as people } from '#control-plane/people/routes.ts'
import { routes as promotions } from '#control-plane/promotions/routes.ts'
import { routes as queues } from '#control-plane/queues/routes.ts'
import { routes as rating } from '#control-plane/rating/routes.ts'
import { routes as reconciliation } from '#control-plane/reconciliation/routes.ts'
import { ReleaseFiles } from '#control-plane/releases/index.ts'
import { routes as releases } from '#control-plane/releases/routes.ts'
import { routes as settlements } from '#control-plane/settlements/routes.ts'
import { routes as sources } from '#control-plane/sources/routes.ts'
import type { VatRegister } from '#control-plane/tax/index.ts'
import { routes as tax } from '#control-plane/tax/routes.ts'
import { scrape } from '#control-plane/scrape.ts'
import { byPassword, silentBus, unguarded } from '../setup/silent-bus.ts'
import type { Suite } from '../setup/stack.ts'
import type { Prepared } from './prepared.ts'

/** A list of resources alone: no slice downstream adds to it. */
export const NO_EXTRAS: Extras = { of: async () => new Map(), inState: async () => [] }

/** Addresses of a prepared database, for each role. */
export async function urlsFor(world: Prepared): Promise<DatabaseUrls & { superuser: string }> {
  const [found] = await rows<{ name: string }>(world.db, sql`select current_database() as name`)
  const on = (url: string) => Object.assign(new URL(url), { pathname: found!.name }).toString()
  return { ...urlsOf(on(inject('postgresUrl')), inject('folder')), superuser: on(inject('superuserUrl')) }
}

export interface Answer {
  status: number
  // oxlint-disable-next-line typescript/no-explicit-any
  body: Record<string, any>
  text: string
  bytes: Uint8Array
  type: string | null
  headers: Headers
}
export type Call = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>

/** The application itself. `through` may come between the routes and a database. */
export async function appOf(
  suite: Suite,
  world: Prepared,
  through: (db: Database) => Database = (db) => db,
  live: Live = { join: () => null, close: () => {} },
  register: VatRegister | null = null,
): Promise<ReturnType<typeof createApp>> {
  const urls = await urlsFor(world)
  const [db, tenants] = [connect(urls.staff, 4), connect(urls.api, 4)]
  for (const pool of [db, tenants]) suite.atEnd(() => pool.$client.end({ timeout: 1 }))
  const deps = { db: through(db), tenants: through(tenants), now: () => world.clock.now, names: createNames(db) }
  const gate = createGate({ ...deps, publicUrl: 'http://localhost', mail: null })
  return createApp({
    ...deps,
    log: pino({ level: 'silent' }),
    authenticate: (token, isUse) => authenticate({ tx: db, now: deps.now }, token, isUse),
    proxies: proxiesOf(''),
    busConnected: () => true,
    extraMetrics: scrape(deps),
    slices: [
      events({ ...deps, live, viewOf: async () => null }),
      audit(deps),
      accounts({ ...deps, endDemo: null }),
      tax({ ...deps, register }),
      people({ ...deps, gate, demo: false, onLost: () => {} }),
      sources({
        ...deps,
        admission: byPassword,
        refusals: unguarded.refusals,
        bus: silentBus,
        pushConfig: async () => {},
      }),
      inventory(deps, NO_EXTRAS),
      hardware(deps),
      metrics(deps),
      metering(deps),
      ingest(deps),
      releases({ ...deps, ...unguarded, admission: byPassword, files: new ReleaseFiles(suite.folder) }),
      catalog(deps),
      indexes(deps),
      contracts(deps),
      promotions(deps),
      rating(deps),
      mails(deps),
      settlements(deps),
      charges(deps),
      billing({ ...deps, work: through(world.db), mails: true }),
      closing(deps),
      queues(deps),
      reconciliation(deps),
      repricing(deps),
      limits(deps),
      margins(deps),
    ],
  })
}

/** Calls as the owner; a text body is sent as it is. */
export async function apiOf(...of: Parameters<typeof appOf>): Promise<Call> {
  const [, world] = of
  const app = await appOf(...of)
  const key = await world.run((ctx) => mintCredential(ctx, 'api_key', 'test'))
  return async (method, path, body, headers = {}) => {
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
    const init = {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      ...sent,
    }
    const answer = await app.request(`/api/v1${path}`, init, {})
    const bytes = new Uint8Array(await answer.arrayBuffer())
    const text = new TextDecoder().decode(bytes)
    return {
      status: answer.status,
      body: /\/(problem\+)?json/.test(answer.headers.get('content-type') ?? '') ? JSON.parse(text) : {},
      text,
      bytes,
      type: answer.headers.get('content-type'),
      headers: answer.headers,
    }
  }
}
