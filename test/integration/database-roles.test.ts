/** The roles that the program logs in as: made where they are missing, mended where they don't work, by an owner who is no superuser. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DatabaseUrls, prepareDatabase } from '#control-plane/db/setup.ts'
import { emptyDatabase, Suite } from '../setup/stack.ts'

let suite: Suite
let folder: string
let ownerUrl: string
beforeAll(async () => {
  suite = new Suite()
  folder = mkdtempSync(join(suite.folder, 'roles-'))
  ;({ ownerUrl } = await emptyDatabase(suite))
})
afterAll(() => suite.end())

async function works(urls: DatabaseUrls): Promise<void> {
  for (const role of ['api', 'staff', 'work'] as const) {
    const sql = postgres(urls[role], { max: 1 })
    const [who] = await sql`select pg_has_role(current_user, ${`atalaya_${role}`}, 'member') as member,
      (select rolsuper or rolbypassrls from pg_roles where rolname = current_user) as mighty`
    expect([role, who]).toEqual([role, { member: true, mighty: false }])
    await sql.end({ timeout: 1 })
  }
}
const kept = () => JSON.parse(readFileSync(join(folder, 'database.json'), 'utf8')) as Record<string, string>

test('a new database gets them, and a second start leaves them as they are', async () => {
  await works(await prepareDatabase(ownerUrl, folder))
  const before = kept()
  await works(await prepareDatabase(ownerUrl, folder))
  expect(kept()).toEqual(before)
})

test('an installation from before there was a role for staff gets that one, and keeps the passwords of the others', async () => {
  const before = kept()
  const { atalaya_staff: _gone, ...others } = before
  writeFileSync(join(folder, 'database.json'), JSON.stringify(others), { mode: 0o600 })
  const sql = postgres(ownerUrl, { max: 1, onnotice: () => {} })
  const login = decodeURIComponent(new URL((await prepareDatabase(ownerUrl, folder)).staff).username)
  await works(await prepareDatabase(ownerUrl, folder))
  expect(kept()).toMatchObject(others)
  // also where the login itself was never made
  await sql.unsafe(`drop role "${login}"`)
  await works(await prepareDatabase(ownerUrl, folder))
  await sql.end({ timeout: 1 })
})

test('a data folder that was lost gets new passwords, for the roles that are there', async () => {
  writeFileSync(join(folder, 'database.json'), '{}', { mode: 0o600 })
  await works(await prepareDatabase(ownerUrl, folder))
})
