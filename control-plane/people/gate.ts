/** better-auth, set up for us: people, their credentials and sessions, behind our own verbs and routes. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { betterAuth } from 'better-auth'
import { system } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import { assert } from '../base/problem.ts'
import { type Clock, type Context, type Database, transact } from '../db/index.ts'
import { ownAdapter } from './adapter.ts'
import type { Mailer } from './mail.ts'
import { MODELS, pluginsOf } from './models.ts'
import { hashPassword, verifyPassword } from './passwords.ts'
import { secretOf } from './privacy/look-up.ts'
import { PASSWORD } from './rules.ts'
import { activeFor, rowForProvider, welcome } from './sso.ts'

export interface GateDeps {
  db: Database
  now: Clock
  /** where browsers reach us: links in mails, the name of passkeys, and the way back from a provider stand on it */
  publicUrl: string
  /** null: nobody set up mail */
  mail: Mailer | null
}

/** The header in which routes hand over the caller's address: what a caller sends under this name is overwritten. */
export const ADDRESS_HEADER = 'x-atalaya-address'
export const RESET_SECONDS = 3_600

export interface Reset {
  person_id: string
  token: string
}

interface Running {
  ctx: Context
  /** what a reset made, for who sends it on */
  onReset?: (reset: Reset) => void
}

function build({ publicUrl }: GateDeps, secret: string, running: () => Running) {
  const ctx = () => running().ctx
  return betterAuth({
    appName: 'Atalaya',
    baseURL: publicUrl,
    basePath: '/api/v1',
    secret,
    database: ownAdapter(ctx, (id) => rowForProvider(ctx(), id)),
    telemetry: { enabled: false },
    logger: { disabled: true },
    rateLimit: { enabled: false },
    onAPIError: { errorURL: `${publicUrl}/sign-in` },
    ...MODELS,
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: PASSWORD.min,
      maxPasswordLength: PASSWORD.max * 2,
      password: { hash: hashPassword, verify: verifyPassword },
      resetPasswordTokenExpiresIn: RESET_SECONDS,
      revokeSessionsOnPasswordReset: true,
      sendResetPassword: async ({ user, token }) => running().onReset?.({ person_id: user.id, token }),
    },
    databaseHooks: {
      user: { create: { before: async (user, at) => ({ data: await welcome(ctx(), user, at) }) } },
      session: {
        create: {
          before: async (session, at) => ({ data: { ...session, membershipId: await activeFor(ctx(), session, at) } }),
        },
      },
    },
    plugins: pluginsOf(publicUrl),
    advanced: {
      cookiePrefix: 'atalaya',
      // the route adds it where the request came by https
      useSecureCookies: false,
      defaultCookieAttributes: { sameSite: 'strict', httpOnly: true, path: '/' },
      cookies: {
        session_token: { name: 'atalaya_session' },
        // the way back from a provider begins at another site: a strict cookie would stay at home. It holds no session, only
        // the proof that this browser began the sign-in.
        state: { attributes: { sameSite: 'lax' } },
      },
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER] },
      database: { generateId: newId, validateSchema: false },
    },
  })
}

export type Auth = ReturnType<typeof build>

export interface Gate extends Pick<GateDeps, 'publicUrl' | 'mail'> {
  /** Lets better-auth work in the transaction of the verb. */
  within<T>(ctx: Context, work: (auth: Auth) => Promise<T>, onReset?: (reset: Reset) => void): Promise<T>
}

export function createGate(deps: GateDeps): Gate {
  const current = new AsyncLocalStorage<Running>()
  const running = () => {
    const store = current.getStore()
    assert(store, 'better-auth is called by a verb')
    return store
  }
  let built: Promise<Auth> | undefined
  const auth = () => {
    const secret = (ctx: Context) => secretOf(ctx, 'secret')
    built ??= transact(deps.db, system('sign-in'), deps.now, secret).then((made) => build(deps, made, running))
    // what failed once (a missing key, the database away) is tried again
    built.catch(() => (built = undefined))
    return built
  }
  return {
    publicUrl: deps.publicUrl,
    mail: deps.mail,
    within: async (ctx, work, onReset) => {
      const made = await auth()
      return current.run({ ctx, ...(onReset && { onReset }) }, () => work(made))
    },
  }
}
