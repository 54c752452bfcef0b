/** One HTTP call to a vendor, with a bound on everything: time, size, whom to trust, how long to be asked to wait. */
import { connect } from 'node:tls'
import { ConnectorError } from './wire.ts'

/** Whom to believe beside what the URL says; without either, the authorities of the system. */
export interface Trust {
  /** PEM of one or several authorities: no other is believed */
  ca?: string | undefined
  /** SHA-256 of the servers' own certificates: no other is believed, whoever signed it and whatever name is in it */
  fingerprints?: readonly string[] | undefined
  /** what we show of ourselves where the server asks for it; PEM */
  client?: { cert: string; key: string } | undefined
}
export interface Call {
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  headers?: Record<string, string>
  body?: string | Uint8Array<ArrayBuffer>
  trust?: Trust
  /** of one attempt, from the connection to the last byte */
  timeout_ms?: number
  /** of the body, once it is inflated */
  bytes_max?: number
  /** how long in all to follow the server's wish to be asked later (429, or 503 with Retry-After) */
  patience_ms?: number
  signal?: AbortSignal | undefined
}
export interface Answer {
  status: number
  /** the phrase of the status line: some vendors say there what is wrong */
  reason: string
  headers: Headers
  text: string
}

const DEFAULTS = { timeout_ms: 15_000, bytes_max: 32 * 1024 * 1024, patience_ms: 0 } as const
const FIRST_WAIT_MS = 500

/**
 * Any status but a redirection is an answer: what it means is the caller's to say. Redirections aren't followed,
 * so that a credential goes only where the settings send it.
 */
export async function request(url: string, call: Call = {}): Promise<Answer> {
  const until = performance.now() + (call.patience_ms ?? DEFAULTS.patience_ms)
  for (let wait_ms = FIRST_WAIT_MS; ; wait_ms *= 2) {
    const answer = await attempt(url, call)
    const asked_ms = waitAsked(answer)
    if (asked_ms === null) return answer
    const pause_ms = asked_ms ?? wait_ms
    if (performance.now() + pause_ms > until) throw tooMany(url, answer, asked_ms)
    await pause(pause_ms, url, call.signal)
  }
}

/** Milliseconds that the server asks for; undefined where it doesn't say how long, null where it doesn't ask. */
function waitAsked({ status, headers }: Answer): number | undefined | null {
  const said = headers.get('retry-after')
  if (status !== 429 && !(status === 503 && said !== null)) return null
  if (said === null) return undefined
  const seconds = /^\d+$/.test(said.trim()) ? Number(said) : (Date.parse(said) - Date.now()) / 1_000
  return Number.isFinite(seconds) ? Math.max(0, seconds * 1_000) : undefined
}

async function attempt(url: string, call: Call): Promise<Answer> {
  const timeout_ms = call.timeout_ms ?? DEFAULTS.timeout_ms
  const deadline = AbortSignal.timeout(timeout_ms)
  const signal = call.signal ? AbortSignal.any([deadline, call.signal]) : deadline
  try {
    const response = await begin(url, call, timeout_ms, signal)
    const text = await bounded(url, response, call.bytes_max ?? DEFAULTS.bytes_max)
    return { status: response.status, reason: response.statusText, headers: response.headers, text }
  } catch (error) {
    throw asConnectorError(url, error, signal.aborted, timeout_ms)
  }
}

/** Until the head of the answer is there. */
async function begin(url: string, call: Call, timeout_ms: number, signal: AbortSignal): Promise<Response> {
  const tls = await tlsOf(url, call.trust ?? {}, timeout_ms)
  const { method = 'GET', headers = {} } = call
  const init: BunFetchRequestInit = { method, headers, redirect: 'manual', signal, ...(tls && { tls }) }
  const response = await fetch(url, call.body === undefined ? init : { ...init, body: call.body })
  if (response.status >= 300 && response.status < 400 && response.status !== 304) throw redirected(url, response)
  return response
}

