/** What a backup reads and writes in PostgreSQL, by COPY alone: it needs no tools of the server's version, and holds no table in memory. */
import { readMigrationFiles } from 'drizzle-orm/migrator'
import postgres from 'postgres'
import { sure } from '../base/problem.ts'
import { MIGRATIONS } from '../db/setup.ts'
import type { Digests, Table } from './contract.ts'
import { copied, feed, sha256Of } from './copy.ts'

type Tx = postgres.TransactionSql
type Sql = postgres.Sql | Tx

/** Values as text must not depend on whose session wrote them. `row_security` off: a policy may refuse, but never hide rows. */
const SESSION = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  row_security: false,
  statement_timeout: 0,
  idle_in_transaction_session_timeout: 0,
}
const LOCK = 7_241_009

/** One connection as the owner, for as long as the work takes. */
async function asOwner<T>(url: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, connect_timeout: 10, onnotice: () => {}, connection: SESSION })
  try {
    return await work(sql)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/** A failure cuts the connection, which ends the transaction however deep in a COPY it is; a rollback would wait for the COPY's end. */
async function inTransaction<T>(sql: postgres.Sql, options: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  let failure: { error: unknown } | null = null
  try {
    return (await sql.begin(options, async (tx) => {
      try {
        return await work(tx)
      } catch (error) {
        failure = { error }
        void sql.end({ timeout: 0 })
        throw error
      }
    })) as T
  } catch (error) {
    throw (failure as { error: unknown } | null)?.error ?? error
  }
}

/** All that `work` reads is of one moment, whatever is written meanwhile; it holds nobody up but migrations. */
export const readingOneMoment = <T>(
  url: string,
  { alone }: { alone: boolean },
  work: (tx: Tx, tables: CopiedTable[]) => Promise<T>,
): Promise<T> =>
  asOwner(url, async (sql) => {
    if (alone) await holdLock(sql)
    const before = await tablesOf(sql)
    return await inTransaction(sql, 'isolation level repeatable read read only', async (tx) => {
      // locked before anything is read: the moment is fixed by the first read, and no table may change its shape after it
      if (before.length > 0) await tx.unsafe(`lock table ${before.map(named).join(', ')} in access share mode`)
      const tables = await tablesOf(tx)
      const shape = (list: readonly CopiedTable[]) => JSON.stringify(list.map(({ name, columns }) => [name, columns]))
      if (shape(before) !== shape(tables)) throw new Error('The tables changed just now (an upgrade?). Run it again.')
      return await work(tx, tables)
    })
  })

/** All that `work` writes is there at its end, or nothing is. */
export const writingAllOrNothing = <T>(url: string, work: (tx: Tx) => Promise<T>): Promise<T> =>
  asOwner(url, async (sql) => {
    await holdLock(sql)
    return await inTransaction(sql, '', work)
  })

/** Until the session ends: two at once would share a file, or a database. */
async function holdLock(sql: Sql): Promise<void> {
  const [row] = await sql<{ held: boolean }[]>`select pg_try_advisory_lock(${LOCK}) as held`
  if (!row?.held) throw new Error('Another backup or restore of this database is running. Wait for its end.')
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
const named = ({ name }: { name: string }): string => `public.${quoted(name)}`
const listed = (columns: readonly string[]): string => columns.map(quoted).join(', ')

export interface CopiedTable extends Table {
  references: string[]
  /** on the disk, for the progress */
  disk_bytes: number
}

/** Every table with the columns that are stored, and what it refers to: from the catalogue, so that none is forgotten. */
export const tablesOf = (sql: Sql): Promise<CopiedTable[]> =>
  sql<CopiedTable[]>`
    select c.relname as name, pg_table_size(c.oid)::float8 as disk_bytes,
      (select array_agg(a.attname::text order by a.attnum) from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
      array(select distinct r.relname::text from pg_constraint f join pg_class r on r.oid = f.confrelid
        where f.conrelid = c.oid and f.contype = 'f' order by 1) as "references"
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e') order by c.relname`.then(
    (rows) => [...rows],
  )

/** Last values by name; a sequence that was never used is left out. */
export async function sequencesOf(sql: Sql): Promise<Record<string, string>> {
  const rows = await sql<{ name: string; last: string }[]>`
    select sequencename::text as name, last_value::text as last from pg_sequences where schemaname = 'public' and last_value is not null`
  return Object.fromEntries(rows.map(({ name, last }) => [name, last]))
}
export async function setSequences(sql: Sql, sequences: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, last] of Object.entries(sequences))
    await sql`select setval(${`public.${quoted(name)}`}::text::regclass, ${last}::text::int8)`
}

