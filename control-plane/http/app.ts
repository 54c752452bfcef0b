/** The HTTP side of the process: what every request passes before it reaches a route, and how every error leaves. */
import type { Server } from 'bun'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { matchedRoutes } from 'hono/route'
import type { Logger } from 'pino'
import { newId } from '../base/id.ts'
import { Problem, PROBLEMS } from '../base/problem.ts'
import type { Clock, Database } from '../db/index.ts'
import { addressBehind, type Proxies } from './address.ts'
import { attempts } from './attempts.ts'
import { type Authenticate, authentication, bearer, isHttps } from './authentication.ts'
import { secure } from './headers.ts'
import { health } from './health.ts'
import { type HttpEnv, router } from './index.ts'
import { type ExtraMetrics, metricsText, requestSeconds } from './metrics.ts'
import { openapi, reference } from './openapi.ts'
import { problemResponse, toProblem } from './problem.ts'
import { installation, page } from './static.ts'
import { textStream } from './text-stream.ts'

export const HTTP_LIMITS = { bodyBytes: 1024 * 1024, urlLength: 8_192 } as const

export interface AppDeps {
  db: Database
  now: Clock
  log: Logger
  authenticate: Authenticate
  /** whose word on a caller's address is taken */
  proxies: Proxies
  busConnected: () => boolean
  /** further text of /metrics */
  extraMetrics: ExtraMetrics
  /** routers of the slices; none in a process without the role `api` */
  slices: Hono<HttpEnv>[]
}

type Bindings = { server?: Server<undefined> }

/** The address at the other end of the socket: a header could be forged, but for those that a trusted proxy wrote. */
const addressed =
  (proxies: Proxies): MiddlewareHandler<HttpEnv> =>
  async (c, next) => {
    const socket = (c.env as Bindings | undefined)?.server?.requestIP(c.req.raw)?.address ?? 'unknown'
    c.set('address', addressBehind(socket, c.req.header('x-forwarded-for'), proxies))
    await next()
  }

/** As the route was written, so that ids make no series; what only a wildcard matched is one of the page's files. */
const routeOf = (c: Context): string => matchedRoutes(c).find(({ path }) => !path.includes('*'))?.path ?? '*'

const observed: MiddlewareHandler<HttpEnv> = async (c, next) => {
  const stop = requestSeconds.startTimer({ method: c.req.method })
  c.set('request_id', newId())
  await next()
  c.header('x-request-id', c.get('request_id'))
  secure(c.res.headers, isHttps(c))
  stop({ route: routeOf(c), status: c.res.status })
}

/** The file of a release is streamed to its place, and measured there against what was signed. */
const isFile = (c: Context): boolean =>
  c.req.method === 'PUT' && /^\/api\/v1\/agent-releases\/[^/]+\/file$/.test(c.req.path)

const bounded: MiddlewareHandler<HttpEnv> = async (c, next) => {
  if (c.req.url.length > HTTP_LIMITS.urlLength)
    throw new Problem(
      'too_large',
      `The address is longer than ${HTTP_LIMITS.urlLength} characters; ask for less at once.`,
    )
  const type = c.req.header('content-type')
  const hasBody = c.req.raw.body !== null && c.req.header('content-length') !== '0'
  if (hasBody && !isFile(c) && !/^application\/json\b/i.test(type ?? ''))
    throw new Problem('unsupported', 'Send the body as application/json.')
  await next()
}

const limitJson = bodyLimit({
  maxSize: HTTP_LIMITS.bodyBytes,
  onError: () => {
    throw new Problem('too_large', `The body is larger than ${HTTP_LIMITS.bodyBytes} bytes; send less at once.`)
  },
})

const limitBody: MiddlewareHandler<HttpEnv> = (c, next) => (isFile(c) ? next() : limitJson(c, next))

/** Routes that test a secret, each right one free of charge; or that leave something behind, where each one counts. */
function guarded(now: Clock, isFree: boolean): MiddlewareHandler<HttpEnv> {
  const tries = attempts()
  return async (c, next) => {
    if (c.req.method !== 'POST') return next()
    const address = c.get('address')
    if (!tries.take(address, now()))
      throw new Problem('rate_limited', 'There were too many attempts from this address. Wait a minute and try again.')
    await next()
    if (isFree && c.res.ok) tries.refund(address)
  }
}

/** Each call leaves something behind: a mail, a challenge. */
const STORING = ['/password-resets', '/sign-in/passkey-options', '/sign-in/sso']
/** Each call tries a secret. */
const TESTING = [
  '/session',
  '/agents/enrol',
  '/sign-in/*',
  '/password-resets/*',
  '/invitations/lookup',
  '/invitations/acceptance',
  '/email-confirmations',
]

function failed(log: Logger) {
  return (error: Error, c: Context<HttpEnv>): Response => {
    const problem = toProblem(error)
    const request_id = c.get('request_id') ?? newId()
    const about = { err: error, request_id, method: c.req.method, path: c.req.path }
    if (problem.code === 'unexpected') log.error(about, 'a request failed unexpectedly')
    else if (PROBLEMS[problem.code][0] >= 500) log.warn({ request_id, path: c.req.path }, problem.message)
    return problemResponse(problem, request_id)
  }
}

function api(deps: AppDeps): Hono<HttpEnv> {
  const app = router().basePath('/api/v1')
  const guard = guarded(deps.now, true)
  app.use('*', addressed(deps.proxies), limitBody, bounded, authentication(deps.authenticate), async (c, next) => {
    await next()
    if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store')
  })
  for (const path of TESTING) app.use(path, guard)
  const counted = guarded(deps.now, false)
  for (const path of STORING) app.use(path, counted)
  for (const slice of deps.slices) app.route('/', slice)
  app.get('/openapi.json', openapi(app))
  return app
}

function metricsPage(deps: AppDeps) {
  return async (c: Context<HttpEnv>): Promise<Response> => {
    const key = bearer(c)
    const actor = key === undefined ? null : await deps.authenticate(key, true)
    if (!actor?.permissions.has('metrics.read'))
      throw new Problem('unauthenticated', 'Send an API key as Bearer (Prometheus: `authorization: {credentials: …}`).')
    return new Response(textStream(metricsText(actor, deps.extraMetrics)), {
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
    })
  }
}

export function createApp(deps: AppDeps): Hono<HttpEnv> {
  const app = router()
  const refuse = failed(deps.log)
  app.onError(refuse)
  // not thrown: what is thrown here passes by what every answer gets
  app.notFound((c) => refuse(new Problem('not_found', `There is nothing at ${c.req.method} ${c.req.path}.`), c))
  app.use('*', observed)
  app.route('/', health(deps))
  app.get('/metrics', metricsPage(deps))
  if (deps.slices.length === 0) return app
  app.route('/', api(deps))
  app.route('/api/reference', reference())
  app.route('/install', installation())
  app.route('/', page())
  return app
}
