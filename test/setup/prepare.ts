/** A database with a legal entity and a first account, used without a process, by a clock that the test sets. */
import { sql } from 'drizzle-orm'
import { setUp } from '#control-plane/accounts/index.ts'
import { system } from '#control-plane/base/actor.ts'
import { newId } from '#control-plane/base/id.ts'
import { closeCut } from '#control-plane/db/cut.ts'
import { connect, type Context, type Database, rows, transact } from '#control-plane/db/index.ts'
import { prepareDatabase } from '#control-plane/db/setup.ts'
import { ensureKeys, keyPlaces, useKeys } from '#control-plane/secrets/index.ts'

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

/** `folder` keeps the passwords of the database's roles; the caller ends `db.$client`. */
export async function prepare(
  ownerUrl: string,
  folder: string,
  now: string,
  zone = 'Europe/Madrid',
): Promise<Prepared> {
  const keys = keyPlaces({}, folder)
  ensureKeys(keys)
  useKeys(keys)
  const urls = await prepareDatabase(ownerUrl, folder)
  const db = connect(urls.work, 4)
  const clock = { now: Date.parse(now) }
  const run: Prepared['run'] = (work) => transact(db, system('test'), () => clock.now, work, newId())
  const { account_id, legal_entity_id } = await run((ctx) => setUp(ctx, zone))
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
