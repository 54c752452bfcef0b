/** One PostgreSQL and, where asked for, one NATS in a temporary folder: for a test run, and for commands that try the product. */
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { newId } from '#control-plane/base/id.ts'
import { prepareDatabase } from '#control-plane/db/setup.ts'
import { type Nats, prepareNats } from '../../deploy/nats.ts'
import { type Postgres, preparePostgres } from '../../deploy/postgres.ts'
import { Child, type Program } from '../../deploy/process.ts'

const READY_MS = 60_000

export async function startChild(program: Program, folder: string, ready: () => Promise<boolean>): Promise<Child> {
  const child = new Child(program, folder)
  try {
    await child.start()
    await child.whenReady(ready, READY_MS)
    return child
  } catch (error) {
    await child.stop()
    throw error
  }
}

const unpacked = join(import.meta.dirname, '../../.tools/debian/nats-server/usr/sbin/nats-server')

/** The program that test/run.sh found, else the one on PATH, else the one that an earlier run unpacked. */
export function natsServer(): string {
  const server = process.env.ATALAYA_NATS_SERVER ?? Bun.which('nats-server') ?? (existsSync(unpacked) ? unpacked : null)
  if (!server) throw new Error('nats-server was not found. Run the tests by `npm test`, which fetches it.')
  return server
}

export class Stand {
  /** of this run; what it starts works below it, and it goes with the stand */
  readonly folder: string
  readonly postgres: Postgres
  readonly #children: Child[] = []

  private constructor(folder: string, server: Postgres) {
    this.folder = folder
    this.postgres = server
  }

  /** Starts PostgreSQL; its roles are made once, so that installations side by side don't each change their passwords. */
  static async open(): Promise<Stand> {
    const folder = mkdtempSync(join(realpathSync(tmpdir()), 'atalaya-test-'))
    const stand = new Stand(folder, await preparePostgres(join(folder, 'postgres'), { durable: false }))
    try {
      await stand.#start(stand.postgres)
      await stand.postgres.createDatabase()
      await prepareDatabase(stand.postgres.ownerUrl, folder)
      return stand
    } catch (error) {
      await stand.end()
      throw error
    }
  }

  async #start({ program, ready }: Pick<Postgres, 'program' | 'ready'>): Promise<void> {
    this.#children.push(await startChild(program, join(this.folder, 'logs'), ready))
  }

  async startNats(program = natsServer()): Promise<Nats> {
    const nats = await prepareNats(join(this.folder, 'nats'), program)
    await this.#start(nats)
    return nats
  }

  /** An empty database of its own; `drop` takes it away again. */
  database(): Promise<EmptyDatabase> {
    return emptyDatabaseOn(this.postgres)
  }

  async end(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.stop()))
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export interface EmptyDatabase {
  ownerUrl: string
  superuserUrl: string
  drop(): Promise<void>
}

const urlWith = (url: string, database: string): string => {
  const changed = new URL(url)
  changed.pathname = database
  return changed.toString()
}

async function once(url: string, statement: string): Promise<void> {
  const client = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await client.unsafe(statement)
  } finally {
    await client.end()
  }
}

export async function emptyDatabaseOn(server: Pick<Postgres, 'ownerUrl' | 'superuserUrl'>): Promise<EmptyDatabase> {
  const name = `test_${newId().replaceAll('-', '')}`
  await once(server.ownerUrl, `create database ${name}`)
  return {
    ownerUrl: urlWith(server.ownerUrl, name),
    superuserUrl: urlWith(server.superuserUrl, name),
    drop: () => once(server.superuserUrl, `drop database if exists ${name} with (force)`),
  }
}
