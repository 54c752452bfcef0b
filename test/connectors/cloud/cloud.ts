/** A small OpenStack on loopback: Keystone v3, Nova, Cinder and Neutron behind one port, each with its own words when it refuses. */
import type { Trouble } from '../rig.ts'
import { STRANGE, TRUSTED } from '../certificates.ts'
import { errorOf, type Refused, refused, wrong } from './words.ts'
import type { Row, World } from './world.ts'

export const APPLICATION = { id: '423f19a4ac1e4f48bbb4180756e6eb6c', secret: 'rEaqvJka48mpv' } as const
export const USER = { name: 'atalaya', domain: 'Default', password: 'devstacker-1' } as const

interface Token {
  until_ms: number
  project: string
}
interface Asked {
  path: string
  query: URLSearchParams
  version: number
  token: Token
}

/** What each list takes beside `limit` and `marker`. */
const TAKES: Readonly<Record<string, readonly string[]>> = {
  servers: ['all_tenants', 'status', 'name', 'host', 'deleted', 'changes-since'],
  volumes: ['all_tenants', 'status', 'name', 'sort'],
  floatingips: ['project_id', 'status', 'floating_ip_address', 'port_id'],
  flavors: ['is_public', 'minDisk', 'minRam'],
  projects: ['domain_id', 'enabled', 'name', 'parent_id', 'is_domain'],
}

export class CloudDouble {
  readonly world: World
  /** of whoever has the credential */
  isAdmin = true
  /** whether Cinder and Neutron take him for one, too */
  isAdminEverywhere = true
  /** whether Neutron has routers, and with them floating addresses */
  hasRouters = true
  /** as catalogues name Nova and Cinder: with the version of their APIs, or without */
  isVersioned = true
  losesFloatingIps = false
  /** before Newton Neutron knew `tenant_id` alone, and passed over what it didn't know */
  knowsProjectId = true
  /** before 2024 Keystone had none: it cut its list off where it was too long */
  hasPagesOfProjects = true
  /** a status by which Nova says that there were too many requests */
  overLimit = 0
  /** services that RegionOne lacks */
  readonly elsewhere = new Set<string>()
  /** Nova's newest version, after `2.` */
  newest = 95
  /** rows that a page has at most, whatever was asked for */
  page_rows = 1_000
  token_life_ms = 3_600_000
  trouble: Trouble | null = null
  requests = 0
  readonly tokens = new Map<string, Token>()
  readonly asked: string[] = []
  between: () => void = () => {}
  #server: Bun.Server<undefined>
  #held: (() => void)[] = []

