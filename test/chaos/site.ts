/** The processes of one trial and the wires between them: PostgreSQL, NATS, two control planes, two agents. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { enrol } from '#agent/enrol.ts'
import { loadIdentity, saveIdentity } from '#agent/identity.ts'
import { type Nats, prepareNats } from '../../deploy/nats.ts'
import { freePort } from '../../deploy/port.ts'
import type { Postgres } from '../../deploy/postgres.ts'
import { endsWithUs } from '../../deploy/process.ts'
import { emptyDatabaseOn, natsServer, type EmptyDatabase } from '../setup/stand.ts'
import type { Fleet } from './fleet.ts'
import { Part } from './part.ts'
import { Proxy } from './proxy.ts'

export const ROOT = join(import.meta.dirname, '../..')

/** The cluster that trials share: each has a database of its own in it, and kills it. */
export interface Ground {
  folder: string
  postgres: Postgres
  database: Part
}
export interface AgentSite {
  part: Part
  state: string
  fleet: Fleet
  witness: string
  proxy: Proxy
  account_id: string
  source_id: string
}
export interface PlaneSite {
  part: Part
  toNats: Proxy
  toPostgres: Proxy
}

const answers = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1_000) })).ok
  } catch {
    return false
  }
}

export class Site {
  readonly folder: string
  readonly ground: Ground
  readonly hush: string
  /** where the control plane's sources lie: the project, or a copy that was broken on purpose */
  readonly sources: string
  /** beneath row security, and by no proxy */
  readonly sql: postgres.Sql
  readonly planes: PlaneSite[] = []
  readonly agents: AgentSite[] = []
  readonly proxies: Proxy[] = []
  readonly nats: Nats
  readonly bus: Part
  origin = ''
  readonly #database: EmptyDatabase
  readonly #data: string

  private constructor(ground: Ground, folder: string, sources: string, database: EmptyDatabase, nats: Nats) {
    this.ground = ground
    this.folder = folder
    this.sources = sources
    this.hush = join(folder, 'hush')
    this.nats = nats
    this.bus = new Part(nats.program, folder, nats.ready)
    this.#database = database
    this.#data = join(folder, 'data')
    this.sql = postgres(database.superuserUrl, { max: 2, onnotice: () => {}, backoff: () => 0.1 })
  }

  static async open(ground: Ground, name: string, sources = ROOT): Promise<Site> {
    const folder = join(ground.folder, name)
    mkdirSync(join(folder, 'data'), { recursive: true, mode: 0o700 })
    const database = await emptyDatabaseOn(ground.postgres)
    const nats = await prepareNats(join(folder, 'nats'), natsServer())
    const site = new Site(ground, folder, sources, database, nats)
    await site.bus.start()
    await site.bus.untilReady()
    await site.command(['control-plane/cli.ts', 'setup'])
    return site
  }

  /** Runs a command of the control plane to its end; the answer is what it printed. */
  async command(args: string[]): Promise<string> {
    const env = { ...process.env, DATABASE_URL: this.#database.ownerUrl, ATALAYA_DATA: this.#data }
    const run = Bun.spawn(endsWithUs(['bun', ...args]), {
      cwd: this.sources,
      env,
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const [out, error, code] = await Promise.all([
      new Response(run.stdout).text(),
      new Response(run.stderr).text(),
      run.exited,
    ])
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${out}${error}`)
    return out
  }

  async #proxy(port: number): Promise<Proxy> {
    const proxy = await Proxy.to(port)
    this.proxies.push(proxy)
    return proxy
  }

  async addPlane(role: 'all' | 'ingest'): Promise<PlaneSite> {
    const [port, toNats, toPostgres] = [
      await freePort(),
      await this.#proxy(this.nats.port),
      await this.#proxy(this.ground.postgres.port),
    ]
    const origin = `http://127.0.0.1:${port}`
    const env = {
      ...process.env,
      DATABASE_URL: toPostgres.through(this.#database.ownerUrl),
      ATALAYA_DATA: this.#data,
      ATALAYA_PORT: String(port),
      ATALAYA_LOG: 'warn',
      ...this.nats.environment(),
      NATS_URL: toNats.through(this.nats.url),
    }
    const command = () => endsWithUs(['bun', 'control-plane/main.ts', '--role', role])
    const part = new Part(
      {
        title: `The control plane (${role})`,
        name: `control-plane-${role}`,
        command,
        cwd: this.sources,
        env,
        stop_ms: 5_000,
      },
      this.folder,
      () => answers(`${origin}/readyz`),
    )
    if (role === 'all') this.origin = origin
    const plane = { part, toNats, toPostgres }
    this.planes.push(plane)
    await part.start()
    await part.untilReady()
    return plane
  }

  async addAgent(fleet: Fleet, account_id: string): Promise<AgentSite> {
    const [state, witness] = [join(this.folder, fleet.host), join(this.folder, `${fleet.host}.witness`)]
    mkdirSync(state, { mode: 0o700 })
    const proxy = await this.#proxy(this.nats.port)
    const { token } = await this.must<{ token: string }>('POST', '/enrolments', {})
    const { agent_id } = await enrol({ url: this.origin, token, name: fleet.host, state, machine_id: null })
    const identity = loadIdentity(state)
    if (!identity) throw new Error(`${state} holds no agent though it enrolled`)
    // without the control plane's address it renews nothing, and so learns of no way past the proxy
    saveIdentity(state, { ...identity, nats_url: proxy.through(identity.nats_url), url: undefined })
    const command = () => endsWithUs(['bun', 'test/chaos/agent.ts', state])
    const part = new Part(
      { title: `The agent ${fleet.host}`, name: `agent-${fleet.host}`, command, cwd: ROOT, stop_ms: 5_000 },
      this.folder,
      async () => true,
    )
    await part.start()
    const source_id = await this.#addSource(agent_id, fleet, account_id, witness)
    const agent = { part, state, fleet, witness, proxy, account_id, source_id }
    this.agents.push(agent)
    return agent
  }

  /** Possible once the agent has said what it hosts. */
  async #addSource(agent: string, fleet: Fleet, account_id: string, witness: string): Promise<string> {
    const settings = { ...fleet, witness, hush: this.hush }
    const wanted = { agent, connector: 'chaos', realm: fleet.host, interval_ms: 1_000, account_id, settings }
    for (let tries = 0; ; tries += 1) {
      const { status, body } = await this.call('POST', '/sources', wanted)
      if (status === 201) return (body as { id: string }).id
      if (tries >= 100) throw new Error(`The source was not made: HTTP ${status} ${JSON.stringify(body)}`)
      await Bun.sleep(100)
    }
  }

  /** Calls the API; a control plane that is away answers by an error of fetch. */
  async call(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const key = readFileSync(join(this.#data, 'api-key'), 'utf8').trim()
    const answer = await fetch(`${this.origin}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(10_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: answer.status, body: await answer.json() }
  }

  async must<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.call(method, path, body)
    if (answer.status >= 300) throw new Error(`${method} ${path}: HTTP ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body as T
  }

  /** From now on the agents see nothing new; what they have said is still on its way. */
  quieten(): void {
    writeFileSync(this.hush, '')
  }

  get parts(): Part[] {
    return [...this.agents, ...this.planes].map(({ part }) => part).concat(this.bus)
  }

  async close(): Promise<void> {
    await Promise.all(this.parts.map((part) => part.stop()))
    await Promise.all(this.proxies.map((proxy) => proxy.close()))
    await this.sql.end({ timeout: 1 })
    await this.#database.drop()
  }
}
