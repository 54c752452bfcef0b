/**
 * A toy cloud on loopback, over TLS: machines in pages, by token, with counters. Its API, as its makers document it:
 * `GET /v1/machines?limit=N` answers `{ machines, next }`; `next` is the id to go on after (`&after=ID`), null on the last page.
 * `&offset=N` in place of `after` counts from the start. 401: the token isn't valid; 403: it may not read; 429: too many requests.
 */
import { type Certified, STRANGE, TRUSTED } from '../certificates.ts'
import type { Trouble } from '../rig.ts'

export interface Machine {
  id: string
  name: string
  power: 'on' | 'off'
  cores: number
  memory_mib: number
  /** who bought it */
  customer: string | null
  created_at: string
  booted_at: string
  /** since it booted, in decimal digits */
  sent_bytes: bigint
}

/** Answers that no vendor documents. */
const GARBLED: readonly ((text: string) => string)[] = [
  (text) => text.slice(0, text.length / 2),
  () => '<html><body>502 Bad Gateway</body></html>',
  (text) => text.replaceAll(/"sent_bytes":"\d+"/g, '"sent_bytes":"12abc"'),
  (text) => text.replaceAll('"id":', '"uid":'),
  () => '[]',
]
/** machines on a page: few, so that a handful makes several pages */
const PAGE = { least: 3, most: 100 } as const

export class Vendor {
  readonly token = `toy-${crypto.randomUUID()}`
  readonly machines = new Map<string, Machine>()
  readonly authority: Certified = TRUSTED
  requests = 0
  slow_ms = 0
  #server: Bun.Server<undefined>
  #trouble: Trouble | null = null
  #garbled = 0
  #passers_by = 0
  #held: (() => void)[] = []

  constructor() {
    this.#server = this.#listen(0, this.authority)
  }

  get url(): string {
    return `https://127.0.0.1:${this.#server.port}`
  }

  #listen(port: number, { cert, key }: Certified): Bun.Server<undefined> {
    const fetch = (request: Request) => this.#answer(request)
    return Bun.serve({ hostname: '127.0.0.1', port, tls: { cert, key }, idleTimeout: 0, fetch })
  }

  async #listenAs(identity: Certified): Promise<void> {
    const { port } = this.#server
    await this.#server.stop(true)
    this.#server = this.#listen(port ?? 0, identity)
  }

  async trouble(kind: Trouble): Promise<void> {
    this.#trouble = kind
    if (kind === 'untrusted_tls') await this.#listenAs(STRANGE)
  }

  async calm(): Promise<void> {
    const was = this.#trouble
    this.#trouble = null
    this.slow_ms = 0
    for (const id of this.machines.keys()) if (id.startsWith('passer-by')) this.machines.delete(id)
    for (const go of this.#held.splice(0)) go()
    if (was === 'untrusted_tls') await this.#listenAs(this.authority)
  }

  async end(): Promise<void> {
    await this.calm()
    await this.#server.stop(true)
  }

  async #answer(request: Request): Promise<Response> {
    this.requests += 1
    if (this.#trouble === 'hangs') await new Promise<void>((go) => this.#held.push(go))
    if (this.#trouble === 'rate_limited') return refused(429, 'too many requests', { 'retry-after': '1' })
    const is_known = request.headers.get('authorization') === `Bearer ${this.token}`
    if (!is_known || this.#trouble === 'expired_credential') return refused(401, 'the token is not valid')
    if (this.#trouble === 'missing_right') return refused(403, 'the token may not read machines')
    const { pathname, searchParams } = new URL(request.url)
    if (pathname !== '/v1/machines') return refused(404, 'there is no such path')
    const first = !searchParams.has('after') && !Number(searchParams.get('offset'))
    if (this.#trouble === 'incomplete' && !first) return refused(503, 'this part of the cloud does not answer')
    const text = this.#pageText(searchParams)
    if (this.#trouble === 'changes_between_pages') this.#change()
    if (this.slow_ms > 0) await Bun.sleep(this.slow_ms)
    const sent = this.#trouble === 'garbled' ? GARBLED[this.#garbled++ % GARBLED.length]!(text) : text
    return new Response(sent, { headers: { 'content-type': 'application/json' } })
  }

  #pageText(asked: URLSearchParams): string {
    const size = Math.min(
      Number(asked.get('limit')) || PAGE.most,
      Math.max(PAGE.least, Math.ceil(this.machines.size / 20)),
    )
    const all = [...this.machines.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const after = asked.get('after') ?? ''
    const rest = asked.has('offset')
      ? all.slice(Number(asked.get('offset')))
      : all.slice(all.findLastIndex(({ id }) => id <= after) + 1)
    const machines = rest.slice(0, size)
    const next = rest.length > size ? machines.at(-1)?.id : null
    return JSON.stringify({ machines, next }, (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    )
  }

  /** Others come and go at the front, where they push the rest to and fro. */
  #change(): void {
    const front = `passer-by-${String(this.#passers_by % 3).padStart(2, '0')}`
    const gone = `passer-by-${String((this.#passers_by + 1) % 3).padStart(2, '0')}`
    this.#passers_by += 1
    if (this.#passers_by % 2 === 0) this.machines.delete(gone)
    else this.machines.set(front, machine(front, front))
  }
}

const refused = (status: number, error: string, headers: Record<string, string> = {}) =>
  Response.json({ error }, { status, headers })

export function machine(id: string, name: string): Machine {
  const now = new Date().toISOString()
  return {
    id,
    name,
    power: 'on',
    cores: 2,
    memory_mib: 4096,
    customer: null,
    created_at: now,
    booted_at: now,
    sent_bytes: 0n,
  }
}
