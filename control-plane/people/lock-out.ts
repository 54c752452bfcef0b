/** Who guesses waits longer and longer: counted for each address that is tried, whether or not anybody has it, and kept for all processes. */
import { Problem } from '../base/problem.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import { emailHash } from './privacy/look-up.ts'
import { isToldOf, waitAfter } from './rules.ts'
import { forgetFailures, forgetOld, keepFailure, selectFailure, selectPersonByHash, takeTurn } from './store.ts'

/** After so long without a try a mistake is forgotten. */
const FORGOTTEN_MS = 24 * 3_600_000

/** Null where it may be tried now. Of two tries at once the second is told to wait: nobody guesses in parallel. */
export async function whyWait(ctx: Context, email: string): Promise<Problem | null> {
  const key = await emailHash(ctx, email)
  if (!(await takeTurn(ctx.tx, key)))
    return new Problem('rate_limited', 'Another sign-in with this e-mail is under way. Try again in a moment.')
  const row = await selectFailure(ctx.tx, key)
  const left_ms = (row?.locked_until ?? 0) - ctx.now()
  if (left_ms <= 0) return null
  return new Problem(
    'rate_limited',
    `There were too many wrong attempts with this e-mail. Wait ${Math.ceil(left_ms / 1_000)} seconds and try again, or reset the password.`,
  )
}

/** One more wrong one. */
export async function countFailure(ctx: Context, email: string): Promise<void> {
  const [key, now] = [await emailHash(ctx, email), ctx.now()]
  const before = await selectFailure(ctx.tx, key)
  const failures = 1 + (before && now - before.last_at < FORGOTTEN_MS ? before.failures : 0)
  const wait_ms = waitAfter(failures)
  await keepFailure(ctx.tx, {
    email_hash: key,
    failures,
    last_at: now,
    locked_until: wait_ms > 0 ? now + wait_ms : null,
  })
  if (!isToldOf(failures)) return
  const person = await selectPersonByHash(ctx.tx, key)
  await append(ctx, {
    type: 'sign_in.refused',
    subject: person ? { kind: 'person', id: person.id } : { kind: 'sign_in', id: 'of nobody' },
    after: { failures, wait_seconds: wait_ms / 1_000 },
  })
}

/** Background: mistakes of long ago, and sessions and challenges that ended. */
export const forgetSignIns = (ctx: Context): Promise<void> => forgetOld(ctx.tx, ctx.now() - FORGOTTEN_MS, ctx.now())

export const forgive = async (ctx: Context, email: string): Promise<void> =>
  forgetFailures(ctx.tx, await emailHash(ctx, email))
