/** Verbs of signing in: by password, second factor, passkey, provider; and the first owner of all. */
import { isAPIError } from 'better-auth/api'
import { endSetUp } from '../../accounts/index.ts'
import { type Actor, permit } from '../../base/actor.ts'
import { Problem, sure } from '../../base/problem.ts'
import type { Context } from '../../db/index.ts'
import { append } from '../../events/index.ts'
import type { NewOwner } from '../contract.ts'
import type { Auth, Gate } from '../gate.ts'
import { join } from '../joining.ts'
import { countFailure, forgive, whyWait } from '../lock-out.ts'
import { hashPassword, refuseWeak } from '../passwords.ts'
import { emailHash } from '../privacy/look-up.ts'
import { authenticate } from '../sessions.ts'
import {
  hasOwner,
  lockOwners,
  type PersonRow,
  selectPerson,
  selectPersonByHash,
  selectProvider,
  selectProviders,
} from '../store.ts'

/** What a sign-in came to. A refusal is no exception: what it counted must stay. `cookies` are better-auth's. */
export interface Outcome {
  cookies: Headers
  /** null where a second factor is still wanted */
  actor: Actor | null
  refused?: Problem
}

const WRONG = new Problem(
  'unauthenticated',
  'The e-mail or the password is wrong. Check both, or reset the password if you forgot it.',
)
const WRONG_CODE = new Problem(
  'unauthenticated',
  'This code is wrong or was used. Wait for the next one, or use a recovery code.',
)
const NO_MEMBERSHIP = new Problem('unauthenticated', 'You belong to nothing here any more. Ask who invited you.')
const nothing = (refused: Problem): Outcome => ({ cookies: new Headers(), actor: null, refused })

const codeOf = (error: unknown): string => (isAPIError(error) ? String(error.body?.code ?? error.status) : '')

/** The problem that an error of better-auth is to its caller; what is none of these is a fault of ours. */
function refusalOf(error: unknown, wrong: Problem): Problem {
  if (!isAPIError(error)) throw error
  const code = codeOf(error)
  if (code === 'no_membership') return NO_MEMBERSHIP
  if (/TOO_MANY|LOCKED/.test(code))
    return new Problem('rate_limited', 'There were too many wrong codes. Sign in again in a quarter of an hour.')
  if (/INVALID_TWO_FACTOR_COOKIE|CHALLENGE_NOT_FOUND/.test(code))
    return new Problem('unauthenticated', 'This sign-in took too long. Begin again with your e-mail and password.')
  if (Number(error.statusCode) >= 500) throw error
  return wrong
}

/** Tells that a session was opened; its actor is the person. */
async function opened(ctx: Context, token: string, by: string): Promise<Actor> {
  const actor = await authenticate(ctx, token)
  if (!actor?.session_id) throw NO_MEMBERSHIP
  const subject = { kind: 'session', id: actor.session_id }
  await append(
    { ...ctx, actor },
    { type: 'session.opened', subject, account_id: actor.account_id, after: { by, person_id: actor.id } },
  )
  return actor
}

/** `headers` are the caller's, with his address in ours. */
export async function signInByPassword(
  ctx: Context,
  gate: Gate,
  { email, password }: { email: string; password: string },
  headers: Headers,
): Promise<Outcome> {
  const wait = await whyWait(ctx, email)
  if (wait) return nothing(wait)
  return gate.within(ctx, async (auth) => {
    try {
      const done = await auth.api.signInEmail({ body: { email, password }, headers, returnHeaders: true })
      if (!('token' in done.response) || !done.response.token) return { cookies: done.headers, actor: null }
      await forgive(ctx, email)
      return { cookies: done.headers, actor: await opened(ctx, done.response.token, 'password') }
    } catch (error) {
      const refused = refusalOf(error, WRONG)
      if (refused === WRONG) await countFailure(ctx, email)
      return nothing(refused)
    }
  })
}

/** The second step: better-auth counts wrong codes for each person, in the database. */
export async function signInByCode(ctx: Context, gate: Gate, code: string, headers: Headers): Promise<Outcome> {
  return gate.within(ctx, async (auth) => {
    try {
      const isTotp = /^\d{6}$/.test(code)
      const call = { body: { code }, headers, returnHeaders: true } as const
      const done = isTotp ? await auth.api.verifyTOTP(call) : await auth.api.verifyBackupCode(call)
      const actor = await opened(ctx, String(done.response.token), isTotp ? 'password and code' : 'recovery code')
      return { cookies: done.headers, actor }
    } catch (error) {
      return nothing(refusalOf(error, WRONG_CODE))
    }
  })
}

type PasskeyCall = Extract<Parameters<Auth['api']['verifyPasskeyAuthentication']>[0], { body: unknown }>

export const passkeyOptions = (ctx: Context, gate: Gate, headers: Headers) =>
  gate.within(ctx, async (auth) => {
    const made = await auth.api.generatePasskeyAuthenticationOptions({ headers, returnHeaders: true })
    return { cookies: made.headers, options: { ...made.response, userVerification: 'required' } }
  })

