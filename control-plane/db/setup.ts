/** First things: the two login roles, their connection strings, and the migrations. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import { newSecret } from '../base/id.ts'

export interface DatabaseUrls {
  owner: string
  api: string
  work: string
}
const ROLES = ['atalaya_api', 'atalaya_work'] as const
type Passwords = Record<(typeof ROLES)[number], string>

/** Passwords of the login roles, made once and kept beside the data (mode 0600). */
function passwords(folder: string): Passwords {
  const file = join(folder, 'database.json')
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Passwords
  const made: Passwords = { atalaya_api: newSecret('db'), atalaya_work: newSecret('db') }
  writeFileSync(file, JSON.stringify(made), { mode: 0o600 })
  return made
}

export function urlsOf(owner: string, folder: string): DatabaseUrls {
  const secret = passwords(folder)
  const as = (role: keyof Passwords) => {
    const url = new URL(owner)
    url.username = role
    url.password = secret[role]
    return url.toString()
  }
  return { owner, api: as('atalaya_api'), work: as('atalaya_work') }
}

/** Thrown when the owner may not make roles; `sql` is what an administrator runs instead. */
export class MissingRoles extends Error {
  readonly sql: string
  constructor(statements: string) {
    super(
      'The database user may not create the roles that the program runs as. Let an administrator run:\n' + statements,
    )
    this.sql = statements
  }
}

const canLogIn = async (url: string): Promise<boolean> => {
  const client = postgres(url, { max: 1, connect_timeout: 10, onnotice: () => {} })
  try {
    await client`select 1`
    return true
  } catch {
    return false
  } finally {
    await client.end({ timeout: 1 })
  }
}

/** Makes the login roles where they don't work yet. Safe to run at each start. */
async function ensureRoles(owner: postgres.Sql, urls: DatabaseUrls, folder: string): Promise<void> {
  const secret = passwords(folder)
  if ((await canLogIn(urls.api)) && (await canLogIn(urls.work))) return
  const statements: string[] = []
  for (const role of ROLES) {
    const [exists] = await owner`select 1 from pg_roles where rolname = ${role}`
    statements.push(
      `${exists ? 'alter' : 'create'} role ${role} login nosuperuser nobypassrls password '${secret[role]}';`,
    )
  }
  try {
    await owner.begin(async (tx) => {
      for (const statement of statements) await tx.unsafe(statement)
    })
  } catch (error) {
    if ((error as { code?: string }).code === '42501') throw new MissingRoles(statements.join('\n'))
    throw error
  }
}

/** Makes roles and brings the schema up to date; each migration runs on the data of the one before. */
export async function prepareDatabase(ownerUrl: string, folder: string): Promise<DatabaseUrls> {
  const urls = urlsOf(ownerUrl, folder)
  const owner = postgres(ownerUrl, { max: 1, connect_timeout: 10, onnotice: () => {} })
  try {
    await owner`select 1`
    await ensureRoles(owner, urls, folder)
    await migrate(drizzle(owner), { migrationsFolder: join(import.meta.dirname, 'migrations') })
  } finally {
    await owner.end({ timeout: 2 })
  }
  return urls
}
