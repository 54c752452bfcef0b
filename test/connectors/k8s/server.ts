/** That API server's TLS, credentials and connections, and the troubles that may come over them. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Shown } from '../certificates.ts'
import { Api, askOf, type Ask, notFound, status } from './api.ts'
import { TYPES, type World } from './world.ts'

export const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.not-a-real-token.c2lnbmF0dXJl'

export interface ServerTrouble {
  /** answers this instead of what was asked for */
  instead?: (ask: Ask | null, path: string) => Response | undefined
  /** says nothing at all, on new connections as on open ones */
  hangs?: boolean
  /** open watches say nothing more, as over a line that is dead without anybody having noticed */
  mute?: boolean
  /** of each event of a watch only the beginning comes */
  garbles?: boolean
}
interface Watch {
  ask: Ask
  end: (how: 'close' | 'break') => void
}
export interface Options {
  /** demands a certificate by this authority, and no token */
  clients?: string
  bookmark_ms?: number
}

export class Server {
  readonly api: Api
  trouble: ServerTrouble = {}
  tokenIsValid = true
  /** what metrics-server would say; without it the API isn't there */
  metrics: { nodes: object[]; pods: object[] } | undefined
  readonly asked: string[] = []
  readonly #server: ReturnType<typeof createServer>
  readonly #options: Options
  readonly #watches = new Set<Watch>()
  #release: () => void = () => undefined
  #hanging = new Promise<void>((resolve) => (this.#release = resolve))

  constructor(world: World, { cert, key }: Shown, options: Options = {}) {
    this.api = new Api(world)
    this.#options = options
    const demands =
      options.clients === undefined ? {} : { ca: options.clients, requestCert: true, rejectUnauthorized: true }
    // by node's server: it sends the head of a watch at once, as Kubernetes' does
    this.#server = createServer({ cert, key, ...demands }, (request, response) => void this.#serve(request, response))
  }
  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return this
  }
  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'https://here')
    this.asked.push(`${pathname}?${searchParams}`)
    if (this.trouble.hangs) await this.#hanging
    const answer = this.#answer(pathname, searchParams, request.headers.authorization)
    if ('watch' in answer) return this.#watch(answer.watch, searchParams, response)
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    response.end(await answer.text())
  }

  #answer(pathname: string, query: URLSearchParams, said: string | undefined): Response | { watch: Ask } {
    const isKnown = this.#options.clients !== undefined || (this.tokenIsValid && said === `Bearer ${TOKEN}`)
    if (!isKnown) return status(401, 'Unauthorized', 'Unauthorized')
    const ask = askOf(pathname, query)
    const instead = this.trouble.instead?.(ask, pathname)
    if (instead) return instead
    if (pathname === '/version') return Response.json({ major: '1', minor: '32', gitVersion: 'v1.32.3' })
    if (!ask) return notFound()
    if (ask.group === 'metrics.k8s.io') return this.#usage(ask)
    if (ask.verb !== 'watch' || !TYPES[`${ask.group}/${ask.resource}`]) return this.api.answer(ask, query)
    return this.api.rights(ask) ? { watch: ask } : this.api.answer(ask, query)
  }

  #usage({ resource, namespace }: Ask): Response {
    if (!this.metrics || (resource !== 'nodes' && resource !== 'pods')) return notFound()
    const isThere = ({ metadata }: { metadata?: { namespace?: string } }) =>
      namespace === undefined || metadata?.namespace === namespace
    return Response.json({
      kind: 'MetricsList',
      apiVersion: 'metrics.k8s.io/v1beta1',
      metadata: {},
      items: this.metrics[resource].filter(isThere),
    })
  }

  #watch(ask: Ask, query: URLSearchParams, response: ServerResponse): void {
    const { api } = this
    const { world } = api
    const past = api.eventsSince(ask, query, Number(query.get('resourceVersion')))
    response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' })
    if (!past) {
      const said = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' }
      const object = { ...said, message: 'too old resource version', reason: 'Expired', code: 410 }
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`)
      return
    }
    response.flushHeaders()
    const say = (line: string) => {
      if (!this.trouble.hangs && !this.trouble.mute)
        response.write(this.trouble.garbles ? `${line.slice(0, 40)}\n` : line)
    }
    for (const line of past) say(line)
    const leave = world.listen((happened) => {
      const line = api.line(ask, query, happened)
      if (line !== null) say(line)
    })
    const type = TYPES[`${ask.group}/${ask.resource}`]
    const bookmark = setInterval(() => {
      const metadata = { resourceVersion: String(world.revision), creationTimestamp: null }
      const object = { kind: type?.kind, apiVersion: type?.apiVersion, metadata }
      if (query.get('allowWatchBookmarks') === 'true') say(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`)
    }, this.#options.bookmark_ms ?? 60_000)
    const end = (how: 'close' | 'break') => {
      stop()
      if (how === 'close') response.end()
      else response.destroy()
    }
    const watch = { ask, end }
    const ends = setTimeout(() => end('close'), Number(query.get('timeoutSeconds') ?? 3_600) * 1_000)
    const stop = () => {
      this.#watches.delete(watch)
      clearInterval(bookmark)
      clearTimeout(ends)
      leave()
    }
    this.#watches.add(watch)
    response.on('close', stop)
  }

  /** Watches of that type end, or all: in order, or as when a line is cut. */
  drop(how: 'close' | 'break' = 'break', resource?: string): void {
    for (const watch of this.#watches) if (resource === undefined || watch.ask.resource === resource) watch.end(how)
  }

  /** Nothing hangs any more: what was not said meanwhile is lost with its connection. */
  calm(): void {
    const hung = this.trouble.hangs
    this.trouble = {}
    this.#release()
    this.#hanging = new Promise<void>((resolve) => (this.#release = resolve))
    if (hung) this.drop()
  }

  async stop(): Promise<void> {
    this.#release()
    this.drop('close')
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}
