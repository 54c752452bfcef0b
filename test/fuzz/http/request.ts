/** Requests to the API, made from its document: fitting ones, and damaged in every part. */
import { mutatedBytes, mutatedText, mutatedTree } from '../mutate.ts'
import type { Random } from '../random.ts'
import { NAMES, longText, nested, oddText, oddValue } from '../values.ts'
import type { Application } from './application.ts'
import type { Route, Values } from './description.ts'

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
/** So many requests are as they should be: behind them the product's state changes. */
const FITTING_SHARE = 0.25

function pathOf(random: Random, route: Route, values: Values): string {
  const path = route.path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => {
    const fit = values.inPath(random, route.path, name)
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

/** As a good client sends it: by the owner, and as the document asks for. */
function fitting(random: Random, route: Route, values: Values, { key }: Senders): Sent {
  const headers: Sent['headers'] = [['authorization', `Bearer ${key}`]]
  const body = route.body && new TextEncoder().encode(JSON.stringify(values.of(random, route.body)))
  if (body) headers.push(['content-type', 'application/json'])
  if (random.chance(0.3)) headers.push(['idempotency-key', random.uuid()])
  const path = route.path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => values.inPath(random, route.path, name))
  return { method: route.method, path, headers, body }
}

export function makeRequest(
  random: Random,
  routes: readonly Route[],
  values: Values,
  senders: Senders,
  session: string,
): Sent {
  const route = random.pick(routes)
  if (random.chance(FITTING_SHARE)) return fitting(random, route, values, senders)
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