export async function signInByPasskey(
  ctx: Context,
  gate: Gate,
  response: Record<string, unknown>,
  headers: Headers,
): Promise<Outcome> {
  // better-auth checks it whole
  const body = { response } as unknown as PasskeyCall['body']
  return gate.within(ctx, async (auth) => {
    try {
      const done = await auth.api.verifyPasskeyAuthentication({ body, headers, returnHeaders: true })
      return { cookies: done.headers, actor: await opened(ctx, done.response.session.token, 'passkey') }
    } catch (error) {
      const wrong = new Problem('unauthenticated', 'This passkey is not known here. Sign in with your password.')
      return nothing(refusalOf(error, wrong))
    }
  })
}

/** What anybody may be told before he signs in. */
export async function signInOptions(ctx: Context, gate: Gate) {
  const providers = await selectProviders(ctx.tx)
  return { providers: providers.map(({ id, name }) => ({ id, name })), mail: gate.mail !== null }
}

const pathOf = (gate: Gate, path: string): string => new URL(path, gate.publicUrl).href

/** Where the provider asks the person who he is. */
export async function beginSso(
  ctx: Context,
  gate: Gate,
  { provider_id, next }: { provider_id: string; next: string },
  headers: Headers,
) {
  if (!(await selectProvider(ctx.tx, provider_id)))
    throw new Problem('not_found', `There is no provider ${provider_id}.`)
  const body = {
    providerId: provider_id,
    callbackURL: pathOf(gate, next),
    errorCallbackURL: pathOf(gate, '/sign-in'),
  }
  return gate.within(ctx, async (auth) => {
    await trust(auth, ctx, provider_id)
    try {
      return await auth.api.signInSSO({ body, headers, returnHeaders: true })
    } catch (error) {
      if (!isAPIError(error)) throw error
      throw new Problem('unavailable', `The provider of single sign-on doesn't answer as it should: ${error.message}`)
    }
  })
}

/** Its owner here configured the issuer: that it lies in a private network is no surprise. */
async function trust(auth: Auth, ctx: Context, provider_id: string): Promise<void> {
  const provider = await selectProvider(ctx.tx, provider_id)
  const { trustedOrigins } = await auth.$context
  const origin = provider && new URL(provider.issuer).origin
  if (origin && !trustedOrigins.includes(origin)) trustedOrigins.push(origin)
}

/** The way back from a provider: better-auth checks it whole, and answers with a redirect. */
export async function finishSso(
  ctx: Context,
  gate: Gate,
  providerId: string,
  query: Record<string, string>,
  headers: Headers,
): Promise<Response> {
  return gate.within(ctx, async (auth) => {
    await trust(auth, ctx, providerId)
    const answer = await auth.api.callbackSSO({ params: { providerId }, query, headers, asResponse: true })
    const cookie = answer.headers.getSetCookie().find((one) => one.startsWith('atalaya_session='))
    const token = cookie && decodeURIComponent(cookie.slice(cookie.indexOf('=') + 1).split(';', 1)[0] ?? '')
    if (token) await opened(ctx, token, 'single sign-on')
    return answer
  })
}

/** A person with a password, as he is stored. The e-mail is free: the caller saw to it. */
export async function createPerson(
  ctx: Context,
  auth: Auth,
  { name, email, password, email_verified }: NewOwner & { email_verified: boolean },
): Promise<PersonRow> {
  refuseWeak(password, [name, email])
  const { internalAdapter } = await auth.$context
  const { id } = await internalAdapter.createUser({ name, email, emailVerified: email_verified }, { method: 'email' })
  const hash = await hashPassword(password)
  await internalAdapter.linkAccount({ userId: id, providerId: 'credential', accountId: id, password: hash })
  return sure(await selectPerson(ctx.tx, id))
}

const WHOLE = { custom_role_id: null, account_id: null, project_ids: null }
/** The first person: whoever holds the set-up token or an owner's key becomes it, once. */
export async function createOwner(ctx: Context, gate: Gate, input: NewOwner, headers: Headers): Promise<Outcome> {
  permit(ctx, 'installation.write')
  await lockOwners(ctx.tx)
  if (await hasOwner(ctx.tx))
    throw new Problem('conflict', 'Somebody owns this installation already. Ask to be invited.')
  if (await selectPersonByHash(ctx.tx, await emailHash(ctx, input.email)))
    throw new Problem('conflict', 'A person with this e-mail exists already.')
  return gate.within(ctx, async (auth) => {
    const person = await createPerson(ctx, auth, { ...input, email_verified: false })
    await endSetUp(ctx)
    await join(ctx, person, { role: 'owner', ...WHOLE, created_by: ctx.actor.name })
    return await signInByPassword(ctx, gate, input, headers)
  })
}
