import { afterEach, beforeEach, expect, test } from 'vitest'
import { Manifest, METRICS } from '#connectors/contract.ts'
import { heldIn, usedIn, Watcher } from '#test/connectors/ceph-rgw-watcher.ts'
import { type Double, startDouble } from '#test/connectors/ceph-rgw.ts'
import { error, Zone } from '#test/connectors/ceph-rgw-zone.ts'
import { connector } from './index.ts'

const HOUR = 3_600_000
const T0 = Date.UTC(2026, 10, 23, 10)
const MINUTE = 60_000
let zone: Zone
let double: Double
let eye: Watcher
beforeEach(async () => {
  zone = new Zone(T0)
  double = startDouble(zone)
  eye = new Watcher(() => zone.now_ms, double.settings)
  zone.addBucket('photos')
  zone.at(T0 + 20 * MINUTE)
})
afterEach(() => double.end())
const get = (bucket: string, ops: number, bytes: number, at_ms?: number) =>
  zone.use('shop', bucket, 'get_obj', { ops: BigInt(ops), bytes_sent: BigInt(bytes) }, at_ms)
const at = async (minute: number) => {
  zone.at(T0 + minute * MINUTE)
  await eye.tick()
}
const delayed = (usage_delay_s: number) =>
  new Watcher(
    () => zone.now_ms,
    () => ({ ...double.settings(), usage_delay_s }),
  )
const reads = 'requests_count/read'

test('its manifest is of the wire, and each metric is known there', () => {
  expect(Manifest.safeParse(connector.manifest).error).toBeUndefined()
  expect(connector.manifest.metrics.filter((metric) => !(metric in METRICS))).toEqual([])
})

test('users and buckets are listed page by page, with tenant, state, quota and owner', async () => {
  zone.page = 1
  zone.addUser('acme$bob').suspended = true
  Object.assign(zone.addBucket('acme/films', 'acme$bob'), { size: 7_000n, objects: 2 })
  await eye.tick()
  const { complete, resources: found } = eye.listing()
  expect(complete).toBe(true)
  const order = ['z', 'ops', 'shop', 'acme$bob', 'photos', 'acme/films']
  const resources = found.toSorted((a, b) => order.indexOf(a.external_id) - order.indexOf(b.external_id))
  expect(resources.map(({ kind, external_id, state }) => [kind, external_id, state])).toEqual([
    ['cluster', 'z', 'running'],
    ['s3_user', 'ops', 'running'],
    ['s3_user', 'shop', 'running'],
    ['s3_user', 'acme$bob', 'stopped'],
    ['bucket', 'photos', 'running'],
    ['bucket', 'acme/films', 'stopped'],
  ])
  expect(resources[5]).toMatchObject({
    incarnation: '4428b343.4106.2',
    parent: { kind: 's3_user', external_id: 'acme$bob' },
    attributes: { tenant: 'acme', placement: 'default-placement', created_at: '2026-11-23T10:20:00.000Z' },
  })
  expect(resources[2]?.attributes).toEqual({ quota: { size_bytes: 104_857_600, objects_count: 1000 } })
  expect(JSON.stringify([eye.facts, eye.memory])).not.toContain('secret of')
  expect(eye.gauges('acme/films')).toEqual({
    storage_used_bytes: 7000,
    storage_allocation_bytes: 11_096,
    objects_count: 2,
  })
})

test('each hour has what was asked in it, to the byte, whenever it is read', async () => {
  await at(20)
  get('photos', 3, 3_000, T0 + 40 * MINUTE)
  get('photos', 5, 50_000, T0 + HOUR + MINUTE)
  await at(61)
  get('photos', 7, 700, T0 + 3 * HOUR)
  await at(5 * 60)
  const sent = (hour: number) =>
    usedIn(eye, 'photos', 'network_transmit_bytes', T0 + hour * HOUR, T0 + (hour + 1) * HOUR)
  expect([0, 1, 2, 3, 4].map(sent)).toEqual([3_000n, 50_000n, 0n, 700n, 0n])
  expect(eye.value('photos', reads)).toBe(15n)
  expect(eye.fell()).toEqual([])
})

