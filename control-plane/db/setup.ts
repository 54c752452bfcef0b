/** First things: the login roles, their connection strings, and the migrations. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import { newSecret } from '../base/id.ts'

export interface DatabaseUrls {
  owner: string
  /** tenants' requests: row-level security by account, nothing without one */
  api: string
  /** requests of the installation's own people, who see every account */
  staff: string
  /** ingest, rating and the other tasks */
  work: string
}
/** The roles that migrations grant to. They can't log in: several installations may share one cluster. */
const GROUPS = ['atalaya_api', 'atalaya_staff', 'atalaya_work'] as const
export const MIGRATIONS = join(import.meta.dirname, 'migrations')
type Group = (typeof GROUPS)[number]
type Passwords = Record<Group, string>

/** Passwords of the login roles, made once and kept beside the data (mode 0600). */
function passwords(folder: string): Passwords {
  const file = join(folder, 'database.json')
  const kept = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<Passwords>) : {}
  if (GROUPS.every((group) => kept[group] !== undefined)) return kept as Passwords
  const made = Object.fromEntries(GROUPS.map((group) => [group, kept[group] ?? newSecret('db')])) as Passwords
  writeFileSync(file, JSON.stringify(made), { mode: 0o600 })
  return made
}

/** The login role of this database that belongs to the group: `atalaya_api` → `<database>_api`, within 63 bytes. */
function loginOf(owner: string, group: Group): string {
  const database = decodeURIComponent(new URL(owner).pathname.slice(1)) || 'postgres'
  return `${Buffer.from(database).subarray(0, 50).toString()}_${group.replace('atalaya_', '')}_login`
}

export function urlsOf(owner: string, folder: string): DatabaseUrls {
  const secret = passwords(folder)
  const as = (group: Group) => {
    const url = new URL(owner)
    url.username = encodeURIComponent(loginOf(owner, group))
    url.password = secret[group]
    return url.toString()
  }
  return { owner, api: as('atalaya_api'), staff: as('atalaya_staff'), work: as('atalaya_work') }
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

/** False where the server knows no such role or password; other errors are the caller's. */
async function canLogIn(url: string): Promise<boolean> {
  const client = postgres(url, { max: 1, connect_timeout: 10, onnotice: () => {} })
  try {
    await client`select 1`
    return true
  } catch (error) {
    if ((error as { code?: string }).code?.startsWith('28')) return false
    throw error
  } finally {
    await client.end({ timeout: 1 })
  }
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

/** What makes the login roles that don't work; `exists` says which of them are there already, under another password. */
function roleStatements(
  owner: string,
  secret: Passwords,
  wanted: readonly Group[],
  exists: ReadonlySet<string>,
): string[] {
  const groups = wanted.map(
    (group) =>
      `do $$ begin create role ${group} nologin; exception when duplicate_object or unique_violation then null; end $$;`,
  )
  const logins = wanted.flatMap((group) => {
    const login = loginOf(owner, group)
    // only a superuser may as much as mention that a role is none
    const make = exists.has(login) ? 'alter role' : 'create role'
    const attributes = exists.has(login) ? 'login' : 'login nosuperuser nobypassrls'
    return [
      `${make} ${quoted(login)} ${attributes} password '${secret[group]}';`,
      `grant ${group} to ${quoted(login)};`,
    ]
  })
  return [...groups, ...logins]
}

/** Makes the roles where they don't work yet. Safe to run at each start. */
async function ensureRoles(owner: postgres.Sql, urls: DatabaseUrls, folder: string): Promise<void> {
  const works = await Promise.all([urls.api, urls.staff, urls.work].map(canLogIn))
  const wanted = GROUPS.filter((_group, index) => !works[index])
  if (wanted.length === 0) return
  const logins = wanted.map((group) => loginOf(urls.owner, group))
  const found = await owner<{ rolname: string }[]>`select rolname from pg_roles where rolname in ${owner(logins)}`
  const exists = new Set(found.map((row) => row.rolname))
  const statements = roleStatements(urls.owner, passwords(folder), wanted, exists)
  try {
    await owner.begin(async (tx) => {
      for (const statement of statements) await tx.unsafe(statement)
    })
  } catch (error) {
    if ((error as { code?: string }).code === '42501') throw new MissingRoles(statements.join('\n'))
    throw error
  }
}

/** Makes the roles alone, for tables that come from elsewhere. */
export async function prepareRoles(ownerUrl: string, folder: string): Promise<void> {
  const owner = postgres(ownerUrl, { max: 1, connect_timeout: 10, onnotice: () => {} })
  try {
    await ensureRoles(owner, urlsOf(ownerUrl, folder), folder)
  } finally {
    await owner.end({ timeout: 2 })
  }
}

/** Makes roles and brings the schema up to date; each migration runs on the data of the one before. */
export async function prepareDatabase(ownerUrl: string, folder: string): Promise<DatabaseUrls> {
  const urls = urlsOf(ownerUrl, folder)
  const owner = postgres(ownerUrl, { max: 1, connect_timeout: 10, onnotice: () => {} })
  try {
    await owner`select 1`
    await ensureRoles(owner, urls, folder)
    await migrate(drizzle(owner), { migrationsFolder: MIGRATIONS })
  } finally {
    await owner.end({ timeout: 2 })
  }
  return urls
}
