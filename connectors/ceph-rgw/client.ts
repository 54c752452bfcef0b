/** Speaks to radosgw's admin operations: signed GET requests with bounds on time, size and pages, and nothing else. */
import { ConnectorError } from '#connectors/wire.ts'
import { connectionFailure, notUnderstood, refusal, tooSlow } from './failures.ts'
import { type Credential, encoded, queryText, signed } from './signature.ts'

const LIMITS = {
  answerBytes: 64 * 1024 * 1024,
  deadline_ms: 30_000,
  namesPerPage: 1_000,
  pages: 200,
} as const

export interface Endpoint extends Credential {
  /** e.g. https://s3.example.com:8443 */
  endpoint: string
  admin_path: string
  ca?: string | undefined
}
interface Surroundings {
  now(): number
}
type Query = Readonly<Record<string, string>>
interface Got {
  /** parsed; numbers that JSON can't carry exactly are their digits */
  body: unknown
  /** the clock of radosgw, to the second; null where the answer has none */
  date_ms: number | null
}

export class Client {
  readonly #at: Endpoint
  readonly #around: Surroundings

  constructor(at: Endpoint, around: Surroundings) {
    this.#at = at
    this.#around = around
  }

  /** All names of a kind of metadata, page by page: users as `tenant$id`, buckets as `tenant/name`. */
  async names(kind: 'user' | 'bucket', signal: AbortSignal): Promise<string[]> {
    const operation = `metadata/${kind}`
    const names: string[] = []
    let marker = ''
    for (let page = 0; page < LIMITS.pages; page += 1) {
      const query = { 'max-entries': String(LIMITS.namesPerPage), ...(marker && { marker }) }
      const { body } = await this.#get(operation, query, signal)
      const { keys, truncated, marker: next } = (body ?? {}) as Record<string, unknown>
      if (!Array.isArray(keys) || keys.some((key) => typeof key !== 'string'))
        throw notUnderstood(this.#at.endpoint, operation, 'no list of names')
      names.push(...(keys as string[]))
      // a word in quotes in some versions
      if (truncated === false || truncated === 'false' || truncated === undefined) return [...new Set(names)]
      if (typeof next !== 'string' || next === '' || next === marker)
        throw notUnderstood(this.#at.endpoint, operation, 'a list that goes on without saying where')
      marker = next
    }
    throw new ConnectorError(
      'limit',
      `${this.#at.endpoint} has more than ${LIMITS.pages * LIMITS.namesPerPage} names of ${operation}`,
      'Divide the zone: one source can’t hold as many.',
    )
  }

  /** null: there is no such user (any more) */
  user = (uid: string, signal: AbortSignal): Promise<unknown> =>
    this.#unlessGone('user', { uid }, ['NoSuchUser'], signal)

  /** null: there is no such user (any more) */
  bucketsOf = (uid: string, signal: AbortSignal): Promise<unknown> =>
    this.#unlessGone('bucket', { uid, stats: 'true' }, ['NoSuchUser'], signal)

  /** null: there is no such bucket (any more) */
  bucket = (bucket: string, signal: AbortSignal): Promise<unknown> =>
    this.#unlessGone('bucket', { bucket, stats: 'true' }, ['NoSuchBucket', 'NoSuchKey'], signal)

  /** The usage log of one hour. Asked for several, radosgw adds them up under the first of them. */
  usage(hour_s: number, signal: AbortSignal): Promise<Got> {
    const query = {
      start: instant(hour_s),
      end: instant(hour_s + 3_600),
      'show-entries': 'true',
      'show-summary': 'false',
    }
    return this.#get('usage', query, signal)
  }

  async #unlessGone(operation: string, query: Query, codes: string[], signal: AbortSignal): Promise<unknown> {
    try {
      return (await this.#get(operation, query, signal)).body
    } catch (error) {
      if (error instanceof Gone && codes.includes(error.because)) return null
      throw error
    }
  }

  async #get(operation: string, query: Query, signal: AbortSignal): Promise<Got> {
    const { endpoint, admin_path, ca } = this.#at
    const url = new URL(endpoint)
    const path = `/${[...admin_path.split('/'), ...operation.split('/')].filter(Boolean).map(encoded).join('/')}`
    const asked = { ...query, format: 'json' }
    const headers = signed({ method: 'GET', host: url.host, path, query: asked }, this.#at, this.#around.now())
    const answer = await request(`${url.origin}${path}?${queryText(asked)}`, { headers, ca, operation, signal })
    if (answer.status !== 200) {
      const code = codeIn(answer.text)
      const error = refusal({ endpoint, operation, status: answer.status, code, uid: query.uid ?? query.bucket ?? '' })
      throw answer.status === 404 && code.startsWith('NoSuch') ? new Gone(error, code) : error
    }
    return { body: parsed(answer.text, endpoint, operation), date_ms: dateOf(answer.date) }
  }
}

/** What was asked for isn't there. */
class Gone extends ConnectorError {
  readonly because: string
  constructor(error: ConnectorError, because: string) {
    super(error.code, error.message, error.remedy)
    this.because = because
  }
}

const instant = (at_s: number): string => new Date(at_s * 1_000).toISOString().slice(0, 19).replace('T', ' ')
function dateOf(text: string | null): number | null {
  const at_ms = Date.parse(text ?? '')
  return Number.isNaN(at_ms) ? null : at_ms
}

/** An error's code, whether it is written in JSON or XML. */
const codeIn = (text: string): string => /(?:"Code"\s*:\s*"|<Code>)(\w{1,64})/.exec(text.slice(0, 4_096))?.[1] ?? ''

function parsed(text: string, endpoint: string, operation: string): unknown {
  try {
    return parseExact(text)
  } catch {
    throw notUnderstood(endpoint, operation, 'it is no JSON')
  }
}

const LONG_NUMBER = /[\s:[,]\d{16}/
/** JSON whose whole numbers above 2⁵³ become their digits. */
export const parseExact = (text: string): unknown =>
  LONG_NUMBER.test(text)
    ? JSON.parse(text, (_, value: unknown, context?: { source?: string }) =>
        typeof value === 'number' && !Number.isSafeInteger(value) ? (context?.source ?? value) : value,
      )
    : JSON.parse(text)

interface Options {
  headers: Record<string, string>
  ca: string | undefined
  operation: string
  signal: AbortSignal
}
interface Answer {
  status: number
  date: string | null
  text: string
}

/** One GET, up to its end: an answer, or a failure that says what to do. Redirects aren't followed: the signature is for this address. */
async function request(url: string, { headers, ca, operation, signal }: Options): Promise<Answer> {
  const { origin } = new URL(url)
  const deadline = AbortSignal.timeout(LIMITS.deadline_ms)
  try {
    const response = await fetch(url, {
      headers,
      redirect: 'manual',
      signal: AbortSignal.any([signal, deadline]),
      ...(ca !== undefined && { tls: { ca } }),
    })
    return {
      status: response.status,
      date: response.headers.get('date'),
      text: await textOf(response, origin, operation),
    }
  } catch (error) {
    if (error instanceof ConnectorError) throw error
    if (signal.reason instanceof ConnectorError) throw signal.reason
    if (signal.aborted || deadline.aborted) throw tooSlow(origin, operation, LIMITS.deadline_ms)
    throw connectionFailure(origin, error)
  }
}

async function textOf(response: Response, origin: string, operation: string): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body ?? []) {
    bytes += part.length
    if (bytes > LIMITS.answerBytes)
      throw new ConnectorError(
        'limit',
        `${origin} answered ${operation} with more than ${LIMITS.answerBytes} bytes`,
        'Divide the zone: one source can’t hold as much.',
      )
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
