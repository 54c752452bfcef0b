/** Connections, transactions, and the context that every verb receives. */
import { sql } from 'drizzle-orm'
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { type Actor, programFor } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import type { Instant } from '../base/time.ts'

export type Database = PostgresJsDatabase & { $client: postgres.Sql }
export type Tx = Parameters<Parameters<Database['transaction']>[0]>[0]
export type Clock = () => Instant

/** Who acts, in which transaction, by which clock, for which request. */
export interface Context {
  tx: Tx
  actor: Actor
  now: Clock
  request_id: string
  /**
   * Computes from what no tenant's connection may read, such as facts of the time before a machine was his. For a tenant it runs as
   * the program, in a transaction of its own: what he may know must have been decided before. For all others it is just a call.
   */
  program<T>(work: (ctx: Context) => Promise<T>): Promise<T>
}

/** Seconds until a connection is tried again: soon after the database is back, however long it was away. */
const backOff = (retries: number): number => Math.min(1, 0.05 * 2 ** Math.min(retries, 10)) * (0.5 + Math.random() / 2)

/** A pool of at most `size` connections; sessions are in UTC and no statement may run for ever. */
export function connect(url: string, size: number): Database {
  const client = postgres(url, {
    max: size,
    idle_timeout: 60,
    connect_timeout: 10,
    backoff: backOff,
    onnotice: () => {},
    connection: { TimeZone: 'UTC', statement_timeout: 120_000, idle_in_transaction_session_timeout: 120_000 },
  })
  return drizzle(client) as Database
}

/** Runs a verb's work in one transaction. */
export async function transact<T>(
  db: Database,
  actor: Actor,
  now: Clock,
  work: (ctx: Context) => Promise<T>,
  request_id = newId(),
): Promise<T> {
  return await inTransaction(db, (tx) => {
    const ctx: Context = { tx, actor, now, request_id, program: (inner) => inner(ctx) }
    return work(ctx)
  })
}

/** Runs work in a savepoint: where it throws, what it did is undone, and the transaction goes on. */
export const attempt = <T>(ctx: Context, work: (ctx: Context) => Promise<T>): Promise<T> =>
  ctx.tx.transaction((tx) => {
    const inner: Context = { ...ctx, tx, program: isFenced(ctx) ? ctx.program : (other) => other(inner) }
    return work(inner)
  })

/** Until the transaction ends all that is read is of one moment; must be its first statement. */
export const readOneMoment = (tx: Tx) => tx.execute(sql`set transaction isolation level repeatable read`)

const isFenced = ({ actor }: Context): boolean => actor.account_id !== null

/** Connections that reach one account at a time, and those on which the program computes for it. */
export interface TenantPools {
  tenants: Database
  db: Database
}

/** Runs a tenant's verb: his connection sees his account and those below it, whatever the query says. */
export async function transactAsTenant<T>(
  { tenants, db }: TenantPools,
  actor: Actor & { account_id: string },
  now: Clock,
  work: (ctx: Context) => Promise<T>,
  request_id = newId(),
): Promise<T> {
  const program: Context['program'] = (inner) => transact(db, programFor(actor), now, inner, request_id)
  return await inTransaction(tenants, async (tx) => {
    // of no project at all is another thing than not narrowed: an empty array, never an empty text
    const projects = actor.project_ids ? arrayText(actor.project_ids) : ''
    await tx.execute(
      sql`select set_config('app.account_id', ${actor.account_id}, true), set_config('app.project_ids', ${projects}, true)`,
    )
    return work({ tx, actor, now, request_id, program })
  })
}

async function inTransaction<T>(db: Database, work: (tx: Tx) => Promise<T>): Promise<T> {
  try {
    return await db.transaction(work)
  } catch (error) {
    if (databaseError(error)?.code === DISK_FULL) refusedAt = performance.now()
    throw error
  }
}

const DISK_FULL = '53100'
/** What was refused is tried again sooner than this, so that a disk that is full stays known as full. */
const FULL_FOR_MS = 30_000
let refusedAt = -Infinity

