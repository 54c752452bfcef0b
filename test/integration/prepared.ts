/** A database of its own with a legal entity and a first account, and a clock that the test sets. */
import { newId } from '#control-plane/base/id.ts'
import { system } from '#control-plane/base/actor.ts'
import { setUp } from '#control-plane/accounts/index.ts'
import { closeCut } from '#control-plane/db/cut.ts'
import { connect, type Context, type Database, rows, transact } from '#control-plane/db/index.ts'
import { prepareDatabase } from '#control-plane/db/setup.ts'
import { sql } from 'drizzle-orm'
import { inject } from 'vitest'
import { emptyDatabase, type Suite } from '../setup/stack.ts'

export interface Prepared {
  db: Database
  clock: { now: number }
  account_id: string
  legal_entity_id: string
  /** one transaction of the program itself */
  run<T>(work: (ctx: Context) => Promise<T>): Promise<T>
  openCut(): Promise<number>
  /** closes the open cut and gives its number */
  closeCut(): Promise<number>
}

export async function prepared(suite: Suite, now: string): Promise<Prepared> {
  const { ownerUrl } = await emptyDatabase(suite)
  const urls = await prepareDatabase(ownerUrl, inject('folder'))
  const db = connect(urls.work, 4)
  suite.atEnd(() => db.$client.end({ timeout: 1 }))
  const clock = { now: Date.parse(now) }
  const run: Prepared['run'] = (work) => transact(db, system('test'), () => clock.now, work, newId())
  const { account_id, legal_entity_id } = await run((ctx) => setUp(ctx, 'Europe/Madrid'))
  return {
    db,
    clock,
    account_id,
    legal_entity_id,
    run,
    openCut: async () => {
      const [open] = await rows<{ number: number }>(db, sql`select number from cut where closed_at is null`)
      return Number(open?.number)
    },
    closeCut: async () => Number((await run((ctx) => closeCut(ctx, async () => true)))?.number),
  }
}
