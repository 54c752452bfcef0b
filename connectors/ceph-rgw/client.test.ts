import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Double, startDouble } from '#test/connectors/ceph-rgw.ts'
import { Watcher } from '#test/connectors/ceph-rgw-watcher.ts'
import { error, Zone } from '#test/connectors/ceph-rgw-zone.ts'
import { parseExact } from './client.ts'
import { connector } from './index.ts'

const T0 = Date.UTC(2026, 10, 23, 10)
let zone: Zone
let double: Double
beforeEach(() => {
  zone = new Zone(T0)
  double = startDouble(zone)
  zone.addBucket('photos')
})
afterEach(() => double.end())
const tick = (settings: Record<string, unknown> = {}, signal?: AbortSignal, now_ms = T0) =>
  new Watcher(
    () => now_ms,
    () => ({ ...double.settings(), ...settings }),
  ).tick(signal)
const failure = (tried: Promise<void>): Promise<{ code: string; message: string; remedy: string }> =>
  tried.then(
    () => expect.unreachable('it went well'),
    (thrown: unknown) => thrown as never,
  )

test('the settings that work, work', () => tick())

test.each(['users', 'buckets', 'usage', 'metadata'])('a missing capability is named: %s=read', async (cap) => {
  zone.users.get('ops')!.caps.delete(cap)
  const { code, message, remedy } = await failure(tick())
  expect([code, message]).toEqual(['refused', expect.stringContaining(`lacks the capability ${cap}=read`)])
  expect(remedy).toContain(`--caps="${cap}=read"`)
})

test('wrong keys and a clock that is off are told apart, and no secret is in what is said', async () => {
  const wrong = await failure(tick({ access_key: 'KEYnobody' }))
  expect([wrong.code, wrong.message]).toEqual(['refused', expect.stringContaining('no such access key')])
  const secret = await failure(tick({ secret_key: 'not the secret' }))
  expect([secret.code, secret.message]).toEqual(['refused', expect.stringContaining('secret key is not that')])
  const late = await failure(tick({}, undefined, T0 + 3_600_000))
  expect([late.code, late.message]).toEqual(['refused', expect.stringContaining('clocks')])
  for (const { message, remedy } of [wrong, secret, late])
    expect(message + remedy).not.toMatch(/secret of ops|not the secret/)
})

test.each([
  [500, 'UnknownError', 'bad_answer'],
  [503, 'SlowDown', 'limit'],
  [503, 'ServiceUnavailable', 'unreachable'],
  [301, 'PermanentRedirect', 'bad_settings'],
])('an answer of %i %s is %s', async (status, code, expected) => {
  zone.instead = () => error(status, code)
  expect((await failure(tick())).code).toBe(expected)
})

test.each([
  ['a page of a proxy', '<html>Welcome</html>'],
  ['an answer that breaks off', '{"entries":[{"user":"sho'],
  ['null', 'null'],
  ['a list that is none', '{"entries":{}}'],
  ['nothing', ''],
])('%s is a failure, and ends nothing', async (_, body) => {
  zone.instead = () => ({ status: 200, body, type: null })
  expect((await failure(tick())).code).toBe('bad_answer')
})

test('names that go on without saying where, or always from the same place, are a failure', async () => {
  for (const more of ['', ',"marker":"same"']) {
    zone.instead = (operation) =>
      operation.startsWith('metadata')
        ? { status: 200, body: `{"keys":["a"],"truncated":"true"${more}}`, type: null }
        : undefined
    expect((await failure(tick())).code).toBe('bad_answer')
  }
})

test('one who doesn’t answer is given up when the tick is', async () => {
  double.hang()
  expect((await failure(tick({}, AbortSignal.timeout(100)))).code).toBe('timeout')
})

test('a certificate that nobody named vouches for is refused, also after one that was good', async () => {
  await double.end()
  double = startDouble(zone, true)
  await tick()
  await double.vouched(false)
  const { code, message, remedy } = await failure(tick())
  expect([code, message]).toEqual(['refused', expect.stringContaining('certificate is not trusted')])
  expect(remedy).toContain('`ca`')
})

test('an address where nobody listens, and one that has no admin API', async () => {
  expect((await failure(tick({ endpoint: 'http://127.0.0.1:9' }))).code).toBe('unreachable')
  expect((await failure(tick({ admin_path: 'operator' }))).code).toBe('bad_settings')
})

test.each([
  { endpoint: 'ftp://s3.example.com' },
  { endpoint: 'https://s3.example.com/admin' },
  { endpoint: 'https://key:secret@s3.example.com' },
  { access_key: '' },
  { ca: 'not a certificate' },
  { admin_path: 'a?b' },
  { more: 1 },
])('settings that can’t be right are refused before anybody is asked: %o', async (wrong) => {
  await expect(tick(wrong)).rejects.toMatchObject({ code: 'bad_settings' })
  expect(zone.asked).toEqual([])
  expect(connector.manifest.secrets).toEqual(['secret_key'])
})

test('whole numbers above 2⁵³ keep their digits', () => {
  expect(parseExact('{"size":18446744073709551615,"n":7,"s":"123456789012345678"}')).toEqual({
    size: '18446744073709551615',
    n: 7,
    s: '123456789012345678',
  })
})