/** True where PostgreSQL lately had no space for what this process wrote. */
export const isDiskFull = (): boolean => performance.now() - refusedAt < FULL_FOR_MS

/** The SQLSTATE and constraint beneath Drizzle's wrapper, if the error came from PostgreSQL. */
export function databaseError(error: unknown): { code: string; constraint: string | undefined } | null {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof postgres.PostgresError)) return null
  return { code: cause.code, constraint: cause.constraint_name }
}

/** True where the database can't be reached: the caller should wait, not give up. */
export function isUnreachable(error: unknown): boolean {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = (cause as { code?: string } | undefined)?.code ?? ''
  return /^(CONNECT|CONNECTION_|ECONN|EPIPE|ENOTFOUND|ENOENT|ETIMEDOUT|57P0|53300|08)/.test(code)
}

/** True where two transactions met: one of them was sent back, and does well to try again. */
export const collided = (error: unknown): boolean => ['40P01', '40001'].includes(databaseError(error)?.code ?? '')

/** Rows of a hand-written query. */
export async function rows<T>(tx: Tx | Database, query: ReturnType<typeof sql>): Promise<T[]> {
  return (await tx.execute(query)) as unknown as T[]
}
/** An instant column of a hand-written query as milliseconds in text; `Number` it. */
export const ms = (column: ReturnType<typeof sql>) => sql`(extract(epoch from ${column}) * 1000)::int8`

/** A column among ids: one parameter and one plan, however many they are. */
export const among = (column: unknown, ids: Iterable<string>) =>
  sql<boolean>`${column} = any(${`{${[...ids].join(',')}}`}::uuid[])`

type Cell = string | number | boolean | null
/** An array as PostgreSQL writes it: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
export const arrayText = (cells: readonly Cell[]): string =>
  `{${cells.map((cell) => (typeof cell === 'string' ? `"${cell.replace(/["\\]/g, '\\$&')}"` : String(cell))).join(',')}}`

/** Types whose values hold nothing that an array would have to quote. */
const BARE = new Set(['uuid', 'timestamptz', 'int4', 'int8', 'numeric', 'bool'])
/** A column of many rows as a parameter and the function that makes rows of it again. */
function column(cells: readonly Cell[], type: string) {
  if (type === 'jsonb') return sql`jsonb_array_elements(${`[${cells.join(',')}]`}::jsonb)`
  const text = BARE.has(type) ? `{${cells.map(String).join(',')}}` : arrayText(cells)
  return sql`unnest(${text}::${sql.raw(type)}[])`
}

/**
 * Many rows as one parameter for each column, named as its `types` are, of the relation `as`: PostgreSQL reads arrays at half the
 * cost of a JSON record set, knows how many rows come, and plans one statement, however many there are. What is the same in all
 * rows is sent once. Cells of JSON columns (never null) and of array columns are text.
 */
export const columnar = <C extends string>(
  list: readonly Readonly<Record<NoInfer<C>, Cell>>[],
  types: Readonly<Record<C, string>>,
  as = 'i',
) => {
  const names = Object.keys(types) as C[]
  const quoted = (some: readonly C[]) => sql.raw(some.map((name) => `"${name}"`).join(', '))
  const [first] = list
  const varying = names.filter((name, index) => index === 0 || list.some((row) => row[name] !== first?.[name]))
  const each = names.map((name) => {
    if (varying.includes(name)) return quoted([name])
    const cell = first?.[name] ?? null
    // as text: the driver would write a boolean in its own way
    return sql`${cell === null ? null : String(cell)}::text::${sql.raw(types[name])} as ${quoted([name])}`
  })
  const columns = varying.map((name) =>
    column(
      list.map((row) => row[name]),
      types[name],
    ),
  )
  return sql`(select ${sql.join(each, sql`, `)} from rows from (${sql.join(columns, sql`, `)}) as v(${quoted(varying)})) as ${sql.raw(as)}`
}
