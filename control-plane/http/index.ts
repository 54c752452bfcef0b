/** What every route is made of: validation, documentation, one transaction a request, and cursors. */
import type { MiddlewareHandler, ValidationTargets } from 'hono'
import { type Context as HonoContext, Hono } from 'hono'
import { describeRoute, resolver, validator } from 'hono-openapi'
import { z } from 'zod'
import { type Actor, type Permission, permit } from '../base/actor.ts'
import type { Names } from '../base/personal.ts'
import { Problem } from '../base/problem.ts'
import { type Clock, type Context, type TenantPools, transact, transactAsTenant } from '../db/index.ts'
import { Id, ProblemBody } from './contract.ts'
import { markReplayed, once, readKey } from './once.ts'
import { fieldErrors } from './pointer.ts'

export interface HttpDeps extends TenantPools {
  now: Clock
  /** what names people lies sealed: it is opened here, on its way out, for all routes */
  names: Names
}
export interface HttpEnv {
  Variables: {
    actor: Actor
    request_id: string
    /** where the caller is: see `address.ts` */
    address: string
    /** asks again whether the caller is who he was, as what he was: what lives longer than a request must */
    still_same: () => Promise<boolean>
    /** of a request that is done once, however often it is sent */
    idempotency_key?: string | null
    /** the route asks for no credential */
    is_anonymous?: boolean
    /** this is the first answer again */
    is_replayed?: boolean
  }
}

export const router = (): Hono<HttpEnv> => new Hono<HttpEnv>()

/** Runs a verb as the caller, in one transaction; of a request that was answered before, it is what the verb returned then. */
export const verb = async <T>(
  c: HonoContext<HttpEnv>,
  deps: HttpDeps,
  work: (ctx: Context) => Promise<T>,
): Promise<T> =>
  deps.names.open(await once(c, (inner) => transactAs(deps, c.get('actor'), inner, c.get('request_id')), work))

/**
 * The same for a verb that needs something done ahead of its transaction, which may be done in vain. What that is refused by is
 * thrown within the transaction, and so is an answer like any other.
 */
export async function verbAfter<P, T>(
  c: HonoContext<HttpEnv>,
  deps: HttpDeps,
  ahead: () => Promise<P>,
  work: (ctx: Context, prepared: P) => Promise<T>,
): Promise<T> {
  const [prepared] = await Promise.allSettled([ahead()])
  return await verb(c, deps, async (ctx) => {
    if (prepared.status === 'rejected') throw prepared.reason
    return await work(ctx, prepared.value)
  })
}

/** The same for who asks by another way than a route. */
export function transactAs<T>(
  deps: Omit<HttpDeps, 'names'>,
  actor: Actor,
  work: (ctx: Context) => Promise<T>,
  request_id?: string,
): Promise<T> {
  const { account_id } = actor
  return account_id === null
    ? transact(deps.db, actor, deps.now, work, request_id)
    : transactAsTenant(deps, { ...actor, account_id }, deps.now, work, request_id)
}

/** Checks a part of the request; the handler reads it by `c.req.valid(target)`. */
export const valid = <T extends keyof ValidationTargets, S extends z.ZodType>(target: T, schema: S) =>
  validator(target, schema, (result) => {
    if (!result.success)
      throw new Problem('invalid', `Correct the ${PART_NAMES[target]} and send it again.`, fieldErrors(result.error))
  })
const PART_NAMES: Record<keyof ValidationTargets, string> = {
  json: 'body',
  form: 'form',
  query: 'query',
  param: 'address',
  header: 'headers',
  cookie: 'cookies',
}

/** `/:id` of a route. */
export const ById = z.object({ id: Id })

const problems = {
  default: {
    description: 'What failed, why, and what to do (RFC 9457)',
    content: { 'application/problem+json': { schema: resolver(ProblemBody) } },
  },
}

interface AnswerOptions {
  status?: 200 | 201 | 202
  /** for answers that are not JSON */
  media?: string
  /** why a POST may be sent twice as it is; every other one takes an `Idempotency-Key` */
  repeatable?: string
}

/** What the caller must have: a permission, any credential at all, or nothing. */
export type Needs = Permission | 'session' | 'nothing'

/** GET /api/v1/accounts/:id → getAccountsById: what generated clients call it. */
const operationId = (method: string, path: string): string =>
  method.toLowerCase() +
  path
    .replace('/api/v1', '')
    .replaceAll(/[/.:-]+([a-z]?)/g, (found, first: string) => (found.includes(':') ? 'By' : '') + first.toUpperCase())

/**
 * Documents a route and guards it: who lacks what it needs is refused before anything of the request is looked at. Its answer, and
 * the problems that any route may give; a null schema is an empty answer (204). The document says what is needed as `x-permission`.
 */
export function answers(
  summary: string,
  schema: z.ZodType | null,
  needs: Needs,
  options: AnswerOptions = {},
): MiddlewareHandler<HttpEnv> {
  const guard: MiddlewareHandler<HttpEnv> = async (c, next) => {
    if (needs !== 'session' && needs !== 'nothing') permit({ actor: c.get('actor') }, needs)
    if (c.req.method === 'POST' && options.repeatable === undefined) {
      c.set('idempotency_key', readKey(c))
      c.set('is_anonymous', needs === 'nothing')
    }
    await next()
    markReplayed(c)
  }
  return Object.assign(guard, described(summary, schema, needs, options))
}

const described = (summary: string, schema: z.ZodType | null, needs: Needs, options: AnswerOptions) =>
  describeRoute({
    summary,
    // an extension of the document's own language, which its types don't know
    ...({ 'x-permission': needs, ...(options.repeatable ? { 'x-repeatable': options.repeatable } : {}) } as object),
    operationId: ({ method, path }) => operationId(method, path),
    responses: {
      ...(schema === null
        ? { 204: { description: 'Done' } }
        : {
            [options.status ?? 200]: {
              description: summary,
              content: { [options.media ?? 'application/json']: { schema: resolver(schema) } },
            },
          }),
      ...problems,
    },
    ...(needs === 'nothing' ? { security: [] } : {}),
  })

/** A list as a file for spreadsheets; `name` is without its ending. */
export const csvAnswer = (text: string, name: string): Response =>
  new Response(text, {
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="${name}.csv"`,
    },
  })

export const encodeCursor = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Null without a cursor. The shape is checked: a cursor comes from outside. */
export function decodeCursor<T>(text: string | undefined, schema?: z.ZodType<T>): T | null {
  if (text === undefined) return null
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    return schema ? schema.parse(value) : (value as T)
  } catch {
    throw new Problem('invalid', 'Start again without a cursor, or use a `next_cursor` as it was given.', [
      { pointer: '/cursor', detail: 'is not a cursor of this list' },
    ])
  }
}

export { fieldErrors } from './pointer.ts'
export { version } from './version.ts'
