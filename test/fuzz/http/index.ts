/** Every route of the API with damaged parameters, headers and bodies: never a 500, always a problem in words, nothing told that is secret. */
import { mutatedBytes, mutatedText, mutatedTree } from '../mutate.ts'
import type { Random } from '../random.ts'
import { smallerBytes } from '../shrink.ts'
import { type AnyTarget, target } from '../target.ts'
import { NAMES, longText, nested, oddText, oddValue } from '../values.ts'
import type { Application } from './application.ts'
import { Document } from './document.ts'
import { idsOf, type Route, routesOf, Values } from './description.ts'
import { overSocket } from './socket.ts'
import { wrongAnswer } from './verdict.ts'

export interface Sent {
  method: string
  /** with its query */
  path: string
  headers: [name: string, value: string][]
  body: Uint8Array | null
}

type Senders = Pick<Application, 'key' | 'others'>

const SENDERS = [
  { who: 'owner', weight: 55 },
  { who: 'other', weight: 25 },
  { who: 'page', weight: 10 },
  { who: 'nobody', weight: 4 },
  { who: 'odd', weight: 6 },
] as const
/** At least so many of the answers are no refusals, or what lies behind the checks is not tried. */
const ANSWERED_MIN = 0.2
const ORIGIN = 'http://fuzz.example'
const TIME_MAX_MS = 10_000
/** of a stream that never ends, so much is read */
const STREAM_BYTES_MAX = 4_096

function pathOf(random: Random, route: Route, values: Values): string {
  const path = route.path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => {
    const collection = route.path.split('/')[3] ?? ''
    const fit = /line|other/.test(name) && random.chance(0.5) ? String(random.below(4)) : values.id(random, collection)
    if (random.chance(0.9)) return fit
    const odd = String(oddText(random, fit)).toWellFormed().slice(0, 3_000)
    return random.chance(0.8) ? encodeURIComponent(odd) : visible(odd).replaceAll(/[\s?#]/g, '%')
  })
  if (random.chance(0.95)) return path
  return random.pick([
    `${path}/`,
    `/${path}`,
    `${path}/..`,
    `${path}%00`,
    `${path}%zz`,
    path.toUpperCase(),
    mutatedText(random, path),
  ])
}

function queryOf(random: Random, route: Route, values: Values): string {
  const query = new URLSearchParams()
  for (const { in: place, name, schema = {}, required } of route.parameters) {
    if (place !== 'query' || !(required || random.chance(0.6))) continue
    const fit = String(values.of(random, schema, name))
    const value = random.chance(0.85) ? fit : wordOf(random.chance(0.5) ? oddText(random, fit) : oddValue(random))
    query.append(name, value.toWellFormed().slice(0, 6_000))
    if (random.chance(0.05)) query.append(name, fit)
  }
  if (random.chance(0.1)) query.append(random.pick(NAMES).toWellFormed(), 'x')
  const text = query.toString()
  return text === ''
    ? ''
    : `?${random.chance(0.05) ? mutatedText(random, text).toWellFormed().replaceAll(/[\s#]/g, '%') : text}`
}

function bodyOf(random: Random, route: Route, values: Values): Uint8Array | null {
  if (!route.body && random.chance(0.9)) return null
  const fit = values.of(random, route.body ?? {})
  const encoded = (text: string) => new TextEncoder().encode(text)
  const text = () => JSON.stringify(fit) ?? ''
  if (random.chance(0.3)) return encoded(text())
  switch (random.below(11)) {
    case 0:
    case 1:
    case 2:
      return encoded(mutatedText(random, text()))
    case 3:
      return mutatedBytes(random, encoded(text()))
    case 4:
      return random.chance(0.5) ? encoded('') : random.bytes(random.below(200))
    case 5:
      return random.chance(0.2)
        ? encoded(`{"a":${'['.repeat(100_000)}`)
        : encoded(JSON.stringify(nested(random, 5_000)))
    case 6:
      return random.chance(0.05)
        ? new Uint8Array(1024 * 1024 + 1).fill(0x20)
        : encoded(JSON.stringify(oddValue(random)) ?? '')
    default:
      return encoded(JSON.stringify(mutatedTree(random, fit)) ?? '')
  }
}

/** As text; a tree as its JSON. */
const wordOf = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value))