test('only what is at rest is counted: the hour that began within the delay waits', async () => {
  eye = delayed(60)
  await at(20)
  get('photos', 1, 1_000, T0 + 59 * MINUTE)
  get('photos', 1, 500, T0 + HOUR)
  await at(60.5)
  expect(eye.value('photos', 'network_transmit_bytes')).toBe(1_000n)
  // written by radosgw's next tick, after the hour
  get('photos', 1, 30, T0 + 59.9 * MINUTE)
  await at(65)
  expect(usedIn(eye, 'photos', 'network_transmit_bytes', T0, T0 + HOUR)).toBe(1_030n)
  expect(usedIn(eye, 'photos', 'network_transmit_bytes', T0 + HOUR, T0 + 2 * HOUR)).toBe(500n)
})

test('a bucket that was made within the delay before an hour ended has in that hour what was asked then', async () => {
  eye = delayed(60)
  await at(55)
  zone.at(T0 + 59 * MINUTE + 50_000)
  zone.addBucket('late')
  get('late', 3, 300)
  await at(60.5)
  await at(65)
  expect(usedIn(eye, 'late', 'network_transmit_bytes', T0, T0 + HOUR)).toBe(300n)
})

test('hours are radosgw’s, where its clock is not that of the agent’s machine', async () => {
  const ahead_ms = 10 * MINUTE
  eye = new Watcher(() => zone.now_ms + ahead_ms, double.settings)
  await at(20)
  get('photos', 1, 1_000)
  // by the agent's clock the hour is over, by radosgw's it is not
  await at(55)
  get('photos', 1, 30)
  await at(65)
  get('photos', 1, 2)
  await at(70)
  const end = eye.readings('photos').find(({ counters }) => counters?.['network_transmit_bytes'] === 1_030)
  expect(end?.seen_at_ms).toBeGreaterThan(T0 + HOUR + ahead_ms - 1_000)
  expect(end?.seen_at_ms).toBeLessThan(T0 + HOUR + ahead_ms + 1_000)
  expect(eye.value('photos', 'network_transmit_bytes')).toBe(1_032n)
})

test('what an hour grows by after it was told is counted once, with the next reading', async () => {
  await at(20)
  get('photos', 2, 200)
  await at(70)
  get('photos', 1, 40, T0 + 30 * MINUTE)
  await at(75)
  await at(80)
  expect(eye.value('photos', 'network_transmit_bytes')).toBe(240n)
  expect(eye.fell()).toEqual([])
})

test('a trimmed log lets no total fall and counts nothing twice: of all hours, of some, and grown again', async () => {
  await at(20)
  get('photos', 10, 1_000)
  await at(70)
  get('photos', 4, 400)
  await at(75)
  zone.trim(T0, T0 + HOUR)
  await at(76)
  zone.trim()
  get('photos', 3, 300)
  await at(77)
  zone.trim()
  await at(78)
  get('photos', 9, 900)
  await at(79)
  expect(eye.value('photos', 'network_transmit_bytes')).toBe(2_600n)
  expect(eye.value('photos', reads)).toBe(26n)
  expect(eye.fell()).toEqual([])
})

test('a record that lacks a category was trimmed, though the others grew past what they were', async () => {
  await at(20)
  zone.use('shop', 'photos', 'create_bucket', {})
  get('photos', 2, 200)
  await at(25)
  zone.trim()
  get('photos', 5, 500)
  await at(30)
  expect(eye.value('photos', reads)).toBe(7n)
})

test('a restart goes on where it was; one without memory begins another epoch and counts nothing twice', async () => {
  await at(20)
  get('photos', 10, 1_000)
  await at(25)
  eye.restart()
  get('photos', 1, 100)
  await at(30)
  expect(eye.value('photos', reads)).toBe(11n)
  const { epoch } = eye.counter('photos', reads)
  eye.restart('without memory')
  get('photos', 50, 5_000)
  await at(35)
  get('photos', 2, 200)
  await at(40)
  expect(eye.counter('photos', reads)).toMatchObject({ value: 2n, origin_ms: undefined })
  expect(eye.counter('photos', reads).epoch).not.toBe(epoch)
  expect(usedIn(eye, 'photos', reads, T0, T0 + HOUR)).toBe(13n)
})

