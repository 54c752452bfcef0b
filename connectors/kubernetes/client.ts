/** Speaks to one API server: pages, watches, and refusals in words that a person can act on. */
import { request, stream, type Stream } from '#connectors/http.ts'
import { ConnectorError } from '#connectors/wire.ts'
import type { Access } from './access.ts'
import { badAnswer, type Fields, fields, isFields, list, text } from './values.ts'

/** Objects of one type: all of the cluster, or those of one namespace. */
export interface Collection {
  /** as RBAC names it */
  resource: string
  /** '' for the core group */
  group: string
  version: string
  namespace?: string | undefined
  /** of labels, as kubectl's -l */
  selector?: string | undefined
}

export const LIMITS = {
  /** objects of one page */
  page: 500,
  pages: 2_000,
  timeout_ms: 20_000,
  bytes: 64 * 1024 * 1024,
  patience_ms: 3_000,
  /** the server ends a watch after so long: with its successor rights and credentials are looked at again */
  watch_s: 290,
  /** a bookmark comes each minute: a watch that says nothing for longer is dead */
  idle_ms: 100_000,
  chars: 400,
} as const

/** What was asked for isn't kept any more (410): everything is listed anew. */
export class Gone extends Error {}
/** This server has no such type (404). */
export class Absent extends Error {}

export interface Page {
  items: Fields[]
  resource_version: string
  next: string | undefined
  /** how many there are in all, where the server tells */
  count: number | undefined
}
export interface Happening {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  object: Fields
  resource_version: string
}

export class Client {
  readonly #access: Access
  constructor(access: Access) {
    this.#access = access
  }

