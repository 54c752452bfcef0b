/** Speaks to one BMC by HTTPS: a session or basic authentication, the certificate pinned before a byte of it is sent. */
import type { Duplex } from 'node:stream'
import { Agent, type RequestOptions, request as httpsRequest } from 'node:https'
import { type TLSSocket, connect } from 'node:tls'
import { ConnectorError } from '#connectors/contract.ts'
import type { Answer, Ask } from './survey.ts'
import { fields, path as pathOf } from './values.ts'

const LIMITS = { bodyBytes: 8 * 1024 * 1024, deadline_ms: 20_000, sockets: 2, requests: 4_000 } as const

export interface Access {
  user: string
  password: string
  authentication: 'session' | 'basic'
  /** PEM of the authority; the system's where there is none */
  ca?: string | undefined
  /** SHA-256 of certificates, 64 hexadecimal digits each: one of them is taken, whoever signed it */
  fingerprints: readonly string[]
}

interface Reply {
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  text: string
}

/** Checks the certificate itself, before anything is written to the socket. */
class PinnedAgent extends Agent {
  readonly #access: Access
  readonly #name: string

  constructor(name: string, access: Access) {
    super({ keepAlive: true, maxSockets: LIMITS.sockets })
    this.#access = access
    this.#name = name
  }

  override createConnection(
    options: RequestOptions,
    done?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    const { ca, fingerprints } = this.#access
    const host = String(options.host)
    const pinned = fingerprints.length > 0
    const socket: TLSSocket = connect({
      host,
      port: Number(options.port),
      ...(!/^[\d.]+$|:/.test(host) && { servername: host }),
      ...(ca !== undefined && { ca }),
      rejectUnauthorized: !pinned,
      // an authority of one's own vouches for the BMC, whatever name its factory certificate has
      ...(ca !== undefined && { checkServerIdentity: () => undefined }),
    })
    const failed = (error: Error) => done?.(error, socket)
    socket.once('error', failed)
    socket.once('secureConnect', () => {
      socket.off('error', failed)
      const shown = socket.getPeerCertificate().fingerprint256?.replaceAll(':', '').toLowerCase() ?? ''
      if (!pinned || fingerprints.includes(shown)) return done?.(null, socket)
      socket.destroy()
      return failed(untrusted(this.#name, `its certificate has the SHA-256 fingerprint ${shown || 'of none'}`))
    })
    return undefined
  }
}

const REDIRECTS = new Set([301, 302, 307, 308])
const HANG_UP = 'socket hang up'
const untrusted = (name: string, why: string) =>
  new ConnectorError(
    'refused',
    `${name}: the certificate is not trusted: ${why}`,
    'Compare the fingerprint with the one that the BMC shows on its own page, and put it, or its authority, into the settings.',
  )

const TLS_CODES = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|ERR_TLS/
const isTls = (error: unknown): boolean =>
  TLS_CODES.test(String((error as { code?: unknown })?.code)) || /certificate/i.test(String(error))

export class Client {
  readonly name: string
  readonly #url: URL
  readonly #access: Access
  readonly #agent: PinnedAgent
  #session: { token: string; path: string | undefined } | null = null

  constructor(url: URL, access: Access) {
    this.name = url.host
    this.#url = url
    this.#access = access
    this.#agent = new PinnedAgent(this.name, access)
  }

  /** Runs a survey to its end, with a bound on the whole of it. */
  async walk<T>(survey: Ask<T>, signal: AbortSignal): Promise<T> {
    let requests = 0
    let step = survey.next()
    while (!step.done) {
      requests += step.value.length
      if (requests > LIMITS.requests)
        throw new ConnectorError(
          'limit',
          `${this.name}: more than ${LIMITS.requests} resources`,
          'Report this BMC to the project.',
        )
      step = survey.next(await Promise.all(step.value.map((path) => this.get(path, signal))))
    }
    return step.value
  }

  /** One resource. Throws where the BMC as a whole doesn't answer or doesn't let us in. */
  async get(path: string, signal: AbortSignal): Promise<Answer> {
    let reply = await this.#authorised(path, signal)
    if (reply.status === 401 && this.#session) {
      // BMCs forget sessions: after 30 minutes, at their limit of a handful, with each restart
      this.#session = null
      reply = await this.#authorised(path, signal)
    }
    return this.#answer(path, reply)
  }

  /** Connections that the BMC had closed meanwhile show only when they are used again. */
  async #authorised(path: string, signal: AbortSignal): Promise<Reply> {
    for (let left: number = LIMITS.sockets; ; left -= 1) {
      try {
        return await this.#authorisedOnce(path, signal)
      } catch (error) {
        const isStale = error instanceof ConnectorError && error.message.endsWith(HANG_UP)
        if (!isStale || left === 0) throw error
      }
    }
  }
  async #authorisedOnce(path: string, signal: AbortSignal): Promise<Reply> {
    const { user, password, authentication } = this.#access
    if (authentication === 'basic') {
      const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
      return this.#request('GET', path, { authorization }, signal)
    }
    this.#session ??= await this.#login(signal)
    return this.#request('GET', path, { 'x-auth-token': this.#session.token }, signal)
  }

