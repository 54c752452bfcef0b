/** Every route of the API with damaged parameters, headers and bodies: never a 500, always a problem in words, nothing told that is secret. */
import { mutatedBytes, mutatedText, mutatedTree } from '../mutate.ts'
import type { Random } from '../random.ts'
import { smallerBytes } from '../shrink.ts'
import { type AnyTarget, target } from '../target.ts'
import { NAMES, longText, nested, oddText, oddValue } from '../values.ts'
import type { Application } from './application.ts'
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

function headersOf(random: Random, key: string, body: Uint8Array | null): Sent['headers'] {
  const headers: Sent['headers'] = []
  const odd = (text: string) => visible(mutatedText(random, text))
  if (random.chance(0.95)) headers.push(['authorization', `Bearer ${key}`])
  else
    headers.push(
      random
        .pick([
          ['authorization', odd(`Bearer ${key}`)],
          ['cookie', odd(`atalaya_session=${key}`)],
          ['authorization', ''],
        ] as const)
        .slice() as [string, string],
    )
  if (body)
    headers.push(['content-type', random.chance(0.95) ? 'application/json' : odd('application/json; charset=utf-8')])
  if (random.chance(0.1))
    headers.push([
      random.pick([
        'accept',
        'origin',
        'sec-fetch-site',
        'x-forwarded-proto',
        'range',
        'if-none-match',
        'accept-language',
        'x-request-id',
      ]),
      visible(longText(random)),
    ])
  return headers
}

function makeRequest(random: Random, routes: readonly Route[], values: Values, key: string): Sent {
  const route = random.pick(routes)
  const method = random.chance(0.98)
    ? route.method
    : random.pick(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'])
  const carries = method !== 'GET' && method !== 'HEAD'
  const body = carries ? bodyOf(random, route, values) : null
  return {
    method,
    path: pathOf(random, route, values) + queryOf(random, route, values),
    headers: headersOf(random, key, body),
    body,
  }
}

/** The text of an answer; of a stream without end its beginning. */
async function textOf(answer: Response): Promise<string> {
  if (!(answer.headers.get('content-type') ?? '').startsWith('text/event-stream')) return answer.text()
  await answer.body?.cancel()
  return ''.slice(0, STREAM_BYTES_MAX)
}

const show = ({ method, path, headers, body }: Sent, key: string): string =>
  `${method} ${path} ${JSON.stringify(headers)} ${body ? new TextDecoder().decode(body) : ''}`.replaceAll(key, '<key>')

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

async function trial({ fetch, secrets, key, lastError }: Application, sent: Sent): Promise<string | null> {
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
  const own = secrets.filter((secret) => secret !== key || !sent.path.includes(key))
  if (answer.status === 500) return `answered 500: ${reasonIn(lastError())}`
  // the answer to HEAD has the head of one, and no body
  if (sent.method === 'HEAD') return answer.status > 500 ? `answered ${answer.status}` : null
  return wrongAnswer(
    { status: answer.status, type: answer.headers.get('content-type') ?? '', text },
    show(sent, ''),
    own,
  )
}

export async function http(application: Application): Promise<AnyTarget[]> {
  const { fetch, key } = application
  const get = async (path: string) =>
    (await fetch(new Request(ORIGIN + path, { headers: { authorization: `Bearer ${key}` } }))).text()
  const document = JSON.parse(await get('/api/v1/openapi.json')) as ConstructorParameters<typeof Values>[0]
  const routes = routesOf(document)
  const values = new Values(document, await idsOf(routes, get))
  const make = (random: Random) => makeRequest(random, routes, values, key)
  return [
    target<Sent>({
      name: 'http',
      weight: 7,
      make,
      try: (sent) => trial(application, sent),
      *shrink(sent) {
        const [path = '', query = ''] = sent.path.split('?')
        if (query !== '') yield { ...sent, path }
        for (const at of sent.headers.keys()) yield { ...sent, headers: sent.headers.toSpliced(at, 1) }
        if (sent.body) for (const body of smallerBytes(sent.body)) yield { ...sent, body }
      },
      show: (sent) => show(sent, key),
    }),
    overSocket(application, make),
  ]
}
