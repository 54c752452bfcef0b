/** Real agents under their launcher, and versions of the agent to bring them to: copies of its sources with another version, sound or with a planted fault. */
import { chmodSync, cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { expect, vi } from 'vitest'
import package_ from '../../package.json' with { type: 'json' }
import type { SignedRelease } from '#connectors/contract.ts'
import { Child, endsWithUs } from '../../deploy/process.ts'
import { makeKey, signRelease } from '../../deploy/release.ts'
import {
  type ControlPlane,
  freshDatabase,
  type Installation,
  ownNats,
  startControlPlane,
  type Suite,
} from '../setup/stack.ts'

const root = join(import.meta.dirname, '../..')
export const PLATFORM = `${process.platform}-${process.arch}`

/** A text of a source file, and what stands there in the faulty version. */
export interface Fault {
  path: string
  of: string
  becomes: string
}
export const FAULTS = {
  crashes: { path: 'agent/main.ts', of: '    beFrugal()\n', becomes: '    process.exit(7)\n' },
  hangs: { path: 'agent/main.ts', of: '    beFrugal()\n', becomes: '    for (;;);\n' },
  says_nothing: { path: 'agent/agent.ts', of: '    void this.#reporter.run()\n', becomes: '' },
  ails: {
    path: 'agent/source.ts',
    of: '    this.#session ??= await this.#open()\n',
    becomes:
      "    if (performance.now() > 25_000) throw new Error('planted')\n    this.#session ??= await this.#open()\n",
  },
} as const satisfies Record<string, Fault>

/** The program of a version: a line of shell, as good as a single file. */
export function buildVersion(below: string, version: string, fault?: Fault): string {
  const folder = mkdtempSync(join(below, `version-${version}-`))
  for (const part of ['agent', 'connectors', 'tsconfig.json'])
    cpSync(join(root, part), join(folder, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const package_ = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as object
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...package_, version }))
  if (fault) {
    const text = readFileSync(join(folder, fault.path), 'utf8')
    if (!text.includes(fault.of)) throw new Error(`${fault.path} has no such text any more: ${fault.of}`)
    writeFileSync(join(folder, fault.path), text.replace(fault.of, fault.becomes))
  }
  const program = join(folder, 'atalaya-agent')
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${join(folder, 'agent/main.ts')}' "$@"\n`)
  chmodSync(program, 0o755)
  return program
}

export interface FleetAgent {
  id: string
  name: string
  state: string
  child: Child
}

export class Fleet {
  readonly #suite: Suite
  readonly #plane: Pick<ControlPlane, 'origin' | 'api'>
  /** file of the key that signs now */
  key: string
  readonly #data: string

  constructor(suite: Suite, plane: Pick<ControlPlane, 'origin' | 'api'>, { data }: Installation) {
    this.#suite = suite
    this.#plane = plane
    this.#data = data
    this.key = join(suite.folder, `release-${crypto.randomUUID()}.key`)
    this.trusts(makeKey(this.key))
  }

