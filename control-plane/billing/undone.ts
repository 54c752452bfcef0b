/** A decision that is taken in a savepoint, looked at, and undone: how previews know what it would make of a bill. */
import { sure } from '../base/problem.ts'
import { attempt, type Context } from '../db/index.ts'

class Undone extends Error {}

/** What work answers in a savepoint that is undone. */
export async function undone<T>(ctx: Context, work: (ctx: Context) => Promise<T>): Promise<T> {
  const out: { answer?: T } = {}
  await attempt(ctx, async (inner) => {
    out.answer = await work(inner)
    throw new Undone()
  }).catch((error: unknown) => {
    if (!(error instanceof Undone)) throw error
  })
  return sure(out.answer)
}
