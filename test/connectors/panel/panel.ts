/** A Pterodactyl panel on loopback, as version 1 answers and refuses: lists in pages, keys with rights, errors in its envelope. */
import type { Trouble } from '../rig.ts'
import { STRANGE, TRUSTED } from '../certificates.ts'

export type Right = 'servers' | 'nodes' | 'locations' | 'users' | 'allocations'
type Attributes = Record<string, unknown> & { id: number }
const SORTS: Readonly<Record<string, readonly string[]>> = {
  servers: ['id', 'uuid'],
  nodes: ['id', 'uuid', 'memory', 'disk'],
  locations: ['id'],
  users: ['id', 'uuid'],
}
const SINGULAR: Readonly<Record<string, string>> = {
  servers: 'server',
  nodes: 'node',
  locations: 'location',
  users: 'user',
}
const PER_PAGE = 50

class Refused extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, code: string, detail: string) {
    super(detail)
    this.status = status
    this.code = code
  }
}

export class PanelDouble {
  readonly key = `ptla_${crypto.randomUUID().replaceAll('-', '')}${'x'.repeat(11)}`
  readonly lists: Readonly<Record<string, Map<number, Attributes>>> = {
    servers: new Map(),
    nodes: new Map(),
    locations: new Map(),
    users: new Map(),
  }
  readonly rights = new Set<Right>(['servers', 'nodes', 'locations', 'users', 'allocations'])
  requests = 0
  trouble: Trouble | null = null
  /** called after each page that was read */
  between: () => void = () => {}
  #server: Bun.Server<undefined>
  #held: (() => void)[] = []

  constructor() {
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
    if (this.trouble === 'hangs') await new Promise<void>((go) => this.#held.push(go))
    try {
      if (this.trouble === 'rate_limited') throw new Refused(429, 'ThrottleRequestsException', 'Too Many Attempts.')
      const given = request.headers.get('authorization')
      if (given !== `Bearer ${this.key}` || this.trouble === 'expired_credential')
        throw new Refused(401, 'AuthenticationException', 'Unauthenticated.')
      const text = JSON.stringify(this.#page(request))
      this.between()
      return new Response(this.trouble === 'garbled' ? '<html>502 Bad Gateway</html>' : text, {
        headers: { 'content-type': 'application/json' },
      })
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      const { status, code, message: detail } = error
      const headers: Record<string, string> =
        status === 429 ? { 'retry-after': '31', 'x-ratelimit-remaining': '0' } : {}
      return Response.json({ errors: [{ code, status: `${status}`, detail }] }, { status, headers })
    }
  }

  #page({ url, method }: Request): unknown {
    const { pathname, searchParams } = new URL(url)
    const [, name = ''] = /^\/api\/application\/(\w+)$/.exec(pathname) ?? []
    const list = Object.hasOwn(this.lists, name) ? this.lists[name] : undefined
    if (!list)
      throw new Refused(404, 'NotFoundHttpException', 'The requested resource could not be found on the server.')
    if (method !== 'GET')
      throw new Refused(405, 'MethodNotAllowedHttpException', `The ${method} method is not supported.`)
    if (!this.rights.has(name as Right))
      throw new Refused(403, 'AccessDeniedHttpException', 'This action is unauthorized.')
    const rows = sorted([...list.values()], name, searchParams.get('sort'))
    const per_page = Number(searchParams.get('per_page') ?? PER_PAGE)
    if (!Number.isInteger(per_page) || per_page < 1)
      throw new Refused(400, 'QueryValueOutOfRangeHttpException', 'The "per_page" query parameter is out of range.')
    for (const key of searchParams.keys())
      if (key.startsWith('filter')) throw new Refused(400, 'InvalidFilterQuery', `Requested filter(s) are not allowed.`)
    const page = Math.max(1, Number(searchParams.get('page') ?? 1) || 1)
    if (this.trouble === 'incomplete' && page > 1)
      throw new Refused(500, 'HttpException', 'An unexpected error occurred.')
    const shown = rows.slice((page - 1) * per_page, page * per_page)
    const include = (searchParams.get('include') ?? '').split(',')
    return {
      object: 'list',
      data: shown.map((row) => ({ object: SINGULAR[name], attributes: this.#with(name, row, include) })),
      meta: {
        pagination: {
          total: rows.length,
          count: shown.length,
          per_page,
          current_page: page,
          total_pages: Math.max(1, Math.ceil(rows.length / per_page)),
          links: {},
        },
      },
    }
  }

  /** An include that isn't known is passed over; one that the key may not see is a `null_resource`. */
  #with(name: string, row: Attributes, include: readonly string[]): Attributes {
    if (name !== 'servers') return row
    const relationships: Record<string, unknown> = {}
    const hidden = { object: 'null_resource', attributes: null }
    if (include.includes('user'))
      relationships['user'] = this.rights.has('users')
        ? { object: 'user', attributes: this.lists['users']!.get(Number(row['user'])) }
        : hidden
    if (include.includes('allocations')) {
      const attributes = { id: row.id, ip: '192.0.2.1', alias: null, port: 25_000 + (row.id % 9_000), assigned: true }
      relationships['allocations'] = this.rights.has('allocations')
        ? { object: 'list', data: [{ object: 'allocation', attributes }] }
        : hidden
    }
    return Object.keys(relationships).length === 0 ? row : { ...row, relationships }
  }
}

function sorted(rows: Attributes[], name: string, sort: string | null): Attributes[] {
  const by = sort?.replace(/^-/, '') ?? 'id'
  const allowed = SORTS[name] ?? []
  if (!allowed.includes(by))
    throw new Refused(
      400,
      'InvalidSortQuery',
      `Requested sort(s) \`${by}\` is not allowed. Allowed sort(s) are \`${allowed.join(', ')}\`.`,
    )
  const before = (a: Attributes, b: Attributes) => (String(a[by]) < String(b[by]) ? -1 : 1)
  const all = by === 'id' ? rows.toSorted((a, b) => a.id - b.id) : rows.toSorted(before)
  return sort?.startsWith('-') ? all.toReversed() : all
}