  /** The keys of agents that enrol from now on. */
  trusts(...keys: string[]): void {
    writeFileSync(join(this.#data, 'release-keys'), `# of this test\n${keys.join('\n')}\n`)
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const init = { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
    const answer = await this.#plane.api(path, init)
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  /** Enrolled, and started as a service would be; its own machine is read every second. */
  async agent(name: string, env: Record<string, string> = {}): Promise<FleetAgent> {
    const state = mkdtempSync(join(this.#suite.folder, 'agent-'))
    const { token } = await this.call<{ token: string }>('POST', '/enrolments', {})
    const enrol = ['bun', 'agent/main.ts', 'enrol', '--url', this.#plane.origin, '--state', state, '--name', name]
    const { exitCode, stderr } = Bun.spawnSync(enrol, { cwd: root, env: { ...process.env, ATALAYA_TOKEN: token } })
    if (exitCode !== 0) throw new Error(`enrolment failed: ${stderr}`)
    const { agent_id: id } = JSON.parse(readFileSync(join(state, 'agent.json'), 'utf8')) as { agent_id: string }
    const { items } = await this.call<{ items: { id: string; agent_id: string }[] }>('GET', '/sources')
    const source = items.find(({ agent_id }) => agent_id === id)
    await this.call('PATCH', `/sources/${source?.id}`, { interval_ms: 1_000 })
    const child = new Child(
      {
        title: name,
        name,
        command: () => endsWithUs(['sh', 'agent/launch.sh', state, 'bun', 'agent/main.ts', 'run', '--state', state]),
        cwd: root,
        env: { ...process.env, ...env },
        stop_ms: 5_000,
      },
      this.#suite.folder,
    )
    await child.start()
    child.supervise()
    this.#suite.atEnd(() => child.stop())
    return { id, name, state, child }
  }

  /** Signed, registered and stored, as an operator does. */
  async release(program: string, version: string, next_key?: string): Promise<{ id: string; signed: SignedRelease }> {
    const signed = await signRelease(program, this.key, { version, platform: PLATFORM, next_key })
    const { id } = await this.call<{ id: string }>('POST', '/agent-releases', signed)
    const answer = await fetch(`${this.#plane.origin}/api/v1/agent-releases/${id}/file`, {
      method: 'PUT',
      headers: { ...this.headers, 'content-type': 'application/octet-stream' },
      body: readFileSync(program),
    })
    if (answer.status !== 200) throw new Error(`the file was not stored: ${await answer.text()}`)
    return { id, signed }
  }

  get headers() {
    const key = readFileSync(join(this.#data, 'api-key'), 'utf8').trim()
    return { authorization: `Bearer ${key}` }
  }

  metrics = async () => (await fetch(`${this.#plane.origin}/metrics`, { headers: this.headers })).text()

  async rollOut(release_id: string, waves: unknown[], more: object = {}): Promise<string> {
    const wanted = { release_id, waves, soak_seconds: 5, max_failures: 0, ...more }
    return (await this.call<{ id: string }>('POST', '/agent-rollouts', wanted)).id
  }
  rollout = (id: string) => this.call<Rollout>('GET', `/agent-rollouts/${id}`)

  /** The roll-out once it is so. */
  until(id: string, holds: (rollout: Rollout) => boolean, timeout = 150_000): Promise<Rollout> {
    return vi.waitFor(
      async () => {
        const found = await this.rollout(id)
        if (!holds(found)) throw new Error(`still not so: ${JSON.stringify(found)}`)
        return found
      },
      { timeout, interval: 250 },
    )
  }

  /** Heard lately, with this version. */
  async runs(agent: FleetAgent, version: string, timeout = 90_000): Promise<void> {
    await vi.waitFor(
      async () => {
        const { items } = await this.call<{ items: { id: string; version: string; state: string }[] }>('GET', '/agents')
        const found = items.find(({ id }) => id === agent.id)
        if (found?.version !== version || found.state !== 'connected')
          throw new Error(`${agent.name} is ${found?.state} with ${found?.version}, not ${version}`)
      },
      { timeout, interval: 250 },
    )
  }
}

export interface Rollout {
  state: string
  wave: number
  failures: number
  reason: string | null
  waves: { agents: number; updated: number; failed: number; waiting: number }[]
  agents: {
    agent_id: string
    state: string
    wave: number
    reason: string | null
    detail: string | null
    running: string
  }[]
}

/** A control plane with its agents, each at the version of this tree. */
export async function fleetOf(suite: Suite, names: readonly string[]) {
  const nats = await ownNats(suite)
  const installation = await freshDatabase(suite)
  const sql = postgres(installation.superuserUrl, { max: 1, onnotice: () => {} })
  suite.atEnd(() => sql.end())
  const plane = await startControlPlane(suite, installation, nats.server)
  const fleet = new Fleet(suite, plane, installation)
  const agents: FleetAgent[] = []
  for (const name of names) agents.push(await fleet.agent(name, { ATALAYA_TRIAL_SECONDS: '60' }))
  for (const agent of agents) await fleet.runs(agent, package_.version)
  return { fleet, agents, sql, data: installation.data }
}

/** Every sequence came once, and none is missing. */
export async function wholeReports(sql: postgres.Sql): Promise<void> {
  const spools = await sql<{ agent_id: string; batches: number; first: number; last: number; watermark: number }[]>`
    select s.agent_id, count(*)::int as batches, min(b.sequence)::int as first, max(b.sequence)::int as last, s.watermark::int
    from batch b join spool s on s.id = b.spool_id group by s.id`
  expect(spools).toHaveLength(new Set(spools.map(({ agent_id }) => agent_id)).size)
  for (const { batches, first, last, watermark } of spools) {
    expect(first).toBe(1)
    expect(batches).toBe(last)
    expect(watermark).toBe(last)
  }
  expect(await sql`select reason from quarantine`).toHaveLength(0)
  expect(await sql`select cause from lost_range where cause like 'spool%'`).toHaveLength(0)
}
