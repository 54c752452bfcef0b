/** One source: a tick reads projects, servers, volumes and floating IP addresses, and tells what it saw of them. */
import {
  type Collected,
  ConnectorError,
  LIMITS,
  type ObservationInput,
  type Scope,
  type Session,
  type Surroundings,
} from '#connectors/contract.ts'
import { asOne } from '#connectors/failures.ts'
import type { Client, Question } from './client.ts'
import { Refusal } from './failures.ts'
import { cut, type Foreign, foreignIn, isCut } from './foreign.ts'
import {
  type Flavor,
  flavor,
  flavorIdOf,
  floatingIp,
  isCopy,
  isGone,
  isSilent,
  namespace,
  type Names,
  vm,
  volume,
} from './map.ts'
import type { Row } from './rows.ts'

/** Flavours within servers, and servers of cells that are down (2.69, Stein); flavours within servers (2.47, Pike); neither. */
const VERSIONS = ['2.69', '2.47', '2.1'] as const

interface Around extends Surroundings {
  all_projects: boolean
}
interface Sight {
  resources: ObservationInput[]
  foreign: Foreign
  failures: ConnectorError[]
  /** a service hangs or limits: nothing more is asked in this tick */
  isOver: boolean
}

export class OpenStackSession implements Session {
  readonly #client: Client
  readonly #around: Around

  constructor(client: Client, around: Around) {
    this.#client = client
    this.#around = around
  }

