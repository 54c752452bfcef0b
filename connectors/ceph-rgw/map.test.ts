import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Observation } from '#connectors/contract.ts'
import { skipWithout } from '#test/setup/skip.ts'
import { classOf } from './classes.ts'
import { parseExact } from './client.ts'
import { bucketFrom, gauges, growthOf, instant, recordsFrom, userFrom } from './map.ts'

const fixture = (name: string): unknown =>
  parseExact(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'))
const buckets = fixture('buckets') as unknown[]
const HOUR_S = 1_795_392_000

test('a user is who radosgw lists it as, with its tenant, state and quota, and without its keys', () => {
  const user = userFrom('acme$bob', fixture('user'))
  expect(user?.observation).toEqual({
    kind: 's3_user',
    external_id: 'acme$bob',
    incarnation: '',
    name: 'Bob',
    state: 'stopped',
    attributes: { tenant: 'acme', quota: { size_bytes: 104_857_600, objects_count: 1_000 } },
  })
})

test('a user that a newer version says was made at an instant is another one than the next of its name', () => {
  const made = (create_date: string) => userFrom('bob', { user_id: 'bob', create_date })?.observation.incarnation
  expect(made('2025-03-06T20:12:27.152931Z')).toBe('2025-03-06T20:12:27.152Z')
  // users that are older than the field
  expect(made('0.000000')).toBe('')
  expect(made('1970-01-01T00:00:00.000000Z')).toBe('')
})

test('a bucket is told from another of its name by its marker, which outlives resharding, and not by its id', () => {
  const bucket = bucketFrom(buckets[0], () => false)
  expect(bucket).toMatchObject({
    name: 'photos',
    external_id: 'acme/photos',
    created_ms: Date.UTC(2026, 10, 23, 0, 54, 42, 36),
  })
  expect(bucket?.incarnation).toBe('4428b343-7104-4ea7-8080-e080975c32a5.4106.2')
  expect(Observation.safeParse(bucket?.observation).error).toBeUndefined()
})

test('a bucket’s size is what clients stored; other categories are classes of their own, and none is lost', () => {
  expect(bucketFrom(buckets[0], () => false)?.gauges).toEqual({
    storage_used_bytes: 1_240,
    storage_allocation_bytes: 24_576,
    objects_count: 6,
    'storage_used_bytes/multimeta': 0,
    'objects_count/multimeta': 1,
  })
  const huge = { size: '9223372036854775', size_actual: '9223372036854776', num_objects: 1 }
  expect(gauges({ 'rgw.main': huge, 'rgw.a b': huge, 'rgw.c/d': huge })).toMatchObject({
    storage_used_bytes: '9223372036854775',
    'storage_used_bytes/other': '18446744073709550',
  })
})

test('an empty bucket holds nothing; one whose size can’t be read has no size', () => {
  expect(bucketFrom(buckets[1], () => false)?.gauges).toEqual({
    storage_used_bytes: 0,
    storage_allocation_bytes: 0,
    objects_count: 0,
  })
  for (const size of ['many', -1, 1.5, null, [], '99999999999999999999'])
    expect(gauges({ 'rgw.main': { size, size_actual: 4_096, num_objects: 1 } })).toEqual({
      storage_allocation_bytes: 4_096,
      objects_count: 1,
    })
  for (const usage of [undefined, null, 'much', { 'rgw.main': { size_kb: 3, size_kb_actual: 4 } }])
    expect(gauges(usage)).toBeNull()
})

test('a category whose count fell below zero takes nothing from what the bucket holds', () => {
  const usage = parseExact(
    '{"rgw.none":{"size":0,"size_actual":0,"num_objects":18446744073709551613},"rgw.main":{"size":700,"size_actual":8192,"num_objects":2}}',
  )
  expect(gauges(usage)).toEqual({
    storage_used_bytes: 700,
    storage_allocation_bytes: 8_192,
    objects_count: 2,
    'storage_used_bytes/none': 0,
  })
})

test('versioning, storage class, object lock and quota are told where the version tells them', () => {
  expect(bucketFrom(buckets[1], () => true)?.observation).toMatchObject({
    state: 'stopped',
    attributes: {
      placement: 'default-placement/COLD',
      versioning: 'suspended',
      object_lock: true,
      quota: { size_bytes: 2_097_152 },
    },
  })
  expect(bucketFrom(buckets[0], () => false)?.observation.attributes).not.toHaveProperty('versioning')
  const older = { ...(buckets[0] as object), versioned: true, versioning_enabled: false }
  expect(bucketFrom(older, () => false)?.observation.attributes).toMatchObject({ versioning: 'suspended' })
})

test('the log of an hour is counted by class, what failed too, and the same record from two shards adds up', () => {
  const records = recordsFrom(fixture('usage'), HOUR_S)
  if (typeof records === 'string') throw new Error(records)
  const photos = records.find(({ bucket }) => bucket === 'photos')
  expect(photos && growthOf(photos.categories)).toEqual({
    requests: { write: 5n, delete: 1n, read: 3n, list: 2n },
    sent: 2_737n,
    received: 1_200n,
  })
  const { entries } = fixture('usage') as { entries: unknown[] }
  const twice = recordsFrom({ entries: [...entries, ...entries] }, HOUR_S)
  if (typeof twice === 'string') throw new Error(twice)
  expect(twice).toHaveLength(records.length)
  expect(twice.find(({ bucket }) => bucket === 'bkt1')?.categories.get('get_obj')).toEqual([4n, 2_466n, 0n])
})

test('a log that isn’t of the hour, or counts in something else than whole numbers, is not read at all', () => {
  expect(recordsFrom(fixture('usage'), HOUR_S + 3_600)).toContain('asked for the hour')
  for (const ops of [-1, 1.5, 'x', null, '2000000000000000000'])
    expect(
      recordsFrom(
        {
          entries: [
            {
              user: 'a',
              buckets: [
                {
                  bucket: 'b',
                  epoch: HOUR_S,
                  categories: [{ category: 'get_obj', ops, bytes_sent: 0, bytes_received: 0 }],
                },
              ],
            },
          ],
        },
        HOUR_S,
      ),
    ).toContain('no whole number')
})

test('categories are classified by what they do; one that nobody knows is other', () => {
  const of = [
    'list_buckets',
    'get_obj',
    'put_obj',
    'multi_object_delete',
    'delete_bucket',
    'copy_obj',
    'stat_bucket',
    'teleport_obj',
    'constructor',
  ]
  expect(of.map(classOf)).toEqual(['list', 'read', 'write', 'delete', 'delete', 'write', 'read', 'other', 'other'])
})

test('instants are read in both ways in which radosgw writes them', () => {
  expect(instant('2026-11-23T00:54:42.036991Z')).toBe(Date.UTC(2026, 10, 23, 0, 54, 42, 36))
  expect(instant('2016-05-23 15:21:12.000000')).toBe(Date.UTC(2016, 4, 23, 15, 21, 12))
  for (const wrong of ['', 'soon', '2026-99-99T00:00:00Z', 7, null]) expect(instant(wrong)).toBeUndefined()
})

const recorded = new URL('../../../shared/data/ceph/', import.meta.url)
const NOT_BESIDE = 'the recordings that are shared apart are not beside this clone'
test('answers that were recorded elsewhere are read whole', (context) => {
  skipWithout(context, existsSync(recorded), NOT_BESIDE)
  const live = (name: string) => parseExact(readFileSync(new URL(`live/${name}.json`, recorded), 'utf8'))
  expect(userFrom('tenant1', live('admin-user'))).toMatchObject({ suspended: false })
  expect(userFrom('tenant2', live('admin-user-suspend'))).toMatchObject({ suspended: true })
  const [bucket] = (live('admin-bucket-stats-uid') as unknown[]).map((one) => bucketFrom(one, () => false))
  expect(bucket).toMatchObject({ external_id: 'bkt1', gauges: { storage_used_bytes: 126_038_120, objects_count: 139 } })
  expect(recordsFrom(live('admin-usage'), 1_795_302_000)).toHaveLength(2)
  const { recorded: known } = parseExact(readFileSync(new URL('go-ceph-admin-ops.json', recorded), 'utf8')) as {
    recorded: Record<string, unknown>
  }
  expect(bucketFrom(known['fakeBucketResponse'], () => false)).toMatchObject({
    observation: { attributes: { versioning: 'suspended' } },
    gauges: { storage_used_bytes: 37_656, objects_count: 14, 'objects_count/none': 27, 'objects_count/multimeta': 53 },
  })
  expect(userFrom('dashboard-admin', known['fakeUserResponse'])?.observation.attributes).toMatchObject({
    default_placement: 'ssd',
    default_storage_class: 'ONEZONE_IA',
  })
})