  async get(path: string, what: Ask, signal: AbortSignal): Promise<Fields> {
    const answer = await request(`${this.#access.server}${path}`, {
      ...(await this.#call(signal)),
      patience_ms: LIMITS.patience_ms,
    })
    if (answer.status !== 200) throw refusal(this.#access.server, answer.status, answer.text, what)
    return fields(parsed(answer.text, path.split('?')[0] ?? ''), path.split('?')[0] ?? '')
  }

  /** One page; `next` is the token of the one before. */
  async page(of: Collection, limit: number, next: string | undefined, signal: AbortSignal): Promise<Page> {
    const query = { limit: String(limit), ...(next !== undefined && { continue: next }) }
    const body = await this.get(pathOf(of, query), { verb: 'list', of }, signal)
    const meta = fields(body['metadata'], `metadata of ${of.resource}`)
    const resource_version = text(meta['resourceVersion'], 256)
    if (resource_version === undefined) throw badAnswer(`the list of ${of.resource} has no resourceVersion`)
    if (!Array.isArray(body['items'])) throw badAnswer(`the list of ${of.resource} has no items`)
    const items = list(body['items'], `the list of ${of.resource}`)
    const [token, remaining] = [text(meta['continue'], 65_536), meta['remainingItemCount']]
    const isCounted = of.selector === undefined && (token === undefined || typeof remaining === 'number')
    const count = items.length + (typeof remaining === 'number' ? remaining : 0)
    return { items, resource_version, next: token, count: isCounted ? count : undefined }
  }

  /** What happens from that version on. Its head is there when this resolves. */
  async watch(of: Collection, resource_version: string, signal: AbortSignal): Promise<AsyncGenerator<Happening>> {
    const query = {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: resource_version,
      timeoutSeconds: String(LIMITS.watch_s),
    }
    const answer = await stream(`${this.#access.server}${pathOf(of, query)}`, await this.#call(signal))
    const ask = { verb: 'watch', of } as const
    if (answer.status !== 200) throw refusal(this.#access.server, answer.status, await answer.text(), ask)
    return happenings(this.#access.server, answer, ask)
  }

  async #call(signal: AbortSignal) {
    const { ca, client } = this.#access
    const token = await this.#access.token()
    const headers = {
      accept: 'application/json',
      'user-agent': 'atalaya-agent',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    }
    return { headers, trust: { ca, client }, timeout_ms: LIMITS.timeout_ms, bytes_max: LIMITS.bytes, signal }
  }
}

interface Ask {
  verb: 'get' | 'list' | 'watch'
  of: Collection
}

async function* happenings(server: string, answer: Stream, ask: Ask): AsyncGenerator<Happening> {
  for await (const line of answer.lines(LIMITS.idle_ms)) {
    if (line.trim() === '') continue
    const what = `an event of ${ask.of.resource}`
    const event = fields(parsed(line, what), what)
    const object = fields(event['object'], what)
    const { type } = event
    if (type === 'ERROR') throw refusal(server, Number(object['code']), line, ask)
    if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED' && type !== 'BOOKMARK')
      throw badAnswer(`${what} is of the unknown type ${JSON.stringify(type)?.slice(0, 40)}`)
    const resource_version = text(fields(object['metadata'], what)['resourceVersion'], 256)
    if (resource_version === undefined) throw badAnswer(`${what} has no resourceVersion`)
    yield { type, object, resource_version }
  }
}

export function pathOf(
  { group, version, resource, namespace, selector }: Collection,
  query: Record<string, string>,
): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const place = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  const search = new URLSearchParams({
    ...query,
    ...(selector !== undefined && { labelSelector: selector }),
  }).toString()
  return `${root}${place}/${resource}${search === '' ? '' : `?${search}`}`
}

function parsed(body: string, what: string): unknown {
  try {
    return JSON.parse(body) as unknown
  } catch {
    throw badAnswer(`${what} is not JSON, but begins ${JSON.stringify(body.slice(0, 60))}`)
  }
}

/** What the `Status` of a refusal says. */
function saidIn(body: string): string {
  try {
    const status: unknown = JSON.parse(body)
    const inner = isFields(status) && isFields(status['object']) ? status['object'] : status
    if (isFields(inner) && typeof inner['message'] === 'string')
      return inner['message'].replaceAll(/\s+/g, ' ').slice(0, LIMITS.chars)
  } catch {
    // a proxy said something else
  }
  return ''
}

/** In the words of `kubectl auth can-i`: the verb, the resource, and where. */
export const right = ({ verb, of: { resource, group, namespace } }: Ask): string =>
  `${verb} ${resource}${group === '' ? '' : `.${group}`} ${namespace === undefined ? 'at the cluster scope' : `in the namespace ${namespace}`}`

export function refusal(server: string, status: number, body: string, ask: Ask): Error {
  const { resource, group, namespace } = ask.of
  const why = saidIn(body)
  const said = why === '' ? '' : `: ${why}`
  if (status === 410) return new Gone(`${right(ask)}${said}`)
  if (status === 404) return new Absent(`${server} has no ${resource}${group === '' ? '' : `.${group}`}${said}`)
  if (status === 401)
    return new ConnectorError(
      'refused',
      `${server} doesn't accept the credential (401)${said}`,
      'Give a token or a client certificate that is valid now: tokens of `kubectl create token` expire, and so do certificates.',
    )
  if (status === 403)
    return new ConnectorError(
      'refused',
      `the credential may not ${right(ask)} (403)${said}`,
      `Add the rule {apiGroups: ["${group}"], resources: ["${resource}"], verbs: ["get", "list", "watch"]} to its ${namespace === undefined ? 'ClusterRole' : `Role in ${namespace}`}; the whole one stands in the README of the connector.`,
    )
  const told = `${server}: ${right(ask)} is answered by ${status}${said}`
  if (status === 429)
    return new ConnectorError(
      'limit',
      told,
      'Give the source a longer interval, or the credential a higher priority level.',
    )
  if (status >= 500)
    return new ConnectorError(
      'unreachable',
      told,
      'See whether the API server and its etcd are well: kubectl get --raw /readyz?verbose',
    )
  return badAnswer(`${right(ask)} is answered by ${status}${said}`)
}