test('a bucket made again under its name is another one, and each has its own usage', async () => {
  await at(20)
  get('photos', 4, 400)
  await at(25)
  const first = zone.buckets.get('photos')!.marker
  get('photos', 2, 20)
  await at(30)
  zone.at(T0 + 31 * MINUTE)
  zone.buckets.delete('photos')
  const second = zone.addBucket('photos').marker
  get('photos', 1, 7)
  await at(35)
  get('photos', 1, 9)
  await at(65)
  expect(eye.counter('photos', reads, first).value).toBe(6n)
  expect(eye.counter('photos', 'network_transmit_bytes', second)).toMatchObject({
    value: 16n,
    origin_ms: T0 + 31 * MINUTE,
  })
  expect(usedIn(eye, 'photos', 'network_transmit_bytes', T0, T0 + HOUR, second)).toBe(16n)
  const born = eye.facts.filter((fact) => fact.type === 'event')
  expect(born).toMatchObject([{ seen_at_ms: T0 + 31 * MINUTE, change: 'created', resource: { incarnation: second } }])
})

test('a bucket holds its bytes from each look to the next and to the listing without it, and its namesake its own', async () => {
  const size = (bytes: bigint) => Object.assign(zone.buckets.get('photos')!, { size: bytes, objects: 1 })
  size(1_000n)
  await at(20)
  const first = zone.buckets.get('photos')!.marker
  size(3_000n)
  await at(25)
  await at(30)
  zone.buckets.delete('photos')
  await at(35)
  const second = zone.addBucket('photos').marker
  size(500n)
  await at(40)
  await at(45)
  const ms = BigInt(MINUTE)
  expect(heldIn(eye, 'photos', first, T0 + HOUR)).toBe((1_000n * 5n + 3_000n * 10n) * ms)
  expect(heldIn(eye, 'photos', second, T0 + 45 * MINUTE)).toBe(500n * 5n * ms)
  expect(heldIn(eye, 'photos', second, T0 + 2 * HOUR)).toBe(500n * 20n * ms)
})

test('an hour in which only the first of two buckets of one name lived is the first one’s, though it is read late', async () => {
  await at(20)
  const first = zone.buckets.get('photos')!.marker
  get('photos', 5, 500, T0 + 50 * MINUTE)
  zone.at(T0 + 70 * MINUTE)
  zone.buckets.delete('photos')
  const second = zone.addBucket('photos').marker
  get('photos', 2, 200)
  await at(75)
  await at(80)
  expect(eye.counter('photos', reads, first).value).toBe(5n)
  expect(eye.counter('photos', reads, second).value).toBe(2n)
})

test('a bucket that changes hands stays itself; what both owners’ records say of it adds up', async () => {
  await at(20)
  get('photos', 1, 100)
  await at(25)
  get('photos', 1, 10)
  zone.addUser('other')
  zone.buckets.get('photos')!.owner = 'other'
  zone.use('other', 'photos', 'get_obj', { bytes_sent: 5n })
  await at(30)
  expect(eye.value('photos', 'network_transmit_bytes')).toBe(115n)
  expect(eye.listing().resources.at(-1)).toMatchObject({ parent: { external_id: 'other' } })
})

test('a renamed bucket goes on under its new name, and nothing of either is lost', async () => {
  await at(20)
  get('photos', 1, 100)
  await at(25)
  const bucket = zone.buckets.get('photos')!
  get('photos', 1, 10)
  zone.buckets.delete('photos')
  zone.buckets.set('pictures', { ...bucket, name: 'pictures' })
  get('pictures', 1, 5)
  await at(30)
  await at(35)
  expect(eye.value('photos', 'network_transmit_bytes')).toBe(110n)
  expect(eye.value('pictures', 'network_transmit_bytes')).toBe(5n)
  expect(usedIn(eye, 'pictures', 'network_transmit_bytes', T0, T0 + HOUR)).toBe(5n)
})

test('nothing is lost: unknown categories, no bucket, a bucket that nobody listed, somebody else’s purse, nobody at all', async () => {
  await at(20)
  zone.use('shop', 'photos', 'dance', { ops: 2n })
  zone.use('shop', '', 'list_buckets', { bytes_sent: 330n })
  zone.use('shop', '-', 'get_obj', {})
  zone.use('shop', 'gone-in-a-minute', 'put_obj', { bytes_received: 70n })
  zone.addUser('acme$guest')
  zone.addBucket('acme/photos', 'acme$guest')
  zone.use('shop', 'photos', 'get_obj', { bytes_sent: 9n }, zone.now_ms, 'acme$guest')
  zone.use('anonymous', '', 'list_buckets', {})
  await at(25)
  expect(eye.value('photos', 'requests_count/other')).toBe(2n)
  expect(eye.value('photos', 'network_transmit_bytes')).toBe(0n)
  expect([
    eye.value('shop', 'requests_count/list'),
    eye.value('shop', reads),
    eye.value('shop', 'network_receive_bytes'),
  ]).toEqual([1n, 1n, 70n])
  expect(eye.value('acme$guest', 'network_transmit_bytes')).toBe(9n)
  expect(eye.value('z', 'requests_count/list')).toBe(1n)
})

