/** What the routes of people share: the caller's headers for better-auth, its cookies for the caller, and a sign-in as an answer. */
import type { Context as HonoContext } from 'hono'
import { libraryCookies, passCookies } from '../../http/authentication.ts'
import { type HttpDeps, type HttpEnv, verb, version } from '../../http/index.ts'
import { ADDRESS_HEADER, type Gate, type Outcome, sessionOf } from '../index.ts'
import type { Context } from '../../db/index.ts'

export interface PeopleDeps extends HttpDeps {
  gate: Gate
  demo: boolean
  /** mail that fails after its request was answered is told here */
  onLost: (error: unknown) => void
}

type C = HonoContext<HttpEnv>

/** The caller's headers for better-auth: his address is what we know of it, whatever he says. */
export function headersOf(c: C): Headers {
  const headers = new Headers()
  const said = { cookie: libraryCookies(c), 'user-agent': c.req.header('user-agent') }
  for (const [name, value] of Object.entries(said)) if (value !== undefined) headers.set(name, value)
  headers.set(ADDRESS_HEADER, c.get('address'))
  return headers
}

/** A sign-in with its session, or the wish for a second factor; a refusal is thrown once what it counted is committed. */
export async function answerOutcome(c: C, deps: PeopleDeps, work: (ctx: Context) => Promise<Outcome>) {
  const { cookies, session, refused } = await verb(c, deps, async (ctx) => {
    const { actor, ...rest } = await work(ctx)
    return { ...rest, session: actor && (await sessionOf({ ...ctx, actor }, version, deps.demo)) }
  })
  if (refused) throw refused
  passCookies(c, cookies)
  return c.json({ session, totp_needed: session === null })
}

/** Mail goes out once all is committed; nobody waits for it, since how long it takes would tell who is known. */
export const afterwards = (deps: PeopleDeps, send: () => Promise<void>): void => void send().catch(deps.onLost)
