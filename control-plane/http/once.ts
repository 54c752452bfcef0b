/**
 * Repetitions: a POST that is sent again with the same `Idempotency-Key` gets the first answer, and has its effect once.
 * What a verb returned, or the problem that it refused by, commits in one transaction with what it did.
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
import type { Context as HonoContext } from 'hono'
import { HOUR_MS } from '../base/time.ts'
import { type FieldError, Problem, type ProblemCode, PROBLEMS } from '../base/problem.ts'
import { attempt, type Context } from '../db/index.ts'
import type { HttpEnv } from './index.ts'
import { type Derived, derive } from './sealed-answer.ts'
import { deleteAnswers, insertAnswer, selectAnswer, tryHold } from './store.ts'

/** At least so long, until the next sweep. */
export const KEPT_MS = 24 * HOUR_MS
const HEADER = 'idempotency-key'
const REPLAYED = 'idempotent-replayed'

/** As the document shows it, at every POST that isn't `repeatable`. */
export const KEY_PARAMETER = {
  in: 'header' as const,
  name: 'Idempotency-Key',
  required: false,
  description:
    'Makes it safe to send the request again: the first answer, a refusal too, is given again for 24 hours (`Idempotent-Replayed: true`). Choose it at random, such as a UUID: what is shown once can be had again by whoever knows it and has your credential.',
  schema: { type: 'string' as const, minLength: 1, maxLength: 200, pattern: '^[!-~]+$' },
}

/** The key that a request carries, or null. */
export function readKey(c: HonoContext): string | null {
  const key = c.req.header(HEADER)
  if (key === undefined) return null
  if (/^[!-~]{1,200}$/.test(key)) return key
  throw new Problem('invalid', 'Correct the header Idempotency-Key and send it again; a new UUID is good for it.', [
    { pointer: '/idempotency-key', detail: 'must be 1 to 200 visible ASCII characters' },
  ])
}

type Outcome = { value?: unknown } | { problem: { code: ProblemCode; detail: string; errors: FieldError[] } }
type Answer = Outcome & { request_id: string }
type Run = <T>(work: (ctx: Context) => Promise<T>) => Promise<T>

/** Runs the one verb of a request; where its key was answered before, gives that answer instead. `run` opens the transaction. */
export async function once<T>(c: HonoContext<HttpEnv>, run: Run, work: (ctx: Context) => Promise<T>): Promise<T> {
  const derived = await derivedOf(c)
  if (!derived) return await run(work)
  const { answer, isNew } = await run(async (ctx) => {
    const known = await recalled(ctx, derived)
    return known ? { answer: known, isNew: false } : { answer: await kept(ctx, derived, work), isNew: true }
  })
  if (!isNew) {
    // support finds by the first request's id what was done
    c.set('request_id', answer.request_id)
    c.set('is_replayed', true)
  }
  return valueOf(answer) as T
}

/** Background: forgets answers that nobody will ask for again. */
export const forgetAnswers = (ctx: Context): Promise<void> => deleteAnswers(ctx, ctx.now() - KEPT_MS)

async function derivedOf(c: HonoContext<HttpEnv>): Promise<Derived | null> {
  const key = c.get('idempotency_key') ?? null
  if (key === null) return null
  const { id, account_id } = c.get('actor')
  const query = c.req.url.replace(/^[^?]*/, '')
  const request = [c.req.method, c.req.path + query, await c.req.text()].join('\n')
  // who has shown no credential has it in the body: another body is another caller
  return derive(key, c.get('is_anonymous') ? [id, request] : [id, account_id], request)
}

/** Null where the key is new, which it then is for nobody else until the transaction ends. */
async function recalled(ctx: Context, { id, request_mac, open }: Derived): Promise<Answer | null> {
  if (!(await tryHold(ctx, id)))
    throw new Problem(
      'key_in_use',
      'The first request with this Idempotency-Key is still running. Wait a second and send this again for its answer.',
    )
  const row = await selectAnswer(ctx, id)
  if (!row) return null
  if (!request_mac.equals(row.request_mac))
    throw new Problem(
      'key_reused',
      'This Idempotency-Key was used for another request: other content, or another address. Choose a new key for each thing to be done.',
    )
  return open(row.answer) as Answer
}

async function kept(ctx: Context, derived: Derived, work: (ctx: Context) => Promise<unknown>): Promise<Answer> {
  const answer = { ...(await outcome(ctx, work)), request_id: ctx.request_id }
  const { id, request_mac } = derived
  const { account_id } = ctx.actor
  await insertAnswer(ctx, { id, account_id, request_mac, answer: derived.seal(answer), created_at: ctx.now() })
  return answer
}

/** A refusal undoes what the verb did, and is an answer; what may be otherwise next time is none. */
async function outcome(ctx: Context, work: (ctx: Context) => Promise<unknown>): Promise<Outcome> {
  try {
    return { value: await attempt(ctx, work) }
  } catch (error) {
    if (!(error instanceof Problem) || !isFinal(error.code)) throw error
    return { problem: { code: error.code, detail: error.message, errors: error.errors } }
  }
}

/** Who showed no right credential is kept no answer: anybody could fill the table with them. */
const isFinal = (code: ProblemCode): boolean => {
  const [status] = PROBLEMS[code]
  return status >= 400 && status < 500 && status !== 401 && status !== 429
}

function valueOf(answer: Answer): unknown {
  if (!('problem' in answer)) return answer.value
  const { code, detail, errors } = answer.problem
  throw new Problem(code, detail, errors)
}

/** Says of an answer that it is the first one again. */
export function markReplayed(c: HonoContext<HttpEnv>): void {
  if (c.get('is_replayed')) c.header(REPLAYED, 'true')
}
