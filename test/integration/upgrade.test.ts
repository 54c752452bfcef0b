/** Upgrades: a backup that each earlier version recorded comes back in this one, with the same documents and usage, and billing goes on. */
import { copyFileSync, mkdtempSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { sql } from 'drizzle-orm'
import { inject } from 'vitest'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { authenticate } from '#control-plane/accounts/index.ts'
import { digests, inspect, restore } from '#control-plane/backup/index.ts'
import { getInvoice, verify } from '#control-plane/billing/index.ts'
import { rows } from '#control-plane/db/index.ts'
import { prepare, type Prepared } from '../setup/prepare.ts'
import { emptyDatabase, Suite } from '../setup/stack.ts'
import { issue, recordedBackups } from './recorded.ts'

let suite: Suite
beforeAll(() => {
  suite = new Suite()
})
afterAll(() => suite.end())

interface Restored {
  world: Prepared
  databaseUrl: string
  data: string
}

/** Restored by this program's commands, and then used the way a start would. */
async function restored(file: string): Promise<Restored> {
  const { ownerUrl: databaseUrl } = await emptyDatabase(suite)
  const data = mkdtempSync(join(suite.folder, 'data-'))
  copyFileSync(join(inject('folder'), 'database.json'), join(data, 'database.json'))
  const { head } = await restore({ databaseUrl, data, file, progress: () => {} })
  const world = await prepare(databaseUrl, data, head.created_at)
  suite.atEnd(() => world.db.$client.end({ timeout: 1 }))
  return { world, databaseUrl, data }
}

const invoices = (world: Prepared) =>
  rows<{ id: string; account_id: string; series_number: number }>(
    world.db,
    sql`select id, account_id, series_number from invoice order by series_year, series_number`,
  )

test('the tables of the first version are among those that were recorded', async () => {
  const levels = await Promise.all(recordedBackups().map(async (file) => (await inspect(file)).head.migrations.length))
  expect(levels[0]).toBe(2)
  expect(levels).toEqual(levels.toSorted((a, b) => a - b))
})

test.each(recordedBackups().map((file) => [basename(file), file] as const))(
  '%s comes back here: the same hashes, every cent proven, and the next number is issued',
  async (_name, file) => {
    const { head, end } = await inspect(file)
    const { world, databaseUrl, data } = await restored(file)
    expect(await digests(databaseUrl)).toEqual(end.digests)
    const proven = await world.run(verify)
    expect(proven).toMatchObject({ findings: [] })
    expect(proven.readings).toBeGreaterThan(0)
    const key = readFileSync(join(data, 'api-key'), 'utf8').trim()
    expect(await authenticate({ tx: world.db, now: () => Date.parse(head.created_at) }, key)).not.toBeNull()

    const before = await invoices(world)
    const last = before.at(-1)!
    const issued = await issue(world, last.account_id)
    expect((await invoices(world)).at(-1)).toMatchObject({ id: issued, series_number: last.series_number + 1 })
    const [older, newer] = [
      await world.run((ctx) => getInvoice(ctx, last.id)),
      await world.run((ctx) => getInvoice(ctx, issued)),
    ]
    expect(newer.period.from).toBe(older.period.to)
    expect(newer.lines.length).toBeGreaterThan(0)
    expect((await world.run(verify)).findings).toEqual([])
  },
)
