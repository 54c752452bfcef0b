/** Speaks to the API of one Proxmox VE cluster by a token: over the first of its nodes that answers. */
import { type Answer, request, type Trust } from '#connectors/http.ts'
import { ConnectorError } from '#connectors/wire.ts'
import { badAnswer, parseJson } from './answers.ts'

export interface Access {
  urls: readonly string[]
  token_id: string
  token_secret: string
  trust: Trust
}
export interface CallOptions {
  signal: AbortSignal
  timeout_ms?: number
}

const LIMITS = { timeout_ms: 10_000, bytes: 64 * 1024 * 1024, patience_ms: 5_000, chars: 300 } as const

/** What Proxmox VE refused, with the status by which it did. */
export class Refusal extends ConnectorError {
  readonly status: number
  constructor(status: number, code: ConnectorError['code'], message: string, remedy: string) {
    super(code, message, remedy)
    this.status = status
  }
}
export const statusOf = (error: unknown): number | undefined => (error instanceof Refusal ? error.status : undefined)

export class Client {
  readonly #access: Access
  /** the URL that answered last comes first */
  #first = 0
  /** how far the clock of the answering node is behind ours, in milliseconds; 0 within what a header can tell */
  behind_ms = 0

  constructor(access: Access) {
    this.#access = access
  }

  /** The node that answers may not speak for the cluster: the next one is asked from now on. */
  skip(): boolean {
    this.#first = (this.#first + 1) % this.#access.urls.length
    return this.#access.urls.length > 1
  }

  /** The `data` of an answer. A node that doesn't answer hands over to the next; a refusal doesn't. */
  async get(path: string, query: Readonly<Record<string, string | number>>, options: CallOptions): Promise<unknown> {
    const { urls } = this.#access
    let failure: unknown
    for (let step = 0; step < urls.length; step += 1) {
      const index = (this.#first + step) % urls.length
      try {
        const data = await this.#getFrom(urls[index] ?? '', path, query, options)
        this.#first = index
        return data
      } catch (error) {
        failure = error
        // another node would refuse as well, or couldn't reach that node either
        if (error instanceof Refusal || options.signal.aborted) throw error
      }
    }
    throw failure
  }

  async #getFrom(
    base: string,
    path: string,
    query: Readonly<Record<string, string | number>>,
    { signal, timeout_ms = LIMITS.timeout_ms }: CallOptions,
  ): Promise<unknown> {
    const search = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, `${value}`])).toString()
    const url = `${base}/api2/json${path}${search === '' ? '' : `?${search}`}`
    const { token_id, token_secret, trust } = this.#access
    const headers = { authorization: `PVEAPIToken=${token_id}=${token_secret}`, accept: 'application/json' }
    const sent_ms = Date.now()
    const answer = await request(url, {
      headers,
      trust,
      timeout_ms,
      bytes_max: LIMITS.bytes,
      patience_ms: LIMITS.patience_ms,
      signal,
    })
    this.#compareClocks(answer, sent_ms)
    if (answer.status !== 200) throw refusal(base, path, answer)
    const body = parseJson(answer.text, `${base}: the answer to ${path}`)
    if (typeof body !== 'object' || body === null || !('data' in body)) throw badAnswer(`${base}: ${path} has no data`)
    return body.data
  }

  /** A header tells whole seconds: only what is more than that is a difference. */
  #compareClocks({ headers }: Answer, sent_ms: number): void {
    const theirs_ms = Date.parse(headers.get('date') ?? '')
    if (!Number.isFinite(theirs_ms)) return
    const difference_ms = (sent_ms + Date.now()) / 2 - (theirs_ms + 500)
    this.behind_ms = Math.abs(difference_ms) < 2_000 ? 0 : Math.round(difference_ms)
  }
}

/** Proxmox VE says why in the status line, and since version 8 in the body too. */
function reasonOf({ reason, text }: Answer): string {
  let said = reason
  try {
    const body = JSON.parse(text) as { message?: unknown; errors?: unknown } | null
    if (typeof body?.message === 'string' && body.message.trim() !== '') said = body.message.trim()
    if (typeof body?.errors === 'object' && body.errors !== null) said += ` ${JSON.stringify(body.errors)}`
  } catch {
    // the status line is all there is
  }
  return said.replaceAll(/\s+/g, ' ').slice(0, LIMITS.chars) || 'no reason given'
}

function refusal(base: string, path: string, answer: Answer): Refusal | ConnectorError {
  const { status } = answer
  const said = `${base}: ${path} answers ${status}: ${reasonOf(answer)}`
  if (status === 401)
    return new Refusal(
      status,
      'refused',
      said,
      'Check the token: its id is USER@REALM!NAME, its secret was shown once when it was made; user and token must be enabled and not expired.',
    )
  if (status === 403) return new Refusal(status, 'refused', said, missingRight(said))
  if (status === 400 || status === 501 || status === 404)
    return new Refusal(
      status,
      'bad_answer',
      said,
      'Bring Proxmox VE up to date (7 and later are known), or report this as a fault.',
    )
  if (path.startsWith('/nodes/'))
    return new Refusal(
      status,
      'unreachable',
      said,
      'See whether that node is up, has quorum (pvecm status) and runs pveproxy and pvedaemon.',
    )
  const remedy = 'See whether the node has quorum (pvecm status) and runs pve-cluster, pveproxy and pvedaemon.'
  return new ConnectorError('unreachable', said, remedy)
}

/** The path and the privilege that a refusal names, or those that are known to be needed. */
export function missingRight(said: string): string {
  const [, path = '/', privilege = 'VM.Audit, Sys.Audit, Datastore.Audit, Pool.Audit and SDN.Audit'] =
    /\((\/[^\s,]*),\s*([A-Za-z.|, ]+)\)/.exec(said) ?? []
  return `Grant ${privilege} on ${path}, or the role PVEAuditor on / with propagation, to the user and, if its privileges are separated, to the token too: pveum acl modify / --roles PVEAuditor --tokens 'USER@REALM!NAME'`
}