  async collect(signal: AbortSignal): Promise<Collected[]> {
    const seen_at_ms = this.#around.now()
    const failures: ConnectorError[] = []
    const { project, rows } = await this.#projects(failures, signal)
    const sight: Sight = { resources: [], foreign: foreignIn([], project), failures, isOver: false }
    const names: Names = new Map(rows.map(({ id, name }) => [id, String(name)]))
    for (const row of rows) attempt(sight, () => void sight.resources.push(namespace(row)))
    await this.#servers(sight, names, project, signal)
    await this.#others(sight, names, project, signal)
    const { resources } = sight
    if (resources.length > LIMITS.rowsPerSnapshot)
      throw new ConnectorError(
        'limit',
        `the cloud has ${resources.length} projects, servers, volumes and addresses; at most ${LIMITS.rowsPerSnapshot} can be listed`,
        'Divide it: a source for each project or region.',
      )
    const complete = failures.length === 0
    const facts: Collected[] = [{ type: 'listing', seen_at_ms, scope: this.#scope(project), complete, resources }]
    const [first, ...more] = failures
    if (!first) return facts
    // what was read goes out before the failure is told
    this.#around.emit(facts)
    throw asOne(first, more)
  }

  async close(): Promise<void> {}

  /** Another project's source must not end what this one sees. */
  #scope(project: string): Scope {
    return this.#around.all_projects
      ? { kind: 'cluster', external_id: this.#around.realm }
      : { kind: 'namespace', external_id: project }
  }

  async #projects(failures: ConnectorError[], signal: AbortSignal): Promise<{ project: string; rows: Row[] }> {
    const { id, name } = await this.#client.project(signal)
    if (!this.#around.all_projects) return { project: id, rows: [{ id, name }] }
    const rows = await this.#list({ service: 'Keystone', path: '/projects' }, 'projects', failures, signal)
    return { project: id, rows: rows.filter((row) => row['is_domain'] !== true) }
  }

  async #servers(sight: Sight, names: Names, project: string, signal: AbortSignal): Promise<void> {
    await attempt(sight, async () => {
      const question: Question = { service: 'Nova', path: '/servers/detail', query: this.#all, versions: VERSIONS }
      const listed = await this.#list(question, 'servers', sight.failures, signal)
      const rows = listed.filter((row) => !isGone(row) && this.#isAsked(row, project))
      sight.foreign = foreignIn(rows, project)
      const silent = rows.filter(isSilent)
      if (silent.length > 0) sight.failures.push(cellDown(silent.length))
      const flavors = await this.#flavors(sight, rows, signal)
      for (const row of rows)
        if (!isSilent(row)) await attempt(sight, () => void sight.resources.push(vm(row, names, flavors)))
    })
  }

  /** Those of the servers: what is wrong with another one is nothing to them. */
  async #flavors(sight: Sight, servers: readonly Row[], signal: AbortSignal): Promise<ReadonlyMap<string, Flavor>> {
    const known = new Map<string, Flavor>()
    const wanted = new Set(servers.flatMap((row) => flavorIdOf(row) ?? []))
    if (wanted.size === 0) return known
    const question: Question = { service: 'Nova', path: '/flavors/detail', query: { is_public: 'None' } }
    const rows = (await this.#list(question, 'flavors', sight.failures, signal)).filter(({ id }) => wanted.has(id))
    for (const row of rows) await attempt(sight, () => void known.set(row.id, flavor(row)))
    // one that was deleted is in no list, and can still be asked for
    for (const id of wanted)
      if (!rows.some((row) => row.id === id) && !sight.isOver)
        await attempt(sight, async () => {
          const found = await this.#flavor(id, signal)
          // since Ocata it is gone altogether: then only its servers can't be told
          if (found) known.set(id, flavor(found))
        })
    return known
  }

  async #flavor(id: string, signal: AbortSignal): Promise<Row | undefined> {
    try {
      const answer = await this.#client.get({ service: 'Nova', path: `/flavors/${encodeURIComponent(id)}` }, signal)
      return { ...(answer['flavor'] as object), id }
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  async #others(sight: Sight, names: Names, project: string, signal: AbortSignal): Promise<void> {
    const { all_projects } = this.#around
    const volumes: Question = { service: 'Cinder', path: '/volumes/detail', query: this.#all }
    // Neutron shows an administrator the addresses of all, unless he asks for those of one
    const ips: Question = {
      service: 'Neutron',
      path: '/floatingips',
      query: all_projects ? {} : { project_id: project },
    }
    const parts = [
      { service: 'Cinder', question: volumes, key: 'volumes', observe: volume },
      { service: 'Neutron', question: ips, key: 'floatingips', observe: floatingIp },
    ] as const
    for (const { service, question, key, observe } of parts) {
      if (sight.isOver) return
      await attempt(sight, async () => {
        if (!(await this.#client.has(service, signal))) return
        const listed = await this.#listed(question, key, sight.failures, signal)
        const rows = listed.filter((row) => !isCopy(row) && this.#isAsked(row, project))
        if (all_projects && isCut(service, rows, sight.foreign, project)) sight.failures.push(cut(service))
        for (const row of rows) await attempt(sight, () => void sight.resources.push(observe(row, names)))
      })
    }
  }

  #list(question: Question, key: string, failures: ConnectorError[], signal: AbortSignal): Promise<Row[]> {
    return this.#client.list(question, key, (odd) => void failures.push(odd), signal)
  }

  /** A Neutron without routers has no floating addresses, and no list of them either. */
  async #listed(question: Question, key: string, failures: ConnectorError[], signal: AbortSignal): Promise<Row[]> {
    try {
      return await this.#list(question, key, failures, signal)
    } catch (error) {
      if (question.service !== 'Neutron' || !isMissing(error) || (await this.#hasRouters(signal))) throw error
      return []
    }
  }
  async #hasRouters(signal: AbortSignal): Promise<boolean> {
    const { extensions } = await this.#client.get({ service: 'Neutron', path: '/extensions' }, signal)
    const isRouter = (one: unknown) => (one as { alias?: unknown } | null)?.alias === 'router'
    return !Array.isArray(extensions) || extensions.some(isRouter)
  }

  /** Older Neutrons pass over a filter by project, and show an administrator what is of others. */
  #isAsked(row: Row, project: string): boolean {
    return this.#around.all_projects || (ownerOf(row) ?? project) === project
  }

  /** Nova and Cinder show an administrator his own project, unless he asks for all. */
  get #all(): Record<string, string> {
    return this.#around.all_projects ? { all_tenants: '1' } : {}
  }
}

/** A failure is kept, and the rest goes on. */
async function attempt(sight: Sight, step: () => Promise<void> | void): Promise<void> {
  try {
    await step()
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error
    sight.failures.push(error)
    sight.isOver ||= OF_ALL.has(error.code)
  }
}

const ownerOf = (row: Row): unknown => row['os-vol-tenant-attr:tenant_id'] ?? row['project_id'] ?? row['tenant_id']

/** What was asked for by its address isn't there. */
const isMissing = (error: unknown): boolean => error instanceof Refusal && error.status === 404

const OF_ALL: ReadonlySet<ConnectorError['code']> = new Set(['timeout', 'limit', 'unreachable'] as const)

const cellDown = (count: number): ConnectorError =>
  new ConnectorError(
    'unreachable',
    `a cell of Nova doesn't answer: of ${count} servers nothing is known but that they are there`,
    'Wait for the cell’s database and message queue, or ask the cloud’s operator: nova-manage cell_v2 list_cells.',
  )
