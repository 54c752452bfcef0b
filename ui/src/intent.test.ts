/** A wish has one key until its outcome is known, and the next wish has another. */
import { afterEach, expect, test, vi } from 'vitest'
import { isKnown, keyOf, tellsOutcome } from './intent.ts'

afterEach(() => vi.unstubAllGlobals())

test('the same request keeps its key until it was answered; other content has another', () => {
  const first = keyOf('/api-keys {"name":"a"}')
  expect(first).toMatch(/^[0-9a-f]{32}$/)
  expect(keyOf('/api-keys {"name":"a"}')).toBe(first)
  expect(keyOf('/api-keys {"name":"b"}')).not.toBe(first)
  isKnown('/api-keys {"name":"a"}')
  expect(keyOf('/api-keys {"name":"a"}')).not.toBe(first)
})

test('a key is not used for longer than answers are kept', () => {
  const first = keyOf('old', 0)
  expect(keyOf('old', 22 * 3_600_000)).toBe(first)
  expect(keyOf('old', 24 * 3_600_000)).not.toBe(first)
})

test('what tells the outcome is an answer of the verb, and nothing else', () => {
  expect([200, 201, 204, 409, 422].map((status) => tellsOutcome(status))).toEqual(Array(5).fill(true))
  expect([0, 500, 503].map((status) => tellsOutcome(status))).toEqual(Array(3).fill(false))
  expect(tellsOutcome(409, 'key_in_use')).toBe(false)
})

test('the page sends the key of a lost request again, and a new one after a refusal', async () => {
  const keys: string[] = []
  const answers: (() => Promise<Response>)[] = [
    () => Promise.reject(new TypeError('network')),
    async () => Response.json({ code: 'unavailable', detail: 'away', status: 503 }, { status: 503 }),
    async () => Response.json({ code: 'conflict', detail: 'is taken', status: 409 }, { status: 409 }),
    async () => Response.json({ id: 'made' }, { status: 201 }),
    async () => Response.json({ id: 'made' }, { status: 201 }),
  ]
  vi.stubGlobal('document', { documentElement: { lang: 'en' } })
  vi.stubGlobal('fetch', (_address: string, { headers }: { headers: Record<string, string> }) => {
    keys.push(headers['idempotency-key'] ?? '')
    return answers[keys.length - 1]!()
  })
  const { api } = await import('./api.ts')
  for (let sent = 0; sent < answers.length; sent += 1) await api.openProject('account', 'Web').catch(() => {})
  const [lost, away, refused, made, next] = keys
  expect(lost).not.toBe('')
  expect([away, refused]).toEqual([lost, lost])
  expect(new Set([lost, made, next]).size).toBe(3)
})
