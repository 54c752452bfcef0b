/** What a suite starts for itself: a database, a NATS server, a control plane, an agent, each ended with the suite. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import { type Nats, prepareNats } from '../../deploy/nats.ts'
import { freePort } from '../../deploy/port.ts'
import { type Postgres, preparePostgres } from '../../deploy/postgres.ts'
import { type Child, endsWithUs } from '../../deploy/process.ts'
import { type EmptyDatabase, emptyDatabaseOn, startChild } from './stand.ts'

const root = join(import.meta.dirname, '../..')

/** Called in a suite's `afterAll`, the last made first. */
export class Suite {
  readonly #ends: Array<() => Promise<unknown> | void> = []
  readonly folder: string

  constructor() {
    this.folder = mkdtempSync(join(inject('folder'), 'suite-'))
    this.#ends.push(() => rmSync(this.folder, { recursive: true, force: true }))
  }

  atEnd(end: () => Promise<unknown> | void): void {
    this.#ends.push(end)
  }

  async end(): Promise<void> {
    for (const end of this.#ends.toReversed()) await end()
    this.#ends.length = 0
  }
}

/** An empty database of its own on the run's PostgreSQL. */
export async function emptyDatabase(suite: Suite): Promise<EmptyDatabase> {
  const made = await emptyDatabaseOn({ ownerUrl: inject('postgresUrl'), superuserUrl: inject('superuserUrl') })
  suite.atEnd(() => made.drop())
  return made
}

/** A PostgreSQL of its own, for suites that stop, kill or starve it. */
export async function ownPostgres(suite: Suite): Promise<{ server: Postgres; child: Child }> {
  const server = await preparePostgres(mkdtempSync(join(suite.folder, 'postgres-')), { durable: false })
  const child = await startChild(server.program, suite.folder, server.ready)
  suite.atEnd(() => child.stop())
  await server.createDatabase()
  return { server, child }
}

/** A NATS of its own: suites that run a control plane need one, or they would take each other's reports. */
export async function ownNats(suite: Suite): Promise<{ server: Nats; child: Child }> {
  const server = await prepareNats(mkdtempSync(join(suite.folder, 'nats-')), inject('natsServer'))
  const child = await startChild(server.program, suite.folder, server.ready)
  suite.atEnd(() => child.stop())
  return { server, child }
}

async function run(command: string[], env: Record<string, string | undefined>): Promise<string> {
  const child = Bun.spawn(endsWithUs(command), { cwd: root, env, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
  const output = [new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited] as const
  const [stdout, stderr, code] = await Promise.all(output)
  if (code !== 0) throw new Error(`${command.join(' ')} failed (exit code ${code}):\n${stderr}${stdout}`)
  return stdout
}

export interface Installation {
  ownerUrl: string
  /** for looking beneath row security; the program never has it */
  superuserUrl: string
  /** data folder, with the API key and the roles' passwords */
  data: string
  apiKey: string
  setupToken: string
  installationId: string
}

/** An installation in an empty database of its own, made by the command that `npm run up` uses. */
export async function freshDatabase(
  suite: Suite,
  data = mkdtempSync(join(suite.folder, 'data-')),
): Promise<Installation> {
  const database = await emptyDatabase(suite)
  copyFileSync(join(inject('folder'), 'database.json'), join(data, 'database.json'))
  return install(database, data)
}

/** The same in a PostgreSQL that the suite started itself. */
export const freshDatabaseOn = (suite: Suite, server: Postgres): Promise<Installation> =>
  install(server, mkdtempSync(join(suite.folder, 'data-')))

async function install(database: { ownerUrl: string; superuserUrl: string }, data: string): Promise<Installation> {
  const { ownerUrl, superuserUrl } = database
  const env = { ...process.env, DATABASE_URL: ownerUrl, ATALAYA_DATA: data, NATS_URL: inject('natsUrl') }
  const printed = await run(['bun', 'control-plane/cli.ts', 'setup'], env)
  const made = JSON.parse(printed.trimEnd().split('\n').at(-1) ?? '') as Record<string, string | undefined>
  return {
    ownerUrl,
    superuserUrl,
    data,
    apiKey: readFileSync(join(data, 'api-key'), 'utf8').trim(),
    setupToken: made.setup_token ?? '',
    installationId: made.installation_id ?? '',
  }
}

export interface ControlPlane {
  origin: string
  child: Child
  /** calls the API with the installation's key */
  api(path: string, init?: RequestInit): Promise<Response>
}

/** The real program on a free port; killed with `child.kill()`, started again with `child.start()` by the suite. */
export async function startControlPlane(
  suite: Suite,
  installation: Installation,
  nats: Nats,
  options: { role?: string; port?: number; natsLog?: string; env?: Record<string, string> } = {},
): Promise<ControlPlane> {
  const port = await freePort(options.port)
  const origin = `http://127.0.0.1:${port}`
  const child = await startChild(
    {
      title: 'The control plane',
      name: `control-plane-${port}`,
      command: () => endsWithUs(['bun', 'control-plane/main.ts', '--role', options.role ?? 'all']),
      cwd: root,
      env: {
        ...process.env,
        DATABASE_URL: installation.ownerUrl,
        ATALAYA_DATA: installation.data,
        ATALAYA_PORT: String(port),
        ...nats.environment(options.natsLog),
        ...options.env,
      },
      stop_ms: 5_000,
    },
    suite.folder,
    () => answers(`${origin}/readyz`),
  )
  suite.atEnd(() => child.stop())
  const api = (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers)
    headers.set('authorization', `Bearer ${installation.apiKey}`)
    if (init.body) headers.set('content-type', 'application/json')
    return fetch(`${origin}/api/v1${path}`, { ...init, headers })
  }
  return { origin, child, api }
}

const answers = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok
  } catch {
    return false
  }
}

/** Enrols a real agent and runs it; its state folder survives a restart of the child. */
export async function startAgent(
  suite: Suite,
  plane: ControlPlane,
  below = suite.folder,
): Promise<{ child: Child; state: string }> {
  const state = mkdtempSync(join(below, 'agent-'))
  const answer = await plane.api('/enrolments', { method: 'POST', body: '{}' })
  if (answer.status !== 201) throw new Error(`No enrolment token: HTTP ${answer.status} ${await answer.text()}`)
  const { token } = (await answer.json()) as { token: string }
  const command = ['bun', 'agent/main.ts', 'enrol', '--url', plane.origin, '--state', state]
  await run(command, { ...process.env, ATALAYA_TOKEN: token })
  const child = await startChild(
    {
      title: 'The agent',
      name: `agent-${state.slice(-6)}`,
      command: () => endsWithUs(['bun', 'agent/main.ts', 'run', '--state', state]),
      cwd: root,
      stop_ms: 5_000,
    },
    suite.folder,
    async () => true,
  )
  suite.atEnd(() => child.stop())
  return { child, state }
}