/** Printable, and so a header that can be sent. */
const visible = (text: string): string =>
  text
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .trim()
    .slice(0, 2_000)

/** Who sends: the owner, others with fewer rights, a page with its session, or nobody. */
function credential(random: Random, { key, others }: Senders, session: string): Sent['headers'] {
  const odd = (text: string) => visible(mutatedText(random, text))
  const bearer = (token: string): Sent['headers'] => [['authorization', `Bearer ${token}`]]
  const cookie = (token: string): Sent['headers'] => [['cookie', `atalaya_session=${token}`]]
  const { who } = random.weighted(SENDERS)
  if (who === 'owner') return bearer(key)
  if (who === 'other') return bearer(random.pick(others))
  if (who === 'page')
    return [...cookie(session), ['sec-fetch-site', random.pick(['same-origin', 'same-origin', 'none'])]]
  if (who === 'nobody') return []
  return random.pick([
    [['authorization', odd(`Bearer ${key}`)]],
    [['cookie', odd(`atalaya_session=${session}`)]],
    [['cookie', `${'a=b; '.repeat(random.below(400))}atalaya_session=${session}; atalaya_session=x`]],
    [['authorization', '']],
  ] satisfies Sent['headers'][])
}

/** Headers that a proxy or a browser adds, and those by which a caller asks for more. */
const EXTRA = [
  'accept',
  'accept-language',
  'cookie',
  'expect',
  'forwarded',
  'if-none-match',
  'origin',
  'range',
  'sec-fetch-site',
  'transfer-encoding',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-http-method-override',
  'x-request-id',
] as const

/** A key of its own, one of a few that come again and again, or what is none. */
const idempotencyKey = (random: Random): string =>
  random.pick([random.uuid(), random.uuid(), `again-${random.below(5)}`, '', visible(longText(random)), 'a b'])

function headersOf(random: Random, senders: Senders, session: string, body: Uint8Array | null): Sent['headers'] {
  const headers = credential(random, senders, session)
  const odd = (text: string) => visible(mutatedText(random, text))
  if (body)
    headers.push(['content-type', random.chance(0.95) ? 'application/json' : odd('application/json; charset=utf-8')])
  if (random.chance(0.3)) headers.push(['idempotency-key', idempotencyKey(random)])
  if (random.chance(0.1)) headers.push([random.pick(EXTRA), visible(longText(random))])
  if (random.chance(0.05)) headers.push(['x-forwarded-proto', random.pick(['https', 'http', 'ftp'])])
  return headers
}