export interface Origin {
  installation_id: string
  cut: number
  postgres_version: string
}
/** Which installation this is; null where none was set up. */
export async function originOf(sql: Sql): Promise<Origin | null> {
  const [made] = await sql<{ there: boolean }[]>`select to_regclass('public.installation') is not null as there`
  if (!made?.there) return null
  const [row] = await sql<Origin[]>`
    select id::text as installation_id, (select number from public.cut where closed_at is null) as cut,
      current_setting('server_version') as postgres_version from public.installation limit 1`
  return row ?? null
}

/** Anything of ours or of others: names of what stands where a restored installation would. */
export async function whatStandsIn(url: string): Promise<{ database: string; tables: string[]; installation: string }> {
  return await asOwner(url, async (sql) => {
    const [row] = await sql<{ database: string; tables: string[] }[]>`
      select current_database()::text as database, array(select format('%s.%s', n.nspname, c.relname) from pg_class c
        join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('public', 'drizzle') and c.relkind in ('r', 'p', 'v', 'm')
        and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e') order by 1) as tables`
    return { ...sure(row), installation: (await originOf(sql))?.installation_id ?? '' }
  })
}

/** A table's rows as COPY's text. All of them must be taken before the transaction does anything else. */
export const copyOut = (tx: Tx, { name, columns }: Table): AsyncGenerator<Buffer> =>
  copied(tx.unsafe(`copy (select ${listed(columns)} from ${named({ name })}) to stdout`))
/** Loads rows of COPY's text; throws PostgreSQL's own error. */
export async function copyIn(tx: Tx, { name, columns }: Table, rows: AsyncIterable<Buffer>): Promise<void> {
  const table = named({ name })
  // what it refers to is there already; what waits to be looked for at the end would keep the table from being altered
  await tx.unsafe('set constraints all immediate')
  const [forced] = await tx.unsafe(`select from pg_class where oid = '${table}'::regclass and relforcerowsecurity`)
  // PostgreSQL copies into no table whose policies bind its owner, too; they bind him again before anyone sees the rows
  if (forced) await tx.unsafe(`alter table ${table} no force row level security`)
  await feed(tx.unsafe(`copy ${table} (${listed(columns)}) from stdin`), rows)
  if (forced) await tx.unsafe(`alter table ${table} force row level security`)
}

export async function countRows(tx: Tx, table: { name: string }): Promise<number> {
  const [row] = await tx.unsafe<{ rows: number }[]>(`select count(*)::float8 as rows from ${named(table)}`)
  return sure(row).rows
}
/** Removes what migrations put in; issued documents can't be, and no migration makes any. */
export async function clear(tx: Tx, table: { name: string }): Promise<void> {
  if ((await countRows(tx, table)) > 0) await tx.unsafe(`delete from ${named(table)}`)
}
export const analyze = (tx: Tx, tables: readonly { name: string }[]) =>
  tx.unsafe(`analyze ${tables.map(named).join(', ')}`)

/** Both are of facts that no later version of the program words in another way. */
const LEDGER = `select legal_entity_id, document_type, series_year, series_number, number, content_hash, previous_hash
  from public.invoice order by legal_entity_id, document_type collate "C", series_year, series_number`
const USAGE = `select resource_id, meter, hour, quantity, estimated, reading_count, digest
  from public.usage_hour where cut_to is null order by resource_id, meter collate "C", hour`

const digestOf = (tx: Tx, query: string): Promise<string> => sha256Of(copied(tx.unsafe(`copy (${query}) to stdout`)))
/** The ledger: every issued document's hash in the order of its series. Usage: every hour that counts now. */
export const digestsOf = async (tx: Tx): Promise<Digests> => ({
  ledger: await digestOf(tx, LEDGER),
  usage: await digestOf(tx, USAGE),
})

/** Hashes of this program's migrations, in order. */
export const knownMigrations = (): string[] => migrations().map(({ hash }) => hash)
const migrations = () => readMigrationFiles({ migrationsFolder: MIGRATIONS })

export async function appliedMigrations(sql: Sql): Promise<string[]> {
  const rows = await sql<{ hash: string }[]>`select hash from drizzle.__drizzle_migrations order by created_at`
  return rows.map(({ hash }) => hash)
}

/** Migrates from one level to another within the transaction, leaving the record that the migrator of a start goes by. */
export async function migrate(tx: Tx, from: number, to: number): Promise<void> {
  await tx.unsafe(`create schema if not exists drizzle;
    create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)`)
  for (const { sql, hash, folderMillis } of migrations().slice(from, to)) {
    for (const statement of sql) await tx.unsafe(statement)
    await tx`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${folderMillis})`
  }
}
