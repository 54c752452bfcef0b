/** Keeps what each resource costs an hour beside it: rating says it, the inventory sorts its lists by it. */
import { system } from './base/actor.ts'
import { type Clock, type Context, type Database, transact } from './db/index.ts'
import { clearCosts, keepCosts, owningAccounts } from './inventory/index.ts'
import { costings } from './rating/index.ts'

/** All accounts are looked at once in this time, as far as the limits of a run reach. */
const ROUND_MS = 15_000
const LIMITS = {
  accounts_at_once: 25,
  accounts_a_run: 100,
  /** in one transaction: others wait so long for them */
  resources_at_once: 1_000,
  resources_a_run: 10_000,
}

/**
 * One run after the other goes round all accounts, so many at once, and writes where something else is kept than what follows from the
 * prices of now. It remembers nothing but whose turn is next: whatever was missed is seen in the next round.
 */
export function costKeeper({ db, now }: { db: Database; now: Clock }, limits = LIMITS): () => Promise<void> {
  const actor = system('keep_costs')
  let after: string | null = null
  let next_at = -Infinity

  const as = <T>(verb: (ctx: Context) => Promise<T>): Promise<T> => transact(db, actor, now, verb)
  const { accounts_at_once, accounts_a_run, resources_at_once, resources_a_run } = limits

  return async () => {
    if (now() < next_at) return
    let left = resources_a_run
    left -= await as((ctx) => clearCosts(ctx, resources_at_once))
    for (let looked = 0; looked < accounts_a_run;) {
      const ids = await as((ctx) => owningAccounts(ctx, after, accounts_at_once))
      const known = await as((ctx) => costings(ctx, ids))
      for (let written = resources_at_once; written === resources_at_once; left -= written) {
        if (left <= 0) return
        written = await as((ctx) => keepCosts(ctx, known, resources_at_once))
      }
      looked += ids.length
      after = ids.at(-1) ?? null
      if (ids.length < accounts_at_once) {
        after = null
        next_at = now() + ROUND_MS
        return
      }
    }
  }
}
