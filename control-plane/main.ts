/** Composition root of the control plane: the only file that knows every slice. */
import type { Logger } from 'pino'
import { RELEASE_LIMITS } from '#connectors/contract.ts'
import { reachedAccounts } from './accounts/index.ts'
import { routes as audit } from './audit/routes.ts'
import { routes as billing } from './billing/routes.ts'
import { routes as accounts } from './accounts/routes.ts'
import { background } from './background.ts'
import type { Actor } from './base/actor.ts'
import { admissionBy } from './admission.ts'
import { Authority, type Bus, connectBus, connectServer, type Way } from './bus/index.ts'
import { routes as charges } from './charges/routes.ts'
import { routes as catalog } from './catalog/routes.ts'
import { routes as hardware } from './hardware/routes.ts'
import { routes as indexes } from './indexes/routes.ts'
import { routes as closing } from './closing/routes.ts'
import { routes as contracts } from './contracts/routes.ts'
import { type Clock, connect, type Database } from './db/index.ts'
import { urlsOf } from './db/setup.ts'
import { type Environment, readEnvironment, readRoles, type Role } from './environment.ts'
import { createLive, type Live } from './events/live.ts'
import { routes as events } from './events/routes.ts'
import { extras } from './extras.ts'
import { createApp } from './http/app.ts'
import { type HttpDeps, transactAs } from './http/index.ts'
import { collectProcessMetrics } from './http/metrics.ts'
import { ownedIds } from './inventory/index.ts'
import { routes as inventory } from './inventory/routes.ts'
import { routes as ingest } from './ingest/routes.ts'
import { routes as limits } from './limits/routes.ts'
import { routes as margins } from './margins/routes.ts'
import { createLog, endSayingLittle, sayError } from './log.ts'
import { routes as mails } from './mails/routes.ts'
import { routes as metering } from './metering/routes.ts'
import { routes as metrics } from './metrics/routes.ts'
import { routes as promotions } from './promotions/routes.ts'
import { routes as queues } from './queues/routes.ts'
import { routes as rating } from './rating/routes.ts'
import { routes as reconciliation } from './reconciliation/routes.ts'
import { ReleaseFiles } from './releases/index.ts'
import { routes as releases } from './releases/routes.ts'
import { routes as repricing } from './repricing/routes.ts'
import { authenticate, createGate, createMailer, createNames, type Gate } from './people/index.ts'
import { routes as people } from './people/routes.ts'
import { configPusher, listen, recording, tasks } from './river.ts'
import { scrape } from './scrape.ts'
import { useKeys } from './secrets/index.ts'
import { Refusals } from './sources/index.ts'
import { routes as settlements } from './settlements/routes.ts'
import { routes as sources } from './sources/routes.ts'
import { vies } from './tax/index.ts'
import { routes as tax } from './tax/routes.ts'

const POOL = { staff: 12, tenants: 8, work: 12 } as const
/** Asked to stop, the process is gone within this time, whatever hangs. */
const STOP_MS = 2_800

/** By this exit code a demo says that it is to be removed. */
const DEMO_OVER = 86

interface Parts {
  env: Environment
  /** of requests: the installation's own people, and tenants */
  db: Database
  tenants: Database
  workDb: Database
  bus: Bus
  authority: Authority | null
  refusals: Refusals
  live: Live
  now: Clock
  log: Logger
  endDemo: (() => void) | null
}

/** What a tenant may hear of: his accounts and what they own now. */
const viewOf = (deps: Omit<HttpDeps, 'names'>) => async (actor: Actor) =>
  actor.account_id === null
    ? null
    : transactAs(deps, actor, async (ctx) => ({
        account_ids: new Set(actor.project_ids ? [] : await reachedAccounts(ctx)),
        resource_ids: new Set(await ownedIds(ctx)),
      }))

const mailOf = ({ people: { publicUrl, mail } }: Environment) => ({
  publicUrl,
  mail: mail && createMailer(mail.url, mail.from),
})
const gateOf = (deps: Pick<Parts, 'db' | 'now'>, env: Environment): Gate => createGate({ ...deps, ...mailOf(env) })
const mailLost = (log: Logger) => (error: unknown) => log.error({ err: error }, 'a mail could not be sent')

