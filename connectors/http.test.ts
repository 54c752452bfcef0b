/** Calls to real servers with TLS: who is believed, how long is waited, how much is taken, and that nothing leaks. */
import { createHash, X509Certificate } from 'node:crypto'
import { STRANGE, TRUSTED } from '#test/connectors/certificates.ts'
import { afterEach, describe, expect, test } from 'vitest'
import { type Call, request } from './http.ts'
import { ConnectorError } from './wire.ts'

const SECRET = 'very-secret-token'
const servers: ReturnType<typeof Bun.serve>[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true)
})

/** What it heard, and where it listens. */
function serve(answer: (request: Request) => Response | Promise<Response>, { cert, key } = TRUSTED) {
  const heard: (string | null)[] = []
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    tls: { cert, key },
    fetch(asked) {
      heard.push(asked.headers.get('authorization'))
      return answer(asked)
    },
  })
  servers.push(server)
  return { url: `https://127.0.0.1:${server.port}/path?q=${SECRET}`, heard }
}
const fingerprint = (cert: string) => createHash('sha256').update(new X509Certificate(cert).raw).digest('hex')
const ask = (url: string, call: Call = {}) => request(url, { headers: { authorization: SECRET }, ...call })

async function failure(call: Promise<unknown>): Promise<ConnectorError> {
  const error = await call.then(
    () => new Error('it went well'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ConnectorError)
  const known = error as ConnectorError
  expect(`${known.message} ${known.remedy}`).not.toContain(SECRET)
  expect(known.remedy).not.toBe('')
  return known
}

describe('whom it believes', () => {
  test('an authority that is pinned, and no other', async () => {
    const [good, strange] = [serve(() => new Response('hello')), serve(() => new Response('hello'), STRANGE)]
    const trust = { ca: TRUSTED.ca }
    expect(await ask(good.url, { trust })).toMatchObject({ status: 200, text: 'hello' })
    expect(await failure(ask(strange.url, { trust }))).toMatchObject({ code: 'refused' })
    expect(strange.heard).toEqual([])
  })

  test('without either, an authority of its own is not believed', async () => {
    const { url, heard } = serve(() => new Response('hello'))
    expect(await failure(ask(url))).toMatchObject({ code: 'refused' })
    expect(heard).toEqual([])
  })

  test('a certificate that bears the pinned fingerprint, in any spelling; another one gets no credential', async () => {
    const [good, strange] = [serve(() => new Response('hello')), serve(() => new Response('hello'), STRANGE)]
    const hex = fingerprint(TRUSTED.cert)
    const colons = hex.toUpperCase().replaceAll(/..(?=.)/g, '$&:')
    for (const one of [hex, colons])
      expect(await ask(good.url, { trust: { fingerprints: ['00'.repeat(32), one] } })).toMatchObject({ text: 'hello' })
    const refused = await failure(ask(strange.url, { trust: { fingerprints: [hex] } }))
    expect(refused).toMatchObject({ code: 'refused' })
    expect(refused.message.replaceAll(':', '').toLowerCase()).toContain(fingerprint(STRANGE.cert))
    expect(strange.heard).toEqual([])
  })

  test('a server that changes its certificate while it is pinned is refused, and believed again when the old one is back', async () => {
    const trust = { fingerprints: [fingerprint(TRUSTED.cert)] }
    const first = serve(() => new Response('hello'))
    const { port, hostname } = new URL(first.url)
    expect((await ask(first.url, { trust })).text).toBe('hello')
    const again = async ({ cert, key }: typeof TRUSTED) => {
      await servers.pop()?.stop(true)
      servers.push(Bun.serve({ port, hostname, tls: { cert, key }, fetch: () => new Response('again') }))
    }
    await again(STRANGE)
    expect(await failure(ask(first.url, { trust }))).toMatchObject({ code: 'refused' })
    await again(TRUSTED)
    expect((await ask(first.url, { trust })).text).toBe('again')
  })

  test('a name that is not in the certificate is refused under a pinned authority', async () => {
    const { url } = serve(() => new Response('hello'))
    const other = url.replace('127.0.0.1', '127.0.0.2')
    const server = servers[0]
    servers.push(Bun.serve({ port: 0, hostname: '127.0.0.2', tls: TRUSTED, fetch: () => new Response('hello') }))
    const elsewhere = other.replace(`${server?.port}`, `${servers[1]?.port}`)
    expect(await failure(ask(elsewhere, { trust: { ca: TRUSTED.ca } }))).toMatchObject({ code: 'refused' })
  })
})

describe('its bounds', () => {
  const trust = { ca: TRUSTED.ca }

  test('a server that says nothing, or stops in the middle, takes no longer than the time-out', async () => {
    const silent = serve(() => new Promise<Response>(() => undefined))
    expect(await failure(ask(silent.url, { trust, timeout_ms: 100 }))).toMatchObject({ code: 'timeout' })
    const halting = serve(() => new Response(new ReadableStream({ start: (out) => out.enqueue(new Uint8Array(9)) })))
    expect(await failure(ask(halting.url, { trust, timeout_ms: 100 }))).toMatchObject({ code: 'timeout' })
  })

  test('an answer above the limit is dropped, told by its length or not, small as it may come over the wire', async () => {
    const long = serve(() => new Response('x'.repeat(1_001)))
    expect(await failure(ask(long.url, { trust, bytes_max: 1_000 }))).toMatchObject({ code: 'limit' })
    expect((await ask(long.url, { trust, bytes_max: 1_001 })).text).toHaveLength(1_001)
    const packed = serve(
      () => new Response(Bun.gzipSync(new Uint8Array(1_000_000)), { headers: { 'content-encoding': 'gzip' } }),
    )
    expect(await failure(ask(packed.url, { trust, bytes_max: 100_000 }))).toMatchObject({ code: 'limit' })
  })

  test('a redirection is told and not followed', async () => {
    const target = serve(() => new Response('stolen'))
    const { url } = serve(() => Response.redirect(target.url, 302))
    const error = await failure(ask(url, { trust }))
    expect(error).toMatchObject({ code: 'bad_answer' })
    expect(error.message).toContain(new URL(target.url).origin)
    expect(target.heard).toEqual([])
  })

  test('a server that is not there, and one that breaks off, are unreachable', async () => {
    const { url } = serve(() => new Response(''))
    await servers.pop()?.stop(true)
    expect(await failure(ask(url, { trust }))).toMatchObject({ code: 'unreachable' })
  })

  test('the caller can stop it', async () => {
    const { url } = serve(() => new Promise<Response>(() => undefined))
    expect(await failure(ask(url, { trust, signal: AbortSignal.timeout(50) }))).toMatchObject({ code: 'timeout' })
  })
})

describe('too many requests', () => {
  const trust = { ca: TRUSTED.ca }
  const refusing = (times: number, status: number, headers: Record<string, string>) => {
    let left = times
    return serve(() => ((left -= 1) >= 0 ? new Response('later', { status, headers }) : new Response('now')))
  }

  test('it asks again when it is told to, and as long as it has patience', async () => {
    const once = refusing(1, 429, { 'retry-after': '0' })
    expect(await ask(once.url, { trust, patience_ms: 1_000 })).toMatchObject({ status: 200, text: 'now' })
    expect(once.heard).toHaveLength(2)
    const dated = refusing(1, 503, { 'retry-after': new Date(Date.now() - 5_000).toUTCString() })
    expect(await ask(dated.url, { trust, patience_ms: 1_000 })).toMatchObject({ text: 'now' })
    const unsaid = refusing(1, 429, {})
    expect(await ask(unsaid.url, { trust, patience_ms: 1_000 })).toMatchObject({ text: 'now' })
  })

  test('beyond its patience it says so at once, and asks no further', async () => {
    const long = refusing(9, 429, { 'retry-after': '60' })
    const error = await failure(ask(long.url, { trust, patience_ms: 1_000 }))
    expect(error).toMatchObject({ code: 'limit' })
    expect(error.message).toContain('60 s')
    expect(long.heard).toHaveLength(1)
  })

  test('any other status is an answer, and so is a 503 that asks for nothing', async () => {
    const { url, heard } = refusing(9, 503, {})
    expect(await ask(url, { trust, patience_ms: 1_000 })).toMatchObject({ status: 503, text: 'later' })
    expect(heard).toHaveLength(1)
  })
})
