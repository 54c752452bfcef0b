/** Who crosses a budget is told by mail, once for each crossing. */
import { getAccount } from '../accounts/index.ts'
import { decimalText } from '../billing/index.ts'
import { system } from '../base/actor.ts'
import { type Clock, type Context, type Database, transact } from '../db/index.ts'
import type { Mailer } from '../people/index.ts'
import { holdUntold, noteTold, type StandingRow } from './store.ts'

export interface TellDeps {
  db: Database
  now: Clock
  /** null: nobody set up mail */
  mail: Mailer | null
  publicUrl: string
}

/** Who could not be told for so long isn't told any more: the page says it all the same. */
const GIVEN_UP_MS = 86_400_000

/**
 * One account a transaction, which holds its row while the mail goes out: no other process tells it too. The message has the same id if
 * it must go out again because the commit after it was lost, so that a mail server can tell that it is the same.
 */
export async function tellBudgets({ db, now, mail, publicUrl }: TellDeps): Promise<void> {
  const failed: string[] = []
  let failure: unknown = null
  const one = () =>
    transact(db, system('tell_budgets'), now, async (ctx) => {
      const row = await holdUntold(ctx, failed)
      if (!row) return false
      if (mail && now() - row.since < GIVEN_UP_MS)
        await tell(ctx, mail, publicUrl, row).catch((error: unknown) => {
          failed.push(row.account_id)
          failure = error
          throw error
        })
      await noteTold(ctx, row)
      return true
    }).catch((error: unknown) => {
      if (error !== failure) throw error
      return true
    })
  while (await one());
  if (failure !== null) throw failure
}

async function tell(ctx: Context, mail: Mailer, publicUrl: string, row: StandingRow): Promise<void> {
  const { email, language } = await getAccount(ctx, row.account_id)
  if (email === '' || row.to_tell === null || row.to_tell === 'normal') return
  const money = (text: string) => `${decimalText(text, language)} ${row.unit}`
  await mail.send({
    kind: row.to_tell === 'over' ? 'budget_over' : 'budget_approaching',
    to: email,
    language,
    link: `${publicUrl}/invoices`,
    about: `${money(row.used)} / ${money(row.limit_amount)} (${row.month})`,
    id: `budget-${row.account_id}-${row.month}-${row.to_tell}-${row.since}`,
  })
}
