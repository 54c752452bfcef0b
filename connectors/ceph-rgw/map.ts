/** What radosgw's admin operations answer → our words. Pure; survives any answer. */
import type { ObservationInput } from '#connectors/contract.ts'
import type { Json } from '#connectors/shape.ts'
import { sha256 } from '#connectors/wire.ts'
import { classOf, type RequestClass } from './classes.ts'

type Fields = Readonly<Record<string, unknown>>
export const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
/** '' for what is no name: of another type, longer than the wire takes, or not storable as text. */
const text = (value: unknown): string =>
  typeof value === 'string' && value.length <= 512 && value.isWellFormed() && !value.includes('\0') ? value : ''

/** From 0 to 2⁶³ − 1, from a number or digits; undefined for anything else. */
export function whole(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined
  if (typeof value !== 'string' || !/^\d{1,19}$/.test(value)) return undefined
  const digits = BigInt(value)
  return digits < 2n ** 63n ? digits : undefined
}
/** An exbibyte and more is no count of one bucket: sums of what is below it stay within what the wire carries. */
function count(value: unknown): bigint | undefined {
  const digits = whole(value)
  return digits !== undefined && digits < 2n ** 60n ? digits : undefined
}

/** A JSON number while that is exact, else digits. */
export const wire = (value: bigint): number | string =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value)

const INSTANT = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,9})?Z?$/
/** Before it S3 had no buckets: radosgw writes 1970 for what it doesn't know. */
const EARLIEST_MS = Date.UTC(2006, 0, 1)
/** Whole milliseconds, cut off; undefined where radosgw doesn't know. */
export function instant(value: unknown): number | undefined {
  const [, day, time, fraction = '.0'] = INSTANT.exec(text(value)) ?? []
  const at_ms = Date.parse(`${day}T${time}${fraction.slice(0, 4).padEnd(4, '0')}Z`)
  return Number.isNaN(at_ms) || at_ms < EARLIEST_MS ? undefined : at_ms
}

const isOn = (value: unknown): boolean => value === true || value === 'true' || value === 1 || value === '1'
/** null: no limit */
function quota(value: unknown): Json {
  const { enabled, max_size, max_size_kb, max_objects } = fields(value)
  if (!isOn(enabled)) return null
  const kb = whole(max_size_kb)
  const bytes = whole(max_size) ?? (max_size === undefined && kb !== undefined && kb > 0n ? kb * 1024n : undefined)
  const objects = whole(max_objects)
  return {
    ...(bytes !== undefined && { size_bytes: wire(bytes) }),
    ...(objects !== undefined && { objects_count: wire(objects) }),
  }
}
const told = (name: string, value: Json | undefined): Record<string, Json> =>
  value === undefined || value === null || value === '' ? {} : { [name]: value }

export interface User {
  uid: string
  suspended: boolean
  observation: ObservationInput
}
/** `uid` is how radosgw lists it, `tenant$id`; null where the answer isn't a user's. */
export function userFrom(uid: string, answer: unknown): User | null {
  const user = fields(answer)
  if (text(user.user_id) === '' || text(uid) === '') return null
  const suspended = isOn(user.suspended)
  const created_ms = instant(user.create_date)
  return {
    uid,
    suspended,
    observation: {
      kind: 's3_user',
      external_id: uid,
      // only newer versions tell when a user was made
      incarnation: created_ms === undefined ? '' : new Date(created_ms).toISOString(),
      name: text(user.display_name) || uid,
      state: suspended ? 'stopped' : 'running',
      attributes: {
        ...told('tenant', text(user.tenant)),
        ...told('email', text(user.email)),
        ...told('account', text(user.account_id)),
        ...told('default_placement', text(user.default_placement)),
        ...told('default_storage_class', text(user.default_storage_class)),
        ...told('quota', quota(user.user_quota)),
        ...told('bucket_quota', quota(user.bucket_quota)),
      },
    },
  }
}

export interface Bucket {
  /** as S3 clients and the usage log call it, without the tenant */
  name: string
  owner: string
  external_id: string
  /** survives resharding, which changes the bucket's id */
  incarnation: string
  created_ms: number | undefined
  observation: ObservationInput
  /** null: radosgw told no sizes that can be read */
  gauges: Record<string, number | string> | null
}

/** null where the answer isn't a bucket's. */
export function bucketFrom(answer: unknown, isSuspended: (owner: string) => boolean): Bucket | null {
  const bucket = fields(answer)
  const [name, tenant, owner] = [text(bucket.bucket), text(bucket.tenant), text(bucket.owner)]
  const external_id = tenant ? `${tenant}/${name}` : name
  const mark = text(bucket.marker) || text(bucket.id)
  if (name === '' || mark === '' || owner === '' || text(external_id) === '') return null
  const incarnation = mark.length > 128 ? sha256(mark) : mark
  const created_ms = instant(bucket.creation_time)
  return {
    name,
    owner,
    external_id,
    incarnation,
    created_ms,
    observation: {
      kind: 'bucket',
      external_id,
      incarnation,
      name: external_id,
      state: isSuspended(owner) ? 'stopped' : 'running',
      parent: { kind: 's3_user', external_id: owner },
      attributes: {
        ...told('tenant', tenant),
        ...told('zonegroup', text(bucket.zonegroup)),
        ...told('placement', text(bucket.placement_rule)),
        ...told('versioning', versioning(bucket)),
        ...told('object_lock', isOn(bucket.object_lock_enabled) || undefined),
        ...told('created_at', created_ms === undefined ? undefined : new Date(created_ms).toISOString()),
        ...told('quota', quota(bucket.bucket_quota)),
      },
    },
    gauges: gauges(bucket.usage),
  }
}

