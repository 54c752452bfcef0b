/** Verbs of backups: one file with all of an installation as it was at one moment, and an empty installation made whole from it. */
import { mkdirSync } from 'node:fs'
import { prepareRoles } from '../db/setup.ts'
import { version } from '../http/version.ts'
import { iso, type Instant } from '../base/time.ts'
import type { Digests, End, Head, OnProgress } from './contract.ts'
import { readKept, refuseOthers, writeKept } from './files.ts'
import { type Contents, inspect, UnusableBackup, walk } from './reading.ts'
import { inDependencyOrder, percentOf, rowsIn, whyMigrationsDiffer } from './rules.ts'
import * as store from './store.ts'
import { Writing } from './writing.ts'

export { inspect }
export { holdsKeys } from './files.ts'

interface Place {
  /** as the database's owner */
  databaseUrl: string
  /** the data folder */
  data: string
  file: string
  progress: OnProgress
}

/** Writes the installation to the file while it runs. Throws, and leaves no file, where anything fails. */
export async function backUp(
  { databaseUrl, data, file, progress }: Place,
  { force, now }: { force: boolean; now: Instant },
): Promise<{ head: Head; end: End }> {
  return await store.readingOneMoment(databaseUrl, { alone: true }, async (tx, tables) => {
    const origin = await store.originOf(tx)
    if (!origin)
      throw new Error('There is no installation in this database: nothing to back up. Was the right one meant?')
    const head = {
      ...origin,
      program_version: version,
      created_at: iso(now),
      migrations: await store.appliedMigrations(tx),
    }
    const writing = await Writing.begin(file, force)
    try {
      await writing.head(head)
      for (const kept of readKept(data)) await writing.keep(kept)
      const counted = await writeTables(tx, inDependencyOrder(tables), writing, progress)
      const end = { ...counted, sequences: await store.sequencesOf(tx), digests: await store.digestsOf(tx) }
      await writing.end(end)
      return { head, end }
    } catch (error) {
      await writing.discard()
      throw error
    }
  })
}

type Tx = Parameters<typeof store.digestsOf>[0]

async function writeTables(
  tx: Tx,
  tables: readonly store.CopiedTable[],
  writing: Writing,
  progress: OnProgress,
): Promise<Pick<End, 'tables' | 'rows' | 'bytes'>> {
  const all = tables.reduce((sum, { disk_bytes }) => sum + disk_bytes, 0)
  const done = { rows: 0, bytes: 0 }
  let [tables_done, done_disk_bytes] = [0, 0]
  for (const { name, columns, disk_bytes } of tables) {
    let table_bytes = 0
    await writing.table({ name, columns }, store.copyOut(tx, { name, columns }), (rows, bytes) => {
      done.rows += rows
      done.bytes += bytes
      table_bytes += bytes
      // a table's text is about as long as the table on the disk
      const percent = percentOf(done_disk_bytes + Math.min(table_bytes, disk_bytes), all)
      progress({ table: name, tables_done, tables: tables.length, ...done, percent })
    })
    tables_done += 1
    done_disk_bytes += disk_bytes
  }
  return { tables: tables_done, ...done }
}

/**
 * Makes an empty database and data folder the installation of the file: checks the file whole before anything is written, and writes
 * all or nothing. A backup of an older version is brought up to this program's.
 */
export async function restore({ databaseUrl, data, file, progress }: Place): Promise<Contents> {
  const contents = await inspect(file)
  const { head, files } = contents
  const why = whyMigrationsDiffer(head.migrations, store.knownMigrations(), head.program_version)
  if (why) throw new UnusableBackup(file, why)
  refuseOthers(data, files)
  await refuseInhabited(databaseUrl)
  mkdirSync(data, { recursive: true, mode: 0o700 })
  await prepareRoles(databaseUrl, data)
  let undo = () => {}
  try {
    await store.writingAllOrNothing(databaseUrl, async (tx) => {
      await load(tx, file, contents, progress)
      undo = writeKept(data, files)
    })
  } catch (error) {
    undo()
    throw error
  }
  return contents
}

async function refuseInhabited(databaseUrl: string): Promise<void> {
  const { database, tables, installation } = await store.whatStandsIn(databaseUrl)
  if (tables.length === 0) return
  const what = installation ? `the installation ${installation}` : `tables (${tables.slice(0, 3).join(', ')}, …)`
  throw new Error(
    `The database ${database} holds ${what}, and a restore only goes into an empty one. Nothing was changed. ` +
      'Make a new database and name it in DATABASE_URL; or, with the PostgreSQL of `npm run up`, choose a new folder: ATALAYA_DATA=FOLDER.',
  )
}

async function load(tx: Tx, file: string, { head, end }: Contents, progress: OnProgress): Promise<void> {
  const level = head.migrations.length
  await store.migrate(tx, 0, level)
  const made = inDependencyOrder(await store.tablesOf(tx))
  for (const table of made.toReversed()) await store.clear(tx, table)
  const loaded = await loadTables(tx, file, end, progress)
  const forgotten = made.filter(({ name }) => !loaded.has(name))
  if (forgotten.length > 0)
    throw new UnusableBackup(file, `It lacks tables of its version: ${forgotten.map(({ name }) => name).join(', ')}.`)
  await store.setSequences(tx, end.sequences)
  await store.migrate(tx, level, store.knownMigrations().length)
  await store.analyze(tx, await store.tablesOf(tx))
  for (const difference of differencesOf(end.digests, await store.digestsOf(tx))) throw new Error(difference)
}

/** Loads each table and counts what PostgreSQL then holds; returns their names. */
async function loadTables(tx: Tx, file: string, end: End, progress: OnProgress): Promise<Set<string>> {
  const loaded = new Set<string>()
  const done = { rows: 0, bytes: 0 }
  let arrived = 0
  await walk(file, async (table, rows) => {
    async function* counted() {
      for await (const piece of rows) {
        yield piece
        done.rows += rowsIn(piece)
        done.bytes += piece.length
        const percent = percentOf(done.bytes, end.bytes)
        progress({ table: table.name, tables_done: loaded.size, tables: end.tables, ...done, percent })
      }
    }
    await store.copyIn(tx, table, counted())
    arrived += await store.countRows(tx, table)
    loaded.add(table.name)
  })
  if (arrived !== end.rows)
    throw new Error(`${end.rows} rows were backed up, but ${arrived} arrived. Nothing was changed.`)
  return loaded
}

function differencesOf(expected: Digests, found: Digests): string[] {
  return (['ledger', 'usage'] as const)
    .filter((name) => expected[name] !== found[name])
    .map((name) => `The ${name} hash is ${found[name]} after loading, but was ${expected[name]}. Nothing was changed.`)
}

/** The two hashes of an installation as it is now. */
export const digests = (databaseUrl: string): Promise<Digests> =>
  store.readingOneMoment(databaseUrl, { alone: false }, store.digestsOf)
