/** An API server over such a cluster: paths, pages, watches and refusals as Kubernetes documents them. */
import { type Happened, type Thing, TYPES, type World } from './world.ts'

export interface Ask {
  verb: 'get' | 'list' | 'watch'
  group: string
  version: string
  resource: string
  namespace: string | undefined
  name: string | undefined
}
/** Whether the credential may do that; as RBAC, all that isn't allowed is forbidden. */
export type Rights = (ask: Ask) => boolean

/** A refusal as `Status`: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
export function status(code: number, reason: string, message: string, details?: object): Response {
  const body = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details && { details }),
    code,
  }
  return Response.json(body, { status: code })
}
/** What isn't routed at all has no `Status`. */
export const notFound = (): Response =>
  new Response('404 page not found\n', { status: 404, headers: { 'content-type': 'text/plain; charset=utf-8' } })

const PATH = /^\/(?:api\/(v1)|apis\/([^/]+)\/([^/]+))\/(?:namespaces\/([^/]+)\/)?([a-z]+)(?:\/([^/]+))?$/

export function askOf(pathname: string, query: URLSearchParams): Ask | null {
  const match = PATH.exec(pathname)
  if (!match) return null
  const [, core, group = '', other = '', namespace, resource = '', name] = match
  const watches = ['1', 'true'].includes(query.get('watch') ?? '')
  const verb = name !== undefined ? 'get' : watches ? 'watch' : 'list'
  return { verb, group, version: core ?? other, resource, namespace, name }
}

export function forbidden({ verb, group, resource, namespace, name }: Ask): Response {
  const place = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`
  const called = name === undefined ? '' : ` "${name}"`
  const message = `${resource}${group === '' ? '' : `.${group}`}${called} is forbidden: User "system:serviceaccount:atalaya:atalaya" cannot ${verb} resource "${resource}" in API group "${group}" ${place}`
  return status(403, 'Forbidden', message, { kind: resource, ...(group !== '' && { group }) })
}

/** Of equality, existence and their contraries; sets are written with `in` and aren't used here. */
function matches(selector: string | null, { metadata: { labels = {} } }: Thing): boolean {
  return (selector ?? '')
    .split(',')
    .filter(Boolean)
    .every((part) => {
      const [key = '', value] = part.replace(/^!/, '').split(/!?==?/)
      if (part.startsWith('!')) return !Object.hasOwn(labels, key)
      if (value === undefined) return Object.hasOwn(labels, key)
      return part.includes('!=') ? labels[key] !== value : labels[key] === value
    })
}

interface Listed {
  things: Thing[]
  revision: number
}

export class Api {
  readonly world: World
  rights: Rights = () => true
  /** what each token goes on from: a list is that of one version, whatever happens meanwhile */
  readonly #lists = new Map<string, Listed>()
  #tokens = 0
  /** of this resource there is said to be one more than is listed */
  miscounted: string | undefined
  /** runs before each page but the first */
  betweenPages: (() => void) | undefined

  constructor(world: World) {
    this.world = world
  }

  /** Tokens live as long as etcd keeps their version. */
  expireTokens(): void {
    this.#lists.clear()
  }

  answer(ask: Ask, query: URLSearchParams): Response {
    const key = `${ask.group}/${ask.resource}`
    const type = TYPES[key]
    if (!type || ask.version !== 'v1' || (ask.namespace !== undefined && !type.namespaced)) return notFound()
    if (!this.rights(ask)) return forbidden(ask)
    if (ask.name !== undefined) return this.#one(key, ask)
    return this.#page(key, ask, query, type)
  }

  #one(key: string, { namespace, name = '', resource }: Ask): Response {
    const found = this.world.get(key, namespace === undefined ? name : `${namespace}/${name}`)
    return found
      ? Response.json(found)
      : status(404, 'NotFound', `${resource} "${name}" not found`, { name, kind: resource })
  }

  #page(key: string, ask: Ask, query: URLSearchParams, type: { kind: string; apiVersion: string }): Response {
    const limit = Number(query.get('limit') ?? 0)
    if (!Number.isInteger(limit) || limit < 0) return status(400, 'BadRequest', `invalid limit ${query.get('limit')}`)
    const token = query.get('continue')
    const listed = token ? this.#lists.get(token.split('.')[0] ?? '') : this.#list(key, ask, query)
    if (!listed)
      return status(
        410,
        'Expired',
        'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
      )
    if (token) this.betweenPages?.()
    const from = token ? Number(token.split('.')[1]) : 0
    const to = limit === 0 ? listed.things.length : from + limit
    const remaining = listed.things.length - to
    const told = remaining + (this.miscounted === ask.resource ? 1 : 0)
    let next: string | undefined
    if (remaining > 0) {
      const id = token?.split('.')[0] ?? String((this.#tokens += 1))
      this.#lists.set(id, listed)
      next = `${id}.${to}`
    }
    const isWhole = query.get('labelSelector') === null && query.get('fieldSelector') === null
    const metadata = {
      resourceVersion: String(listed.revision),
      ...(next !== undefined && { continue: next, ...(isWhole && { remainingItemCount: told }) }),
    }
    // within a list objects don't repeat what they are
    const items = listed.things.slice(from, to).map(({ apiVersion: _version, kind: _kind, ...thing }) => thing)
    return Response.json({ kind: `${type.kind}List`, apiVersion: type.apiVersion, metadata, items })
  }

  #list(key: string, ask: Ask, query: URLSearchParams): Listed {
    const things = this.world.all(key).filter((thing) => this.#isAsked(ask, query, thing))
    const id = ({ metadata: { namespace = '', name } }: Thing) => `${namespace}/${name}`
    return { things: things.toSorted((a, b) => (id(a) < id(b) ? -1 : 1)), revision: this.world.revision }
  }

  #isAsked = ({ namespace }: Ask, query: URLSearchParams, thing: Thing): boolean =>
    (namespace === undefined || thing.metadata.namespace === namespace) && matches(query.get('labelSelector'), thing)

  /** Events from a version on as lines; null where that is forgotten. An object that leaves the selection is told as deleted. */
  eventsSince(ask: Ask, query: URLSearchParams, revision: number): string[] | null {
    const past = this.world.since(revision, `${ask.group}/${ask.resource}`)
    return past && past.flatMap((one) => this.line(ask, query, one) ?? [])
  }
  line(ask: Ask, query: URLSearchParams, { type, of, object }: Happened): string | null {
    if (
      of !== `${ask.group}/${ask.resource}` ||
      (ask.namespace !== undefined && object.metadata.namespace !== ask.namespace)
    )
      return null
    const isAsked = this.#isAsked(ask, query, object)
    if (!isAsked && type !== 'MODIFIED') return null
    return `${JSON.stringify({ type: isAsked ? type : 'DELETED', object })}\n`
  }
}