  constructor(world: World) {
    this.world = world
    this.#server = this.#listen(0, TRUSTED)
  }
  get url(): string {
    return `https://127.0.0.1:${this.#server.port}`
  }
  #listen(port: number, { cert, key }: typeof TRUSTED): Bun.Server<undefined> {
    const fetch = (request: Request) => this.#answer(request)
    return Bun.serve({ hostname: '127.0.0.1', port, tls: { cert, key }, idleTimeout: 0, fetch })
  }
  async show(certificate: 'trusted' | 'strange'): Promise<void> {
    const { port } = this.#server
    await this.#server.stop(true)
    this.#server = this.#listen(port ?? 0, certificate === 'trusted' ? TRUSTED : STRANGE)
  }
  release(): void {
    for (const go of this.#held.splice(0)) go()
  }
  async end(): Promise<void> {
    this.release()
    await this.#server.stop(true)
  }

  async #answer(request: Request): Promise<Response> {
    this.requests += 1
    const { pathname, searchParams } = new URL(request.url)
    const [, service = '', path = ''] = /^\/(identity|compute|volume|network)(\/.*)$/.exec(pathname) ?? []
    this.asked.push(`${request.method} ${pathname}`)
    if (this.trouble === 'hangs') await new Promise<void>((go) => this.#held.push(go))
    try {
      if (this.trouble === 'rate_limited') throw refused(429, 'This request was rate-limited.', { 'retry-after': '30' })
      if (service === 'identity' && path === '/v3/auth/tokens') return await this.#issue(request)
      const token = this.tokens.get(request.headers.get('x-auth-token') ?? '')
      if (!token || token.until_ms < Date.now())
        throw refused(401, 'The request you have made requires authentication.')
      if (request.method !== 'GET') throw refused(405, 'Method Not Allowed')
      const version = service === 'compute' ? this.#versionOf(request) : 0
      const text = JSON.stringify(this.#body(service, { path, query: searchParams, version, token }))
      this.between()
      const garbled = this.trouble === 'garbled' && service === 'compute'
      return new Response(garbled ? text.slice(0, text.length / 2) : text, {
        headers: { 'content-type': 'application/json' },
      })
    } catch (error) {
      return errorOf(service, error as Refused)
    }
  }

  async #issue(request: Request): Promise<Response> {
    if (request.method !== 'POST') throw refused(405, 'Method Not Allowed')
    const { auth } = (await request.json()) as {
      auth: { identity: Record<string, never>; scope?: Record<string, never> }
    }
    const project = this.#projectOf(auth.identity, auth.scope)
    const secret = `gAAAAAB${crypto.randomUUID().replaceAll('-', '')}`
    const now = Date.now()
    this.tokens.set(secret, { until_ms: now + this.token_life_ms, project })
    const at = (ms: number) => new Date(ms).toISOString().replace('Z', '000Z')
    const name = this.world.projects.get(project)?.['name']
    const token = {
      methods: (auth.identity as { methods?: unknown }).methods,
      issued_at: at(now),
      expires_at: at(now + this.token_life_ms),
      project: { id: project, name, domain: { id: 'default', name: 'Default' } },
      roles: [{ id: 'r', name: this.isAdmin ? 'admin' : 'reader' }],
      catalog: this.#catalogue(project),
    }
    return Response.json({ token }, { status: 201, headers: { 'x-subject-token': secret } })
  }

  /** The project for which whoever asks gets a token. */
  #projectOf(identity: object, scope: object | undefined): string {
    const denied = refused(401, 'The request you have made requires authentication.')
    if (this.trouble === 'expired_credential') throw denied
    const { methods, application_credential, password } = identity as {
      methods?: string[]
      application_credential?: { id?: string; secret?: string }
      password?: { user?: { name?: string; domain?: { name?: string }; password?: string } }
    }
    const [own = ''] = this.world.projects.keys()
    if (methods?.[0] === 'application_credential') {
      if (scope) throw refused(401, 'Application credentials cannot request a scope.')
      const { id, secret } = application_credential ?? {}
      if (id !== APPLICATION.id || secret !== APPLICATION.secret) throw denied
      return own
    }
    if (methods?.[0] !== 'password') throw refused(401, 'Attempted to authenticate with an unsupported method.')
    const { name, domain, password: word } = password?.user ?? {}
    if (name !== USER.name || domain?.name !== USER.domain || word !== USER.password) throw denied
    const asked = (scope as { project?: { id?: string; name?: string; domain?: { name?: string } } } | undefined)
      ?.project
    const found = [...this.world.projects.values()].find(
      (one) => one['id'] === asked?.id || (one['name'] === asked?.name && asked?.domain?.name === 'Default'),
    )
    if (!found) throw denied
    return found.id
  }

  /** Services stand on paths of one host, as DevStack puts them; the other region and interface lead nowhere. */
  #catalogue(project: string) {
    const service = (type: string, path: string) => ({
      type,
      name: type,
      endpoints: [
        ...(this.elsewhere.has(type) ? [] : [['public', 'RegionOne', `${this.url}${path}`]]),
        ...(this.elsewhere.has(type) ? [] : [['internal', 'RegionOne', `http://10.0.0.5${path}`]]),
        ['public', 'RegionTwo', `https://elsewhere.test${path}`],
      ].map(([face, region, url]) => ({ id: crypto.randomUUID(), interface: face, region, region_id: region, url })),
    })
    return [
      service('identity', '/identity'),
      service('compute', this.isVersioned ? '/compute/v2.1' : '/compute/'),
      service('volumev3', this.isVersioned ? `/volume/v3/${project}` : '/volume'),
      service('network', '/network/'),
    ]
  }

  #versionOf({ headers }: Request): number {
    const said = /^compute 2\.(\d+)$/.exec(headers.get('openstack-api-version') ?? '')?.[1]
    const version = Number(said ?? 1)
    if (version > this.newest)
      throw refused(
        406,
        `Version 2.${version} is not supported by the API. Minimum is 2.1 and maximum is 2.${this.newest}.`,
      )
    return version
  }

  #body(service: string, asked: Asked): unknown {
    const { path, token } = asked
    const missing = this.trouble === 'incomplete' && asked.query.has('marker')
    if (missing) throw refused(503, 'The server is currently unavailable. Please try again at a later time.')
    if (service === 'identity' && path === '/v3/projects') {
      if (!this.isAdmin) throw wrong('identity:list_projects')
      return this.#page('projects', [...this.world.projects.values()], asked)
    }
    if (service === 'compute' && this.overLimit > 0) throw refused(this.overLimit, 'This request was rate-limited.')
    if (service === 'compute' && path === '/v2.1/servers/detail') {
      const rows = this.#visible(
        [...this.world.servers.values()],
        'tenant_id',
        asked,
        'os_compute_api:servers:detail:get_all_tenants',
      )
      return this.#page('servers', newestFirst(rows, 'created'), asked, (row) =>
        this.world.serverAs(row, asked.version, this.isAdmin),
      )
    }
    if (service === 'compute' && path === '/v2.1/flavors/detail')
      return this.#page('flavors', [...this.world.flavors.values()], asked)
    const flavor = /^\/v2\.1\/flavors\/([^/]+)$/.exec(path)?.[1]
    if (service === 'compute' && flavor) {
      const found = this.world.flavors.get(flavor) ?? this.world.deleted_flavors.get(flavor)
      if (!found) throw refused(404, `Flavor ${flavor} could not be found.`)
      return { flavor: found }
    }
    if (service === 'volume' && path === `/v3/${token.project}/volumes/detail`) {
      // without the right Cinder passes over `all_tenants`, and shows no copies of volumes that move
      const isAdmin = this.isAdmin && this.isAdminEverywhere
      if (!isAdmin) asked.query.delete('all_tenants')
      const isShown = (row: Row) => isAdmin || !String(row['migration_status'] ?? '').startsWith('target:')
      const all = [...this.world.volumes.values()].filter(isShown)
      const rows = this.#visible(all, 'os-vol-tenant-attr:tenant_id', asked)
      return this.#page('volumes', newestFirst(rows, 'created_at'), asked)
    }
    if (service === 'network' && path === '/v2.0/extensions')
      return { extensions: [{ alias: 'quotas' }, ...(this.hasRouters ? [{ alias: 'router' }] : [])] }
    if (service === 'network' && path === '/v2.0/floatingips' && this.hasRouters && !this.losesFloatingIps) {
      const mine = (one: Row) => (this.isAdmin && this.isAdminEverywhere) || one['project_id'] === token.project
      const wanted = this.knowsProjectId ? asked.query.get('project_id') : null
      const rows = [...this.world.ips.values()].filter((one) => mine(one) && (!wanted || one['project_id'] === wanted))
      return this.#page(
        'floatingips',
        rows.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
        asked,
      )
    }
    throw refused(404, 'The resource could not be found.')
  }

  #visible(rows: Row[], key: string, { query, token }: Asked, policy?: string): Row[] {
    const all = ['1', 'true', 'True'].includes(query.get('all_tenants') ?? '')
    if (all && policy && !this.isAdmin) throw wrong(policy)
    return all && this.isAdmin ? rows : rows.filter((row) => row[key] === token.project)
  }

  #page(key: string, rows: Row[], { query }: Asked, shown: (row: Row) => unknown = (row) => row): unknown {
    for (const name of query.keys())
      if (!['limit', 'marker', ...(TAKES[key] ?? [])].includes(name))
        throw refused(400, `Additional properties are not allowed ('${name}' was unexpected)`)
    const said = query.get('limit')
    if (said !== null && !/^\d+$/.test(said)) throw refused(400, `limit param must be an integer`)
    const limit = Math.min(Number(said ?? this.page_rows), this.page_rows)
    const marker = key === 'projects' && !this.hasPagesOfProjects ? null : query.get('marker')
    const at = marker === null ? -1 : rows.findIndex(({ id }) => id === marker)
    if (marker !== null && at < 0) throw refused(400, `marker [${marker}] not found`)
    const page = rows.slice(at + 1, at + 1 + limit)
    const more = rows.length > at + 1 + limit
    const href = `http://10.0.0.5/${key}?limit=${limit}&marker=${page.at(-1)?.id}`
    if (key === 'projects') {
      const next = more && this.hasPagesOfProjects ? href : null
      return { projects: page, links: { next, previous: null }, ...(more && { truncated: true }) }
    }
    return { [key]: page.map(shown), ...(more && { [`${key}_links`]: [{ rel: 'next', href }] }) }
  }
}

const newestFirst = (rows: Row[], key: string): Row[] =>
  rows.toSorted((a, b) => (`${String(a[key])} ${a.id}` > `${String(b[key])} ${b.id}` ? -1 : 1))
