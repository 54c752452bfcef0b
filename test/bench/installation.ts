/** A whole installation for a bench: real PostgreSQL, real NATS, the real control plane as a process of its own. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { enrol } from '#agent/enrol.ts'
import { urlsOf } from '#control-plane/db/setup.ts'
import { type Nats, prepareNats } from '../../deploy/nats.ts'
import { freePort } from '../../deploy/port.ts'
import { type Child, endsWithUs } from '../../deploy/process.ts'
import { type EmptyDatabase, natsServer, Stand, startChild } from '../setup/stand.ts'
import { processorSeconds } from './process-tree.ts'
import { Sender } from './sender.ts'

const root = join(import.meta.dirname, '../..')

/** Processor seconds by part. */
export interface Cost {
  control_plane: number
  nats: number
  postgres: number
}

/** What some work cost an installation. */
export async function spent(
  installation: Installation,
  work: () => Promise<void>,
): Promise<{ total: number; parts: Cost }> {
  const before = installation.cost()
  await work()
  const after = installation.cost()
  const parts = {
    control_plane: after.control_plane - before.control_plane,
    nats: after.nats - before.nats,
    postgres: after.postgres - before.postgres,
  }
  return { total: parts.control_plane + parts.nats + parts.postgres, parts }
}

interface Parts {
  stand: Stand
  database: EmptyDatabase
  nats: Child
  plane: Child
  startPlane(role: 'all' | 'api'): Promise<Child>
  origin: string
  api_key: string
}

export class Installation {
  readonly folder: string
  readonly superuserUrl: string
  readonly postgresLog: string
  /** where PostgreSQL may write files */
  readonly postgresData: string
  /** as the API connects: row security and privileges hold */
  readonly staffUrl: string
  /** beneath row security: for looking, and for the other side of a comparison */
  readonly sql: postgres.Sql
  readonly #parts: Parts

  private constructor(parts: Parts) {
    this.#parts = parts
    this.folder = parts.stand.folder
    this.superuserUrl = parts.database.superuserUrl
    this.postgresData = parts.stand.postgres.data
    this.postgresLog = join(this.folder, 'logs', 'postgres.log')
    this.staffUrl = urlsOf(parts.database.ownerUrl, join(this.folder, 'data')).staff
    this.sql = postgres(this.superuserUrl, { max: 2, onnotice: () => {}, connection: { TimeZone: 'UTC' } })
  }

  static async start(): Promise<Installation> {
    const stand = await Stand.open()
    try {
      return new Installation(await startParts(stand))
    } catch (error) {
      await stand.end()
      throw error
    }
  }

  get origin(): string {
    return this.#parts.origin
  }

  /** The owner's. */
  get key(): string {
    return this.#parts.api_key
  }

  /** Calls the API with the owner's key, or another; anything but success is an error. */
  async api<T>(path: string, init: RequestInit = {}, key = this.#parts.api_key): Promise<T> {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const answer = await fetch(`${this.#parts.origin}/api/v1${path}`, { ...init, headers })
    if (!answer.ok) throw new Error(`${init.method ?? 'GET'} ${path}: HTTP ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as T
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.api(path, { method: 'POST', body: JSON.stringify(body) })
  }

  /** An agent that is enrolled, connected and has one source. The caller closes it. */
  async addAgent(name: string, account_id?: string): Promise<Sender> {
    const { token } = await this.post<{ token: string }>('/enrolments', {})
    const state = mkdtempSync(join(this.folder, 'agent-'))
    const identity = await enrol({ url: this.#parts.origin, token, name, state, machine_id: null })
    const sender = await Sender.connect(identity)
    const connector = await sender.hello()
    const wanted = { agent: identity.agent_id, connector, realm: name, settings: {}, account_id }
    sender.source = (await this.post<{ id: string }>('/sources', wanted)).id
    return sender
  }

  /** The process of each part; the others of it are below. */
  pids(): Record<keyof Cost, number[]> {
    const { plane, nats, stand } = this.#parts
    const postmaster = readFileSync(join(stand.postgres.data, 'postmaster.pid'), 'utf8').split('\n')[0]
    const running = ({ pid }: Child) => (pid === undefined ? [] : [pid])
    return { control_plane: running(plane), nats: running(nats), postgres: [Number(postmaster)] }
  }

  /** Processor seconds so far. */
  cost(): Cost {
    const { control_plane, nats, postgres: database } = this.pids()
    return {
      control_plane: processorSeconds(control_plane),
      nats: processorSeconds(nats),
      postgres: processorSeconds(database),
    }
  }

  /** From here on the control plane answers requests, and works on nothing in the background. */
  async onlyAnswer(): Promise<void> {
    await this.#parts.plane.stop()
    this.#parts.plane = await this.#parts.startPlane('api')
  }

  async end(): Promise<void> {
    const { plane, nats, stand } = this.#parts
    await this.sql.end({ timeout: 1 })
    await plane.stop()
    await nats.stop()
    await stand.end()
  }
}

async function startParts(stand: Stand): Promise<Parts> {
  const logs = join(stand.folder, 'logs')
  const database = await stand.database()
  const data = join(stand.folder, 'data')
  mkdirSync(data, { mode: 0o700 })
  // the roles of this PostgreSQL have their passwords already
  copyFileSync(join(stand.folder, 'database.json'), join(data, 'database.json'))
  const server = await prepareNats(join(stand.folder, 'nats'), natsServer())
  const nats = await startChild(server.program, logs, server.ready)
  try {
    const port = await freePort()
    const env = environment(database, data, server, port)
    const made = Bun.spawnSync(['bun', 'control-plane/cli.ts', 'setup'], { cwd: root, env })
    if (made.exitCode !== 0) throw new Error(`Set-up failed: ${made.stderr.toString()}`)
    const start = (role: 'all' | 'api') => startPlane(env, port, logs, role)
    const plane = await start('all')
    const api_key = readFileSync(join(data, 'api-key'), 'utf8').trim()
    return { stand, database, nats, plane, startPlane: start, origin: `http://127.0.0.1:${port}`, api_key }
  } catch (error) {
    await nats.stop()
    throw error
  }
}

const environment = (database: EmptyDatabase, data: string, nats: Nats, port: number) => ({
  ...process.env,
  DATABASE_URL: database.ownerUrl,
  ATALAYA_DATA: data,
  ATALAYA_PORT: String(port),
  ...nats.environment(),
  // a sender renews nothing
  ATALAYA_AGENT_CREDENTIAL_SECONDS: '86400',
})

/** `ATALAYA_BENCH_PROFILE`: a folder for the control plane's processor profile. */
function startPlane(
  env: ReturnType<typeof environment>,
  port: number,
  logs: string,
  role: 'all' | 'api',
): Promise<Child> {
  const folder = process.env.ATALAYA_BENCH_PROFILE
  const profile = folder ? ['--cpu-prof', `--cpu-prof-dir=${folder}`] : []
  const program = {
    title: 'The control plane',
    name: 'control-plane',
    command: () => endsWithUs(['bun', ...profile, 'control-plane/main.ts', '--role', role]),
    cwd: root,
    env,
    stop_ms: 10_000,
  }
  return startChild(program, logs, () => answers(`http://127.0.0.1:${port}/readyz`))
}

const answers = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok
  } catch {
    return false
  }
}