  /** DSP0266 13.3.4: the token comes in a header, the session's own path in `Location`. */
  async #login(signal: AbortSignal): Promise<{ token: string; path: string | undefined }> {
    const { user, password } = this.#access
    const sessions = await this.#sessions(signal)
    const reply = await this.#request(
      'POST',
      sessions,
      {},
      signal,
      JSON.stringify({ UserName: user, Password: password }),
    )
    if ([400, 401, 403].includes(reply.status)) throw this.#refused()
    const token = reply.headers['x-auth-token']
    if (reply.status >= 300 || typeof token !== 'string' || token === '') throw this.#failure(sessions, reply)
    const location = reply.headers['location'] ?? fields(parse(reply.text))['@odata.id']
    return {
      token,
      path: typeof location === 'string' ? pathOf(location.replace(/^https?:\/\/[^/]+/i, '')) : undefined,
    }
  }

  /** The root is open to everybody, and says where sessions are made. */
  async #sessions(signal: AbortSignal): Promise<string> {
    const root = await this.#request('GET', '/redfish/v1/', {}, signal)
    const links = fields(fields(parse(root.text))['Links'])
    return pathOf(links['Sessions']) ?? '/redfish/v1/SessionService/Sessions'
  }

  #answer(path: string, reply: Reply): Answer {
    const { status } = reply
    if (status === 401) throw this.#refused()
    if (status === 404 || status === 405 || status === 410 || status === 501) return { kind: 'missing' }
    const body = status === 200 ? parse(reply.text) : undefined
    if (typeof body === 'object' && body !== null && !Array.isArray(body))
      return { kind: 'resource', body: body as Record<string, unknown> }
    return { kind: 'failed', error: status === 403 ? this.#forbidden(path) : this.#failure(path, reply) }
  }

  #refused = () =>
    new ConnectorError(
      'refused',
      `${this.name}: the BMC doesn't take this user and password`,
      'Correct user and password of the source; an account of the BMC may also be locked or expired.',
    )
  #forbidden = (path: string) =>
    new ConnectorError(
      'refused',
      `${this.name}: the user may not read ${path}`,
      'Give the user the role ReadOnly of the BMC (privilege Login), or a role that may read this.',
    )
  #failure = (path: string, { status, text }: Reply) =>
    new ConnectorError(
      'bad_answer',
      `${this.name}: ${path} was answered with status ${status}${status === 200 ? ' and what is no JSON object' : said(text)}`,
      'See whether the address is that of a Redfish service (firmware of the BMC up to date, no proxy between), or restart the BMC.',
    )

  async #request(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    headers: Record<string, string>,
    signal: AbortSignal,
    body?: string,
    turns = 2,
  ): Promise<Reply> {
    const reply = await request(
      {
        agent: this.#agent,
        host: this.#url.hostname.replaceAll(/[[\]]/g, ''),
        port: this.#url.port || '443',
        method,
        path,
        headers: {
          accept: 'application/json',
          'odata-version': '4.0',
          ...headers,
          ...(body !== undefined && {
            'content-type': 'application/json',
            'content-length': String(Buffer.byteLength(body)),
          }),
        },
      },
      { name: this.name, signal, body },
    )
    const elsewhere = REDIRECTS.has(reply.status) && turns > 0 ? this.#elsewhere(reply.headers['location']) : undefined
    if (elsewhere !== undefined) return this.#request(method, elsewhere, headers, signal, body, turns - 1)
    if (reply.status === 429 || (reply.status === 503 && reply.headers['retry-after'] !== undefined)) {
      throw new ConnectorError(
        'limit',
        `${this.name}: it refuses further requests for now (status ${reply.status})`,
        'Nothing to do if it ends by itself; else give the source a longer interval, or see who else asks this BMC.',
      )
    }
    return reply
  }

  /** Older BMCs want a slash at the end, and say so; to another server or port the credential doesn't go. */
  #elsewhere(location: unknown): string | undefined {
    if (typeof location !== 'string' || !URL.canParse(location, this.#url)) return undefined
    const { origin, pathname, search } = new URL(location, this.#url)
    return origin === this.#url.origin && pathOf(pathname) !== undefined ? `${pathname}${search}` : undefined
  }

  /** A BMC has room for few sessions: ours is given back. */
  async close(): Promise<void> {
    const session = this.#session
    this.#session = null
    if (session?.path !== undefined)
      await this.#request('DELETE', session.path, { 'x-auth-token': session.token }, AbortSignal.timeout(3_000)).catch(
        () => undefined,
      )
    this.#agent.destroy()
  }
}

