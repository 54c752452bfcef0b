/** The demo's way to the control plane: the public API, with the owner's key. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Api {
  origin: string
  get<T>(path: string): Promise<T>
  send<T>(method: 'POST' | 'PATCH', path: string, body: unknown): Promise<T>
}

export function apiOf(origin: string, data: string): Api {
  const key = readFileSync(join(data, 'api-key'), 'utf8').trim()
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await fetch(`${origin}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: HTTP ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as T
  }
  return {
    origin,
    get: (path) => call('GET', path),
    send: (method, path, body) => call(method, path, body),
  }
}