test('what a deleted bucket was asked last is told at its end, not after it', async () => {
  eye = delayed(60)
  await at(20)
  get('photos', 1, 100)
  zone.buckets.delete('photos')
  await at(25)
  get('photos', 1, 10)
  await at(30)
  await at(35)
  const readings = eye.readings('photos')
  expect(readings.at(-1)).toMatchObject({ seen_at_ms: T0 + 25 * MINUTE, counters: { network_transmit_bytes: 110 } })
  expect(usedIn(eye, 'photos', 'network_transmit_bytes', T0, T0 + HOUR)).toBe(110n)
})

test('a listing with a part that could not be read is incomplete, ends nothing and is told as a failure', async () => {
  await at(20)
  get('photos', 1, 100)
  zone.instead = (operation, { uid, bucket }) =>
    operation === 'bucket' && (uid === 'shop' || bucket === 'photos') ? error(500, 'UnknownError') : undefined
  await expect(at(25)).rejects.toMatchObject({ code: 'bad_answer', message: expect.stringContaining('incomplete') })
  expect(eye.listing()).toMatchObject({ complete: false })
  zone.instead = () => undefined
  get('photos', 1, 10)
  await at(30)
  expect(eye.value('photos', 'network_transmit_bytes')).toBe(110n)
  expect(new Set(eye.readings('photos').map(({ epoch }) => epoch?.id)).size).toBe(1)
})

test('too many requests concern all users: it stops at once, and nothing is told of what was read', async () => {
  await at(20)
  const before = eye.facts.length
  zone.instead = (operation) => (operation === 'user' ? error(503, 'SlowDown') : undefined)
  await expect(at(25)).rejects.toMatchObject({ code: 'limit' })
  expect(eye.facts).toHaveLength(before)
})

test('a log that tells of another hour than was asked is refused: radosgw adds up what is of several', async () => {
  await at(20)
  get('photos', 1, 100, T0)
  zone.instead = (operation) =>
    operation === 'usage'
      ? {
          status: 200,
          type: null,
          body: `{"entries":[{"user":"shop","buckets":[{"bucket":"photos","epoch":${T0 / 1000 - 60},"categories":[]}]}]}`,
        }
      : undefined
  await expect(at(25)).rejects.toMatchObject({ code: 'bad_answer' })
})

test('a log that may not be read, or can’t be, hides neither what there is nor what it holds, and is counted later', async () => {
  await at(20)
  get('photos', 1, 100)
  const usage = (body: string) => ({ status: 200, type: null, body })
  const record = `{"user":"shop","buckets":[{"bucket":"photos","epoch":${T0 / 1000},"categories":[{"category":"get_obj","ops":-1,"bytes_sent":0,"bytes_received":0}]}]}`
  for (const [minute, answer, code] of [
    [25, error(403, 'AccessDenied'), 'refused'],
    [30, usage(`{"entries":[${record}]}`), 'bad_answer'],
  ] as const) {
    zone.instead = (operation) => (operation === 'usage' ? answer : undefined)
    Object.assign(zone.addBucket(`of-${minute}`), { size: BigInt(minute), objects: 1 })
    await expect(at(minute)).rejects.toMatchObject({ code, message: expect.not.stringContaining('incomplete') })
    expect(eye.listing()).toMatchObject({ complete: true, seen_at_ms: T0 + minute * MINUTE })
    expect(eye.gauges(`of-${minute}`)).toMatchObject({ storage_used_bytes: minute })
  }
  zone.instead = () => undefined
  get('photos', 1, 10)
  await at(35)
  expect(eye.value('photos', 'network_transmit_bytes')).toBe(110n)
  expect(new Set(eye.readings('photos').map(({ epoch }) => epoch?.id)).size).toBe(1)
})

test('requests are as many as there are users, and hours since the last time', async () => {
  await at(20)
  const first = zone.asked.length
  await at(25)
  // two users twice, two lists, and the log of this hour and of the two before
  expect(zone.asked.length - first).toBe(9)
  await at(25 + 10 * 60)
  expect(zone.asked.length - first - 9).toBe(9 + 10)
})