/** One request to its end; the whole of it has one deadline. */
function request(
  options: RequestOptions,
  { name, signal, body }: { name: string; signal: AbortSignal; body: string | undefined },
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const within = AbortSignal.any([signal, AbortSignal.timeout(LIMITS.deadline_ms)])
    const fail = (error: unknown) => {
      outgoing.destroy()
      reject(within.aborted ? tooSlow(name) : unreachable(name, error))
    }
    const outgoing = httpsRequest(options, (incoming) => {
      const parts: Buffer[] = []
      let bytes = 0
      incoming.on('data', (part: Buffer) => {
        bytes += part.length
        if (bytes > LIMITS.bodyBytes) fail(tooMuch(name))
        else parts.push(part)
      })
      incoming.on('error', fail)
      incoming.on('aborted', () => fail(new Error('it broke off within an answer')))
      incoming.on('end', () => {
        within.removeEventListener('abort', fail)
        const text = Buffer.concat(parts).toString('utf8')
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text })
      })
    })
    within.addEventListener('abort', fail, { once: true })
    outgoing.on('error', fail)
    if (within.aborted) fail(within.reason)
    else outgoing.end(body)
  })
}

const tooSlow = (name: string) =>
  new ConnectorError(
    'timeout',
    `${name}: no answer within ${LIMITS.deadline_ms / 1_000} s`,
    'See whether the BMC answers in a browser; many need a restart (not of the machine) after months.',
  )
const tooMuch = (name: string) =>
  new ConnectorError('limit', `${name}: an answer is above ${LIMITS.bodyBytes} bytes`, 'Report this as a fault.')
function unreachable(name: string, error: unknown): ConnectorError {
  if (error instanceof ConnectorError) return error
  const isReset = (error as { code?: unknown })?.code === 'ECONNRESET'
  const why = isReset ? HANG_UP : error instanceof Error ? error.message : String(error)
  if (isTls(error)) return untrusted(name, why)
  return new ConnectorError(
    'unreachable',
    `${name}: ${why}`,
    'See that the address is right and that the management network lets the agent’s machine through to port 443.',
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    return undefined
  }
}

/** The first of the messages in an error body. */
function said(text: string): string {
  const { error } = fields(parse(text))
  const info = fields(error)['@Message.ExtendedInfo']
  const message = fields(Array.isArray(info) ? info[0] : info)['Message'] ?? fields(error)['message']
  return typeof message === 'string' ? `: ${message.slice(0, 200)}` : ''
}