/** Routers of the slices, in the order of the river. */
function slices({ env, db, tenants, workDb, bus, authority, refusals, live, now, log, endDemo }: Parts) {
  const deps = { db, tenants, now, names: createNames(db) }
  const admission = admissionBy(authority, env, now)
  return [
    events({ ...deps, live, viewOf: viewOf(deps) }),
    audit(deps),
    accounts({ ...deps, endDemo }),
    tax({ ...deps, register: env.viesUrl === undefined ? null : vies(env.viesUrl) }),
    people({ ...deps, gate: gateOf(deps, env), demo: endDemo !== null, onLost: mailLost(log) }),
    sources({ ...deps, admission, refusals, bus, pushConfig: configPusher({ bus, db, now }) }),
    inventory(deps, extras),
    hardware(deps),
    metrics(deps),
    metering(deps),
    ingest(deps),
    releases({ ...deps, admission, refusals, files: new ReleaseFiles(env.data) }),
    catalog(deps),
    indexes(deps),
    contracts(deps),
    promotions(deps),
    rating(deps),
    mails(deps),
    settlements(deps),
    charges(deps),
    billing({ ...deps, work: workDb, mails: env.people.mail !== null }),
    closing(deps),
    queues(deps),
    reconciliation(deps),
    repricing(deps),
    limits(deps),
    margins(deps),
  ]
}

function serve(app: ReturnType<typeof createApp>, env: Environment, log: Logger) {
  try {
    return Bun.serve({
      hostname: env.host,
      port: env.port,
      // live updates are quiet for 15 s at most
      idleTimeout: 60,
      // what isn't the file of a release is held to far less by `HTTP_LIMITS`
      maxRequestBodySize: RELEASE_LIMITS.bytes,
      fetch: (request, server) => app.fetch(request, { server }),
    })
  } catch (error) {
    if ((error as { code?: string }).code !== 'EADDRINUSE') throw error
    log.fatal(
      `Port ${env.port} of ${env.host} is taken by another program. Stop it, or set ATALAYA_PORT to a free port.`,
    )
    process.exit(1)
  }
}

function main(env: Environment, roles: ReadonlySet<Role>): void {
  const log = createLog(env.logLevel)
  endSayingLittle(log)
  useKeys(env.keys, (text) => log.error(text))
  const now: Clock = Date.now
  collectProcessMetrics()
  const urls = urlsOf(env.databaseUrl, env.data)
  const isApi = roles.has('api')
  const staffDb = isApi ? connect(urls.staff, POOL.staff) : null
  const tenantDb = isApi ? connect(urls.api, POOL.tenants) : null
  // finalising settles usage first: the api works with this pool too
  const workDb = connect(urls.work, POOL.work)
  const db = staffDb ?? workDb
  const authority = env.natsKeys === undefined ? null : Authority.in(env.natsKeys)
  const way: Way = { url: env.natsUrl, ca: env.natsCa, login: authority ? (name) => authority.login(name) : undefined }
  const bus = connectBus(way, log)
  const isWork = roles.has('work')
  // who runs the tasks looks after the server, too
  const server = authority && isWork ? connectServer(way, authority, log) : null
  const live = isApi ? createLive(bus, now) : null
  const { mail: server_of_mail, publicUrl } = env.people
  const mail = server_of_mail && { ...server_of_mail, publicUrl }
  const river = { bus, server, natsLog: env.natsLog, refusals: new Refusals(), db: workDb, now, log, mail }
  if (roles.has('ingest')) listen(river)
  const work = background([...recording(river), ...(isWork ? tasks(river) : [])], log)
  // a moment later, so that the answer is out
  const endDemo = () => void setTimeout(() => void stop('the demo is over', DEMO_OVER), 100)
  const deps = { db, tenants: tenantDb ?? db, now }
  const app = createApp({
    db,
    now,
    log,
    authenticate: (token, isUse) => authenticate({ tx: db, now }, token, isUse),
    proxies: env.proxies,
    busConnected: () => bus.connected(),
    extraMetrics: scrape(deps),
    slices:
      live && tenantDb
        ? slices({ ...river, ...deps, env, workDb, authority, live, endDemo: env.demo ? endDemo : null })
        : [],
  })
  const web = serve(app, env, log)
  log.info({ url: web.url.href, roles: [...roles] }, 'the control plane answers')

  let stopping = false
  const stop = async (signal: string, code = 0) => {
    if (stopping) return
    stopping = true
    log.info({ signal }, 'stopping')
    setTimeout(() => process.exit(code || 1), STOP_MS).unref()
    live?.close()
    await Promise.all([web.stop(), bus.close(), server?.close(), work.stop()])
    await Promise.all([staffDb, tenantDb, workDb].map((each) => each?.$client.end({ timeout: 1 })))
    process.exit(code)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal))
}

try {
  main(readEnvironment(process.env), readRoles(process.argv.slice(2)))
} catch (error) {
  process.stderr.write(`${sayError(error)}\n`)
  process.exit(1)
}