export interface Stream {
  status: number
  reason: string
  headers: Headers
  /** the whole of a short answer: why there is no stream */
  text(): Promise<string>
  /** as they come; an error where nothing comes for `idle_ms`, or one is longer than `bytes_max` of the call */
  lines(idle_ms: number): AsyncGenerator<string>
}

/** An answer that goes on for as long as both sides want; `timeout_ms` is that of its head alone. */
export async function stream(url: string, call: Call): Promise<Stream> {
  const { timeout_ms = DEFAULTS.timeout_ms, bytes_max = DEFAULTS.bytes_max } = call
  const silence = new AbortController()
  const signal = call.signal ? AbortSignal.any([silence.signal, call.signal]) : silence.signal
  const within = (ms: number) => setTimeout(() => silence.abort(), ms)
  const failed = (error: unknown, ms: number) => asConnectorError(url, error, signal.aborted, ms)
  const head = within(timeout_ms)
  try {
    const response = await begin(url, call, timeout_ms, signal)
    const { status, statusText: reason, headers } = response
    const lines = async function* (idle_ms: number) {
      let idle = within(idle_ms)
      const heard = () => {
        clearTimeout(idle)
        idle = within(idle_ms)
      }
      try {
        yield* split(url, response, bytes_max, heard)
      } catch (error) {
        throw failed(error, idle_ms)
      } finally {
        clearTimeout(idle)
        silence.abort()
      }
    }
    return { status, reason, headers, lines, text: () => bounded(url, response, bytes_max) }
  } catch (error) {
    throw failed(error, timeout_ms)
  } finally {
    clearTimeout(head)
  }
}

async function* split(url: string, response: Response, bytes_max: number, heard: () => void): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const part of response.body ?? []) {
    heard()
    const all = (rest + decoder.decode(part, { stream: true })).split('\n')
    rest = all.pop() ?? ''
    if (rest.length > bytes_max) throw tooLarge(url, bytes_max)
    yield* all
  }
  if (rest !== '') yield rest
}

async function bounded(url: string, response: Response, bytes_max: number): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body ?? []) {
    bytes += part.byteLength
    if (bytes > bytes_max) throw tooLarge(url, bytes_max)
    parts.push(part)
  }
  return new TextDecoder().decode(Buffer.concat(parts))
}

/** Certificates that bear a pinned fingerprint, by authority of the URL. */
const pinned = new Map<string, string>()

async function tlsOf(url: string, trust: Trust, timeout_ms: number): Promise<BunFetchRequestInitTLS | undefined> {
  const { protocol, host } = new URL(url)
  if (protocol !== 'https:') return undefined
  if (!trust.fingerprints?.length) {
    const tls = { ...(trust.ca !== undefined && { ca: trust.ca }), ...trust.client }
    return Object.keys(tls).length > 0 ? tls : undefined
  }
  const wanted = trust.fingerprints.map(bare)
  const key = `${host} ${wanted.join()}`
  const certificate = pinned.get(key) ?? (await certificateOf(url, wanted, timeout_ms))
  pinned.set(key, certificate)
  const same = (_host: string, peer: { fingerprint256: string }) =>
    wanted.includes(bare(peer.fingerprint256)) ? undefined : untrusted(url, peer.fingerprint256)
  // the handshake itself believes this certificate alone; names in it mean nothing, for it is the very one
  const server = { ca: certificate, allowPartialTrustChain: true, checkServerIdentity: same }
  return { ...server, ...trust.client } as BunFetchRequestInitTLS
}

/** The server shows another certificate than the one that was believed: it is looked at anew next time. */
function forgetPinned(url: string): void {
  for (const key of pinned.keys()) if (key.startsWith(`${new URL(url).host} `)) pinned.delete(key)
}

const bare = (text: string): string => text.replaceAll(/[^0-9a-f]/gi, '').toUpperCase()