function makeRequest(
  random: Random,
  routes: readonly Route[],
  values: Values,
  senders: Senders,
  session: string,
): Sent {
  const route = random.pick(routes)
  const method = random.chance(0.98)
    ? route.method
    : random.pick(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'])
  const carries = method !== 'GET' && method !== 'HEAD'
  const body = carries ? bodyOf(random, route, values) : null
  return {
    method,
    path: pathOf(random, route, values) + queryOf(random, route, values),
    headers: headersOf(random, senders, session, body),
    body,
  }
}

/** The text of an answer; of a stream without end its beginning. */
async function textOf(answer: Response): Promise<string> {
  if (!(answer.headers.get('content-type') ?? '').startsWith('text/event-stream')) return answer.text()
  await answer.body?.cancel()
  return ''.slice(0, STREAM_BYTES_MAX)
}

const show = ({ method, path, headers, body }: Sent): string =>
  `${method} ${path} ${JSON.stringify(headers)} ${body ? new TextDecoder().decode(body) : ''}`
/** For people: no credential in it. */
const masked = (text: string): string => text.replaceAll(/atalaya_(key|session)_[\w-]+/g, '<$1>')

/** The innermost error of a log line: what the database said, not what it was asked. */
function reasonIn(line: string): string {
  let error = (JSON.parse(line || '{}') as { err?: LoggedError }).err
  while (error?.cause) error = error.cause
  const message = (error?.message ?? line).replaceAll(/\s+/g, ' ')
  return `${error?.code ?? ''} ${message.slice(0, 150)} … ${message.slice(-300)} ${(error?.stack ?? '').slice(-400)}`
}
interface LoggedError {
  message?: string
  code?: string
  stack?: string
  cause?: LoggedError
}

interface Trial {
  application: Application
  document: Document
  /** answers by their status */
  answers: Map<number, number>
}

async function trial({ application, document, answers }: Trial, sent: Sent): Promise<string | null> {
  const { fetch, secrets, key, others, lastError } = application
  let request: Request
  try {
    const { method, path, headers, body } = sent
    request = new Request(ORIGIN + path, { method, headers, ...(body ? { body: body as BodyInit } : {}) })
  } catch {
    // no client could send it: over the socket it is tried all the same
    return null
  }
  const started = performance.now()
  const answer = await fetch(request)
  const text = await textOf(answer)
  const took_ms = performance.now() - started
  if (took_ms > TIME_MAX_MS) return `it took ${Math.round(took_ms)} ms to answer`
  answers.set(answer.status, (answers.get(answer.status) ?? 0) + 1)
  const own = secrets.filter((secret) => !(secret === key || others.includes(secret)) || !sent.path.includes(secret))
  if (answer.status === 500) return `answered 500: ${reasonIn(lastError())}`
  // the answer to HEAD has the head of one, and no body
  if (sent.method === 'HEAD') return answer.status > 500 ? `answered ${answer.status}` : null
  const answered = { status: answer.status, type: answer.headers.get('content-type') ?? '', text }
  return wrongAnswer(answered, show(sent), own) ?? unguarded(answer.headers) ?? document.wrong(sent, answered)
}

/** Headers that no answer lacks, whatever was asked. */
const ALWAYS = ['content-security-policy', 'x-content-type-options', 'x-frame-options', 'x-request-id']
const unguarded = (headers: Headers): string | null => {
  const missing = ALWAYS.filter((name) => !headers.has(name))
  return missing.length > 0 ? `an answer lacks ${missing.join(', ')}` : null
}

function tooFew(answers: ReadonlyMap<number, number>): string[] {
  const all = [...answers.values()].reduce((sum, count) => sum + count, 0)
  const answered = [...answers].reduce((sum, [status, count]) => sum + (status < 400 ? count : 0), 0)
  if (all < 100 || answered >= all * ANSWERED_MIN) return []
  return [`${all - answered} of ${all} requests were refused: ${JSON.stringify(Object.fromEntries(answers))}`]
}

export async function http(application: Application): Promise<AnyTarget[]> {
  const { fetch, key, kept } = application
  const get = async (path: string) =>
    (await fetch(new Request(ORIGIN + path, { headers: { authorization: `Bearer ${key}` } }))).text()
  const described = JSON.parse(await get('/api/v1/openapi.json')) as ConstructorParameters<typeof Values>[0]
  const routes = routesOf(described)
  const ids = await idsOf(routes, get)
  for (const [list, own] of ids)
    ids.set(
      list,
      own.filter((id) => !kept.has(id)),
    )
  const values = new Values(described, ids)
  let session = await application.signIn()
  const make = (random: Random) => makeRequest(random, routes, values, application, session)
  const at: Trial = { application, document: new Document(described), answers: new Map() }
  return [
    target<Sent>({
      name: 'http',
      weight: 7,
      make,
      async try(sent) {
        const wrong = await trial(at, sent)
        if (sent.method === 'DELETE' && sent.path.includes('/session')) session = await application.signIn()
        return wrong
      },
      *shrink(sent) {
        const [path = '', query = ''] = sent.path.split('?')
        if (query !== '') yield { ...sent, path }
        for (const at of sent.headers.keys()) yield { ...sent, headers: sent.headers.toSpliced(at, 1) }
        if (sent.body) for (const body of smallerBytes(sent.body)) yield { ...sent, body }
      },
      show: (sent) => masked(show(sent)),
      verdict: async () => tooFew(at.answers),
    }),
    overSocket(application, make),
  ]
}