/** Told since release 17, in two ways. */
function versioning({ versioning: said, versioned, versioning_enabled }: Fields): string | undefined {
  if (text(said)) return text(said)
  if (versioned === undefined) return undefined
  return isOn(versioning_enabled) ? 'enabled' : isOn(versioned) ? 'suspended' : 'off'
}

/**
 * `size` is what clients stored, as S3 lists it: neither rounded up to 4 KiB as `size_actual` is, nor what compression left of it as
 * `size_utilized` is. `rgw.main` holds the objects; each other category is a class of its own, and all of them add up to the bucket.
 * A count that can't be read is left out, and no other with it: `rgw.none` falls below zero in buckets that are sound
 * (https://github.com/ceph/ceph/pull/29062).
 */
export function gauges(usage: unknown): Record<string, number | string> | null {
  if (typeof usage !== 'object' || usage === null) return null
  const found = new Map<string, bigint | undefined>(
    ['storage_used_bytes', 'storage_allocation_bytes', 'objects_count'].map((key) => [key, 0n]),
  )
  const add = (key: string, value: bigint | undefined) => {
    const before = found.has(key) ? found.get(key) : 0n
    found.set(key, before === undefined || value === undefined ? undefined : before + value)
  }
  for (const [category, value] of Object.entries(fields(usage))) {
    const { size, size_actual, num_objects } = fields(value)
    const name = category.replace(/^rgw\./, '')
    const device = name === 'main' ? '' : /^[\w.-]{1,64}$/.test(name) ? `/${name}` : '/other'
    add(`storage_used_bytes${device}`, count(size))
    add(`objects_count${device}`, count(num_objects))
    add('storage_allocation_bytes', count(size_actual))
  }
  const known = [...found].flatMap(([key, value]) => (value === undefined ? [] : [[key, wire(value)] as const]))
  return known.length > 0 ? Object.fromEntries(known) : null
}

export type Triple = readonly [ops: bigint, sent: bigint, received: bigint]
/** What one hour's log says of a user and a bucket: by category. */
export interface UsageRecord {
  /** who is charged: the bucket's owner, the payer of a bucket where requesters pay, or who asked where there is no bucket */
  user: string
  /** '' where the request was of no bucket, '-' where what it asked for wasn't there */
  bucket: string
  /** the user pays for another's bucket */
  pays: boolean
  categories: Map<string, Triple>
}

/** The records of one hour, or why they can't be read. Several of one user and bucket add up: radosgw may keep them in several shards. */
export function recordsFrom(answer: unknown, hour_s: number): UsageRecord[] | string {
  const { entries } = fields(answer)
  if (!Array.isArray(entries)) return 'no list of entries'
  const records = new Map<string, UsageRecord>()
  for (const entry of entries) {
    const { user, owner: named, buckets } = fields(entry)
    // releases before 10 call it owner
    const uid = text(user) || text(named)
    for (const item of list(buckets)) {
      const { bucket, epoch, owner, payer, categories } = fields(item)
      if (epoch !== hour_s) return `asked for the hour ${hour_s}, it told of ${JSON.stringify(epoch)?.slice(0, 40)}`
      const pays = text(payer) !== '' && text(payer) !== text(owner)
      const key = JSON.stringify([uid, text(bucket), pays])
      const record = records.get(key) ?? { user: uid, bucket: text(bucket), pays, categories: new Map() }
      const wrong = addCategories(record.categories, list(categories))
      if (wrong) return wrong
      records.set(key, record)
    }
  }
  return [...records.values()]
}

function addCategories(into: Map<string, Triple>, categories: readonly unknown[]): string | null {
  for (const item of categories) {
    const { category, ops, bytes_sent, bytes_received } = fields(item)
    const [asked, sent, received] = [count(ops), count(bytes_sent), count(bytes_received)]
    if (asked === undefined || sent === undefined || received === undefined) return 'a count that is no whole number'
    const name = text(category).slice(0, 128)
    const [ops_before, sent_before, received_before] = into.get(name) ?? [0n, 0n, 0n]
    into.set(name, [ops_before + asked, sent_before + sent, received_before + received])
  }
  return null
}

export interface Growth {
  requests: Readonly<Partial<Record<RequestClass, bigint>>>
  sent: bigint
  received: bigint
}
/** Categories → classes. */
export function growthOf(categories: ReadonlyMap<string, Triple>): Growth {
  const requests: Partial<Record<RequestClass, bigint>> = {}
  let [sent, received] = [0n, 0n]
  for (const [category, [ops, out, into]] of categories) {
    const name = classOf(category)
    requests[name] = (requests[name] ?? 0n) + ops
    sent += out
    received += into
  }
  return { requests, sent, received }
}
