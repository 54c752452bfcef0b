/** Who calls: an API key in `Authorization`, or the session cookie of the page. */
import type { Context, MiddlewareHandler } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { Actor } from '../base/actor.ts'
import { Problem } from '../base/problem.ts'
import type { HttpEnv } from './index.ts'
import { isForged } from './origin.ts'

const COOKIE = 'atalaya_session'
/** Over https by a name under which browsers keep only what this very host has set: a neighbour below the same domain can't plant one. */
const cookieName = (c: Context): string => (isHttps(c) ? `__Host-${COOKIE}` : COOKIE)
/** `isUse`: false where no person stands behind the request, so that his session doesn't go on by it. */
export type Authenticate = (token: string, isUse: boolean) => Promise<Actor | null>
/** Pages send it with what they ask by themselves while nobody is there. */
const UNATTENDED = 'x-atalaya-unattended'
/** Browsers open it anew by themselves. */
const STREAM = '/api/v1/stream'

/** Somebody who has shown nothing yet: may sign in or enrol an agent, by a secret that the verb itself checks. */
const anonymous: Actor = {
  kind: 'agent',
  id: 'anonymous',
  name: 'An anonymous caller',
  account_id: null,
  permissions: new Set(),
}

/** Requests that need no credential: `METHOD path`. */
const OPEN: ReadonlySet<string> = new Set([
  'POST /api/v1/session',
  'POST /api/v1/agents/enrol',
  'GET /api/v1/agents/challenge',
  'POST /api/v1/agents/renew',
  'GET /api/v1/agents/release-keys',
  'POST /api/v1/agents/updates',
  'POST /api/v1/agents/updates/file',
  'GET /api/v1/sign-in/options',
  'POST /api/v1/sign-in/password',
  'POST /api/v1/sign-in/totp',
  'POST /api/v1/sign-in/passkey-options',
  'POST /api/v1/sign-in/passkey',
  'POST /api/v1/sign-in/sso',
  'POST /api/v1/password-resets',
  'POST /api/v1/password-resets/completion',
  'POST /api/v1/email-confirmations',
  'POST /api/v1/invitations/lookup',
  'POST /api/v1/invitations/acceptance',
  'GET /api/v1/openapi.json',
])
/** A provider of single sign-on sends browsers back here. */
const BACK = '/api/v1/sso/callback/'
const isOpen = (method: string, path: string): boolean =>
  OPEN.has(`${method} ${path}`) || (method === 'GET' && path.startsWith(BACK))

export function bearer(c: Context): string | undefined {
  const [, token] = /^Bearer +(\S+) *$/i.exec(c.req.header('authorization') ?? '') ?? []
  return token
}

export const sessionToken = (c: Context): string | undefined => getCookie(c, cookieName(c))

export const setSession = (c: Context, token: string, seconds: number): void =>
  setCookie(c, cookieName(c), token, { ...cookieOptions(c), maxAge: seconds })

export const clearSession = (c: Context): void => void deleteCookie(c, cookieName(c), cookieOptions(c))

/** Cookies that a library made; it doesn't know whether the request came by https, nor what the session is called then. */
export function passCookies(c: Context, from: Headers): void {
  for (const cookie of from.getSetCookie()) {
    const named = cookie.startsWith(`${COOKIE}=`) ? cookieName(c) + cookie.slice(COOKIE.length) : cookie
    c.header('set-cookie', isHttps(c) ? `${named}; Secure` : named, { append: true })
  }
}

/** The caller's cookies by the names that the library gave them. */
export const libraryCookies = (c: Context): string | undefined =>
  c.req
    .header('cookie')
    ?.split('; ')
    .map((cookie) => (cookie.startsWith(`${cookieName(c)}=`) ? COOKIE + cookie.slice(cookieName(c).length) : cookie))
    .join('; ')

const cookieOptions = (c: Context) => ({ httpOnly: true, sameSite: 'Strict', path: '/', secure: isHttps(c) }) as const

/** A proxy that ends TLS in front of us says so; a caller who lies about it only hides his own cookie from himself. */
export const isHttps = (c: Context): boolean =>
  // not parsed: a request without a host has an address that is none
  c.req.url.startsWith('https:') || c.req.header('x-forwarded-proto') === 'https'

const changes = (method: string) => !['GET', 'HEAD', 'OPTIONS'].includes(method)

function refuseForged(c: Context, cookie: string | undefined): void {
  const forged = isForged({
    secFetchSite: c.req.header('sec-fetch-site'),
    origin: c.req.header('origin'),
    host: c.req.header('host'),
    hasCookie: cookie !== undefined,
  })
  if (forged)
    throw new Problem(
      'forbidden',
      'A change with a session cookie must come from our own page. Programs send an API key as Bearer.',
    )
}

/** Who somebody is, as what, where, and what he may do: another text is another caller. */
const identityOf = ({ id, account_id, project_ids, role, custom_role, behind, permissions }: Actor): string =>
  JSON.stringify([
    id,
    account_id,
    project_ids?.toSorted() ?? null,
    role,
    custom_role?.id ?? null,
    behind?.id ?? null,
    [...permissions].toSorted(),
  ])

/** That it ended by itself is as if it were not there; that the database is away says nothing of it. */
function unlessEnded(error: unknown): null {
  if (error instanceof Problem) return null
  throw error
}

export const authentication =
  (authenticate: Authenticate): MiddlewareHandler<HttpEnv> =>
  async (c, next) => {
    const key = bearer(c)
    const cookie = sessionToken(c)
    if (key === undefined && changes(c.req.method)) refuseForged(c, cookie)
    if (isOpen(c.req.method, c.req.path)) {
      c.set('actor', anonymous)
      return next()
    }
    const token = key ?? cookie
    const isUse = c.req.header(UNATTENDED) === undefined && c.req.path !== STREAM
    const actor = token === undefined ? null : await authenticate(token, isUse)
    if (!actor || token === undefined)
      throw new Problem(
        'unauthenticated',
        key === undefined
          ? 'There is no session, or it has ended. Sign in, or send an API key as Bearer.'
          : 'This API key is not known or was revoked. Use another, or make one on the server.',
      )
    c.set('actor', actor)
    const identity = identityOf(actor)
    c.set('still_same', async () => {
      const now = await authenticate(token, false).catch(unlessEnded)
      return now !== null && identityOf(now) === identity
    })
    return next()
  }