/** The server's certificate as PEM, if it bears one of the fingerprints; nothing but the handshake goes over this connection. */
function certificateOf(url: string, wanted: readonly string[], timeout_ms: number): Promise<string> {
  const { hostname, port } = new URL(url)
  const host = hostname.replaceAll(/^\[|\]$/g, '')
  return new Promise((resolve, reject) => {
    const servername = /[a-z]/i.test(host) && !host.includes(':') ? host : ''
    const socket = connect({ host, port: Number(port || 443), servername, rejectUnauthorized: false }, () => {
      const { raw, fingerprint256 } = socket.getPeerCertificate()
      socket.destroy()
      if (!wanted.includes(bare(fingerprint256))) return reject(untrusted(url, fingerprint256))
      const body = raw.toString('base64').replaceAll(/.{64}/g, '$&\n')
      resolve(`-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`)
    })
    socket.setTimeout(timeout_ms, () => socket.destroy(tooSlow(url, timeout_ms)))
    socket.on('error', reject)
  })
}

/** Scheme, host and port: paths and queries may hold what nobody needs to read. */
const place = (url: string): string => new URL(url).origin

const untrusted = (url: string, found: string) =>
  new ConnectorError(
    'refused',
    `${place(url)} shows the certificate ${found}, which isn't the pinned one`,
    'See whether the server got a new certificate; if it did, put its SHA-256 fingerprint into the settings. If not, somebody stands in between.',
  )
const tooLarge = (url: string, bytes_max: number) =>
  new ConnectorError(
    'limit',
    `${place(url)}: the answer has more than ${bytes_max} bytes`,
    'Narrow what is read by the filters of the source; without them, report this as a fault.',
  )
const tooSlow = (url: string, timeout_ms: number) =>
  new ConnectorError(
    'timeout',
    `${place(url)}: no whole answer within ${timeout_ms} ms`,
    'See whether the server answers at all, and whether it is overloaded.',
  )
const tooMany = (url: string, { status }: Answer, asked_ms: number | undefined) =>
  new ConnectorError(
    'limit',
    `${place(url)} answers ${status}: too many requests${asked_ms === undefined ? '' : `, ask again in ${Math.ceil(asked_ms / 1_000)} s`}`,
    'Give the source a longer interval, or raise the limit of requests at the vendor.',
  )
const redirected = (url: string, response: Response) =>
  new ConnectorError(
    'bad_answer',
    `${place(url)} sends elsewhere (${response.status}, ${URL.parse(response.headers.get('location') ?? '', url)?.origin ?? 'without saying where'})`,
    'Put the final address into the settings: credentials are not sent after a redirection.',
  )

const CERTIFICATE = /CERT|VERIFY|SELF_SIGNED|ALTNAME|SSL|TLS|certificate/i

function asConnectorError(url: string, error: unknown, aborted: boolean, timeout_ms: number): ConnectorError {
  if (error instanceof ConnectorError) return error
  if (aborted) return tooSlow(url, timeout_ms)
  const { code = '', message = String(error) } = error as { code?: string; message?: string }
  // the runtime's own words may repeat the whole URL
  const told = message.replaceAll(url, place(url)).replace(/\. For more information, pass `verbose.*$/s, '')
  const said = code && !told.includes(code) ? `${told} (${code})` : told
  if (CERTIFICATE.test(`${code} ${message}`)) {
    forgetPinned(url)
    return new ConnectorError(
      'refused',
      `${place(url)} shows a certificate that isn't trusted: ${said}`,
      'Give the certificate of the authority that signed it, or the SHA-256 fingerprint of the server’s own certificate, and use the name that stands in it.',
    )
  }
  return new ConnectorError(
    'unreachable',
    `${place(url)}: ${said}`,
    'See that the address is right, that the server is up, and that the machine of the agent may reach it.',
  )
}

function pause(ms: number, url: string, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(tooSlow(url, ms))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    if (signal?.aborted) stop()
    else signal?.addEventListener('abort', stop, { once: true })
  })
}
