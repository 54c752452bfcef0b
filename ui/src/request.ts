/** How a page asks the control plane: JSON by fetch, its problems as errors, and what makes something made once. */
import { t } from './i18n/language.ts'
import { isKnown, keyOf, tellsOutcome } from './intent.ts'
import { isAway } from './presence.ts'
import { ApiError, problemOf, unreachable } from './problem.ts'

export const BASE = '/api/v1'
const TIMEOUT_MS = 30_000

export type Values = Record<string, string | number | boolean | null | undefined>
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
interface Options {
  query?: Values
  body?: unknown
  signal?: AbortSignal
  /** under which it is done once, however often it is sent */
  key?: string
}

/** The browser's own words for it are in the browser's language, and say no more. */
const unanswered = (error: unknown): ApiError =>
  unreachable(
    t(error instanceof DOMException && error.name === 'TimeoutError' ? 'error.no_answer' : 'error.no_connection'),
  )

/** `/resources` and `{ kind: 'vm', q: '' }` → `/resources?kind=vm`: empty values are left out. */
export function withQuery(path: string, values: Values = {}): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(values))
    if (value !== undefined && value !== null && value !== '') query.set(name, String(value))
  return query.size ? `${path}?${query}` : path
}

export async function request<T>(method: Method, path: string, { query, body, signal, key }: Options = {}): Promise<T> {
  const limit = AbortSignal.timeout(TIMEOUT_MS)
  const response = await fetch(BASE + withQuery(path, query), {
    method,
    credentials: 'same-origin',
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
    headers: {
      accept: 'application/json',
      'accept-language': document.documentElement.lang,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...(isAway() ? { 'x-atalaya-unattended': '1' } : {}),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error
    throw unanswered(error)
  })
  if (!response.ok) throw await problemOf(response)
  return (response.status === 204 ? undefined : await response.json()) as T
}

/** A large file goes as it is, for as long as it takes. */
export async function upload<T>(path: string, file: Blob): Promise<T> {
  const headers = { accept: 'application/json', 'content-type': 'application/octet-stream' }
  const response = await fetch(BASE + path, { method: 'PUT', credentials: 'same-origin', headers, body: file }).catch(
    (error: unknown) => {
      throw unanswered(error)
    },
  )
  if (!response.ok) throw await problemOf(response)
  return (await response.json()) as T
}

export const get = <T>(path: string, query?: Values, signal?: AbortSignal) => request<T>('GET', path, { query, signal })
export const post = <T>(path: string, body: unknown, signal?: AbortSignal) => request<T>('POST', path, { body, signal })
/** What makes something: sent again after its answer was lost, it is made once. */
export async function make<T>(path: string, body: unknown): Promise<T> {
  const wish = `${path} ${JSON.stringify(body)}`
  try {
    const made = await request<T>('POST', path, { body, key: keyOf(wish) })
    isKnown(wish)
    return made
  } catch (error) {
    if (error instanceof ApiError && tellsOutcome(error.status, error.code)) isKnown(wish)
    throw error
  }
}
export const patch = <T>(path: string, body: unknown) => request<T>('PATCH', path, { body })

/** What is asked by a body and answered as a file. */
export async function file(path: string, body: unknown): Promise<Blob> {
  const headers = { 'content-type': 'application/json' }
  const init = { method: 'POST', credentials: 'same-origin', headers, body: JSON.stringify(body) } as const
  const response = await fetch(BASE + path, init).catch((error: unknown) => {
    throw unanswered(error)
  })
  if (!response.ok) throw await problemOf(response)
  return await response.blob()
}
