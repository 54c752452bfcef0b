/** The connector for Ceph on a real radosgw: what it meters must be what was sent, over trims, a re-created bucket and restarts. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Fact } from '#connectors/contract.ts'
import { heldIn, usedIn, Watcher } from '#test/connectors/ceph-rgw-watcher.ts'
import { type Keys, type Rgw, startRgw, whyNoRgw } from './ceph-rgw.ts'

const whyNot = whyNoRgw()
if (whyNot !== undefined) console.warn(`skipped: ${whyNot}`)
const HOUR = 3_600_000
const DELAY_S = 3
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** What was sent, as its sender counts it. */
const sent = { list: 0, read: 0, write: 0, delete: 0, received: 0, transmitted: 0 }
const requests = () => sent.list + sent.read + sent.write + sent.delete

describe.skipIf(whyNot !== undefined)('a zone with a shop', () => {
  const dir = mkdtempSync(join(tmpdir(), 'atalaya-rgw-'))
  let rgw: Rgw
  let ops: Keys
  let shop: Keys
  let eye: Watcher
  /** what each bucket holds now */
  const objects = new Map<string, number>()
  /** bytes × ms by the ledger above, from look to look */
  const stored = { ledger: 0n, at_ms: 0, bytes: 0n }

  beforeAll(async () => {
    rgw = await startRgw(join(dir, 'ceph'), 17_480)
    ops = await rgw.user('atalaya', 'users=read;buckets=read;usage=read;metadata=read')
    shop = await rgw.user('shop')
    eye = watcher()
    await eye.tick()
  })
  afterAll(async () => {
    await rgw?.stop()
    rmSync(dir, { recursive: true, force: true })
  })

  const watcher = (keys: Keys = ops, off_ms = 0) =>
    new Watcher(
      () => Date.now() + off_ms,
      () => ({
        endpoint: rgw.endpoint,
        access_key: keys.access_key,
        secret_key: keys.secret_key,
        usage_delay_s: DELAY_S,
      }),
    )

  async function send(
    kind: 'list' | 'read' | 'write' | 'delete',
    method: string,
    path: string,
    body = '',
  ): Promise<void> {
    const { status, text, bytes } = await rgw.s3(shop, method, path, {}, body)
    if (status >= 400) throw new Error(`${method} ${path}: ${status} ${text}`)
    sent[kind] += 1
    sent.received += body.length
    sent.transmitted += bytes
  }
  async function put(from: number, to: number): Promise<void> {
    for (let index = from; index < to; index += 1) {
      await send('write', 'PUT', `/photos/${index}`, 'x'.repeat(1_000 + index))
      objects.set(String(index), 1_000 + index)
    }
  }
  async function get(from: number, to: number): Promise<void> {
    for (let index = from; index < to; index += 1) await send('read', 'GET', `/photos/${index}`)
  }
  async function empty(): Promise<void> {
    for (const name of objects.keys()) await send('delete', 'DELETE', `/photos/${name}`)
    objects.clear()
  }

  /** After radosgw wrote its log, and what it wrote is at rest. */
  async function tick(): Promise<void> {
    await sleep(1_000 * (DELAY_S + 1))
    const before = eye.facts.length
    await eye.tick()
    const held = [...objects.values()].reduce((sum, size) => sum + size, 0)
    const found = eye.facts
      .slice(before)
      .filter((fact) => fact.type === 'readings')
      .find(({ resource, gauges }) => gauges && resource.external_id === 'photos')
    if (!found) {
      // no bucket: nothing is held, and nothing is told to be
      expect(held).toBe(0)
      const { seen_at_ms } = eye.listing()
      stored.ledger += stored.bytes * BigInt(seen_at_ms - (stored.at_ms || seen_at_ms))
      stored.at_ms = 0
      return
    }
    expect(found.gauges).toMatchObject({ storage_used_bytes: held, objects_count: objects.size })
    const elapsed = BigInt(found.seen_at_ms - (stored.at_ms || found.seen_at_ms))
    stored.ledger += stored.bytes * elapsed
    Object.assign(stored, { at_ms: found.seen_at_ms, bytes: BigInt(held) })
  }
  const markers = () => [
    ...new Set(
      eye.facts.flatMap((fact) =>
        fact.type === 'readings' && fact.resource.external_id === 'photos' ? [fact.resource.incarnation ?? ''] : [],
      ),
    ),
  ]
  /** Over all buckets of that name, and the user. */
  const counted = (key: string) =>
    markers().reduce((sum, marker) => sum + eye.counter('photos', key, marker).value, eye.value('shop', key))

  test('after 200 requests, two trims, a re-created bucket and restarts, all that was sent is metered, and no more', async () => {
    const began_ms = Date.now()
    await send('write', 'PUT', '/photos')
    await put(0, 40)
    await get(0, 20)
    await tick()
    await rgw.admin('usage', 'trim', '--yes-i-really-mean-it')
    await tick()
    await put(40, 60)
    await get(0, 10)
    await send('list', 'GET', '/photos')
    await tick()
    // the second trim, and at once more of what was there before it
    await rgw.admin('usage', 'trim', '--uid=shop')
    await get(0, 30)
    await send('list', 'GET', '/')
    await tick()
    await empty()
    await send('delete', 'DELETE', '/photos')
    await tick()
    await send('write', 'PUT', '/photos')
    await put(0, 10)
    await tick()
    await rgw.restart()
    eye.restart()
    while (requests() < 200) await send('read', 'GET', '/photos/1')
    await tick()

    expect(requests()).toBe(200)
    expect(markers()).toHaveLength(2)
    expect({
      list: counted('requests_count/list'),
      read: counted('requests_count/read'),
      write: counted('requests_count/write'),
      delete: counted('requests_count/delete'),
      other: counted('requests_count/other'),
      received: counted('network_receive_bytes'),
      transmitted: counted('network_transmit_bytes'),
    }).toEqual({
      list: BigInt(sent.list),
      read: BigInt(sent.read),
      write: BigInt(sent.write),
      delete: BigInt(sent.delete),
      other: 0n,
      received: BigInt(sent.received),
      transmitted: BigInt(sent.transmitted),
    })
    expect(eye.fell()).toEqual([])
    const byte_ms = markers().map((marker) => heldIn(eye, 'photos', marker, stored.at_ms))
    expect(byte_ms.reduce((sum, one) => sum + one, 0n)).toBe(stored.ledger)
    expect(stored.ledger).toBeGreaterThan(0n)

    const [from, to] = [Math.floor(began_ms / HOUR) * HOUR, Date.now() + HOUR]
    const metered = markers().reduce(
      (sum, marker) => sum + usedIn(eye, 'photos', 'requests_count/write', from, to, marker),
      0n,
    )
    expect(metered).toBe(BigInt(sent.write))
  })

  test('all that was told is of the wire', () => {
    const source = '01890000-0000-7000-8000-000000000001'
    const wrong = eye.facts
      .filter((fact) => fact.type !== 'listing')
      .map(
        (fact) => Fact.safeParse({ source, ...(fact.type === 'readings' && { interval_ms: 10_000 }), ...fact }).error,
      )
    expect(wrong.filter((error) => error !== undefined)).toEqual([])
  })

  test('a bucket that is resharded stays itself, though its id is another', async () => {
    const before = eye.listing().resources.find(({ kind }) => kind === 'bucket')?.incarnation
    await rgw.admin('bucket', 'reshard', '--bucket=photos', '--num-shards=13')
    const { id } = JSON.parse(await rgw.admin('bucket', 'stats', '--bucket=photos'))
    expect(id).not.toBe(before)
    await tick()
    expect(eye.listing().resources.filter(({ kind }) => kind === 'bucket')).toMatchObject([{ incarnation: before }])
  })

  test('a suspended user is stopped with its buckets, and a bucket given away has another parent', async () => {
    await rgw.user('heir')
    await rgw.admin('user', 'suspend', '--uid=shop')
    await eye.tick()
    const state = (external_id: string) => eye.listing().resources.find((one) => one.external_id === external_id)?.state
    expect([state('shop'), state('photos'), state('heir')]).toEqual(['stopped', 'stopped', 'running'])
    await rgw.admin('bucket', 'link', '--bucket=photos', '--uid=heir')
    await eye.tick()
    expect(eye.listing().resources.find((one) => one.external_id === 'photos')).toMatchObject({
      parent: { external_id: 'heir' },
    })
  })

  test('a missing capability, a wrong key, a clock that is off and a radosgw that is down each say so', async () => {
    const failure = (one: Watcher) =>
      one.tick().then(
        () => undefined,
        (error: { message: string }) => error.message,
      )
    for (const cap of ['users=read', 'buckets=read', 'usage=read', 'metadata=read']) {
      await rgw.admin('caps', 'rm', '--uid=atalaya', `--caps=${cap}`)
      expect(await failure(watcher())).toContain(`lacks the capability ${cap}`)
      await rgw.admin('caps', 'add', '--uid=atalaya', `--caps=${cap}`)
    }
    expect(await failure(watcher({ ...ops, secret_key: 'wrong' }))).toContain(
      'the secret key is not that of the access key',
    )
    expect(await failure(watcher({ ...ops, access_key: 'WRONG' }))).toContain('no such access key')
    expect(await failure(watcher(ops, HOUR))).toContain('clocks')
    await rgw.stop()
    expect(await failure(watcher())).toMatch(/Unable to connect|ECONNREFUSED|ConnectionRefused/)
  })
})
