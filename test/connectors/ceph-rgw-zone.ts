/** A zone of radosgw as its admin operations show it: users, buckets, and a usage log by the hour. Shaped by recordings of 16.2. */
import { signed } from '#connectors/ceph-rgw/signature.ts'

const HOUR_S = 3_600
export interface User {
  uid: string
  display_name: string
  suspended: boolean
  access_key: string
  secret_key: string
  caps: Set<string>
}
export interface Bucket {
  name: string
  tenant: string
  owner: string
  marker: string
  created_ms: number
  size: bigint
  objects: number
}
type Counts = { ops: bigint; bytes_sent: bigint; bytes_received: bigint }
interface LogRecord {
  hour_s: number
  user: string
  bucket: string
  owner: string
  payer: string
  categories: Map<string, Counts>
}
export interface Asked {
  method: string
  host: string
  path: string
  query: Record<string, string>
  headers: Headers
}
export interface Answer {
  status: number
  body: string
  type: string | null
}
const NO_QUOTA = { enabled: false, check_on_raw: false, max_size: -1, max_size_kb: 0, max_objects: -1 }
/** JSON in which a count of any size is a number. */
const json = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? `\0${item}\0` : item)).replaceAll(
    /"\\u0000(\d+)\\u0000"/g,
    '$1',
  )

export class Zone {
  readonly users = new Map<string, User>()
  /** by `tenant/name` */
  readonly buckets = new Map<string, Bucket>()
  log: LogRecord[] = []
  /** names on a page of a listing, at most */
  page = 1_000
  /** what happens between two pages */
  betweenPages: () => void = () => undefined
  /** what the operation answers instead, or nothing */
  instead: (operation: string, query: Record<string, string>) => Answer | undefined = () => undefined
  asked: string[] = []
  #made = 0
  #now_ms: number
  readonly #follows: boolean

  /** `follows`: its clock is that of who asked last */
  constructor(now_ms: number, follows = false) {
    this.#now_ms = now_ms
    this.#follows = follows
    for (const uid of ['ops', 'shop']) this.addUser(uid)
    for (const cap of ['users', 'buckets', 'usage', 'metadata']) this.users.get('ops')?.caps.add(cap)
  }

  get now_ms(): number {
    return this.#now_ms
  }
  /** Sets its clock. */
  at(now_ms: number): void {
    this.#now_ms = now_ms
  }

  addUser(uid: string): User {
    const user = {
      uid,
      display_name: `${uid} & co`,
      suspended: false,
      access_key: `KEY${uid}`,
      secret_key: `secret of ${uid}`,
    }
    this.users.set(uid, { ...user, caps: new Set() })
    return this.users.get(uid)!
  }
  addBucket(path: string, owner = 'shop', created_ms = this.#now_ms): Bucket {
    const [name = '', tenant = ''] = path.split('/').toReversed()
    this.#made += 1
    const bucket = { name, tenant, owner, marker: `4428b343.4106.${this.#made}`, created_ms, size: 0n, objects: 0 }
    this.buckets.set(path, bucket)
    return bucket
  }

  /** What a request leaves in the log, once it is written. */
  use(user: string, bucket: string, category: string, counts: Partial<Counts>, at_ms = this.#now_ms, payer = ''): void {
    const hour_s = Math.floor(at_ms / 1_000 / HOUR_S) * HOUR_S
    const charged = payer || user
    let record = this.log.find(
      (one) => one.hour_s === hour_s && one.user === charged && one.bucket === bucket && one.payer === payer,
    )
    if (!record) this.log.push((record = { hour_s, user: charged, bucket, owner: user, payer, categories: new Map() }))
    const { ops = 1n, bytes_sent = 0n, bytes_received = 0n } = counts
    const was = record.categories.get(category) ?? { ops: 0n, bytes_sent: 0n, bytes_received: 0n }
    record.categories.set(category, {
      ops: was.ops + ops,
      bytes_sent: was.bytes_sent + bytes_sent,
      bytes_received: was.bytes_received + bytes_received,
    })
  }
  /** Records of [from, to) vanish. */
  trim(from_ms = 0, to_ms = Infinity): void {
    this.log = this.log.filter(({ hour_s }) => hour_s * 1_000 < from_ms || hour_s * 1_000 >= to_ms)
  }

  answer(asked: Asked): Answer {
    const stamp = asked.headers.get('x-amz-date') ?? ''
    const at_ms = Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
    if (this.#follows && at_ms > 0) this.#now_ms = at_ms
    const [, , operation = ''] = /^\/(admin)\/(.+)$/.exec(asked.path) ?? []
    const refused = this.#refused(asked, at_ms, operation)
    if (refused) return refused
    this.asked.push(`${operation} ${new URLSearchParams(asked.query).toString()}`)
    return this.instead(operation, asked.query) ?? this.#operation(operation, asked.query)
  }

  #refused({ method, host, path, query, headers }: Asked, at_ms: number, operation: string): Answer | undefined {
    const [, key = '', region = ''] =
      /Credential=([^/]+)\/\d{8}\/([^/]+)\/s3/.exec(headers.get('authorization') ?? '') ?? []
    const user = [...this.users.values()].find((one) => one.access_key === key)
    if (!user) return error(403, 'InvalidAccessKeyId')
    if (!(Math.abs(at_ms - this.#now_ms) <= 900_000)) return error(403, 'RequestTimeTooSkewed')
    const { authorization } = signed({ method, host, path, query }, { ...user, region }, at_ms)
    if (headers.get('authorization') !== authorization) return error(403, 'SignatureDoesNotMatch')
    if (operation === '')
      return {
        status: 404,
        body: '<?xml version="1.0"?><Error><Code>NoSuchBucket</Code></Error>',
        type: 'application/xml',
      }
    if (operation === 'info') return error(405, 'MethodNotAllowed')
    const cap = { user: 'users', bucket: 'buckets', usage: 'usage' }[operation] ?? 'metadata'
    return user.caps.has(cap) ? undefined : error(403, 'AccessDenied')
  }

  #operation(operation: string, query: Record<string, string>): Answer {
    const { uid = '', bucket = '' } = query
    if (operation === 'metadata/user') return this.#names([...this.users.keys()], query)
    if (operation === 'metadata/bucket') return this.#names([...this.buckets.keys()], query)
    if (operation === 'usage') return good({ entries: this.#entries(query) })
    if (operation === 'user') {
      const user = this.users.get(uid)
      return user ? good(shown(user)) : error(404, 'NoSuchUser')
    }
    if (operation === 'bucket' && query.stats === 'true' && uid !== '')
      return good([...this.buckets.values()].filter(({ owner }) => owner === uid).map(stats))
    const one = this.buckets.get(bucket)
    if (operation === 'bucket' && bucket !== '') return one ? good(stats(one)) : error(404, 'NoSuchBucket')
    return error(405, 'MethodNotAllowed')
  }

  #names(names: string[], { 'max-entries': asked, marker }: Record<string, string>): Answer {
    if (asked === undefined) return good(names)
    if (marker !== undefined) this.betweenPages()
    const from = marker === undefined ? 0 : names.indexOf(atob(marker)) + 1
    const keys = names.slice(from, from + Math.min(this.page, Number(asked)))
    const isCut = from + keys.length < names.length
    // a word, not a boolean: so it was recorded
    return good({ keys, truncated: String(isCut), count: keys.length, ...(isCut && { marker: btoa(keys.at(-1)!) }) })
  }

  /** Over several hours radosgw adds up what is of one user and bucket, under the first of them. */
  #entries({ start, end, uid }: Record<string, string>): unknown[] {
    const instant = (text: string | undefined) => Date.parse(`${text?.replace(' ', 'T')}Z`) / 1_000
    // what it can't read it takes as not given
    const [from, to] = [instant(start) || 0, instant(end) || Infinity]
    const found = new Map<string, LogRecord>()
    for (const record of this.log.filter(
      (one) => one.hour_s >= from && one.hour_s < to && (!uid || one.user === uid),
    )) {
      const key = json([record.user, record.bucket, record.payer])
      const sum = found.get(key) ?? { ...record, categories: new Map<string, Counts>() }
      for (const [category, { ops, bytes_sent, bytes_received }] of record.categories) {
        const was = sum.categories.get(category) ?? { ops: 0n, bytes_sent: 0n, bytes_received: 0n }
        sum.categories.set(category, {
          ops: was.ops + ops,
          bytes_sent: was.bytes_sent + bytes_sent,
          bytes_received: was.bytes_received + bytes_received,
        })
      }
      found.set(key, sum)
    }
    return [...Map.groupBy(found.values(), ({ user }) => user)].map(([user, records]) => ({
      user,
      buckets: records.map(({ bucket, hour_s, owner, payer, categories }) => ({
        bucket,
        time: new Date(hour_s * 1_000).toISOString().replace('Z', '000Z'),
        epoch: hour_s,
        owner,
        ...(payer && payer !== owner && { payer }),
        categories: [...categories].map(([category, counts]) => ({ category, ...counts, successful_ops: counts.ops })),
      })),
    }))
  }
}

/** A good answer names no type: so it was recorded. */
const good = (value: unknown): Answer => ({ status: 200, body: json(value), type: null })
export const error = (status: number, Code: string): Answer => ({
  status,
  body: json({ Code, Message: '', RequestId: 'tx0-006b038e71-1007-default', HostId: '1007-default-default' }),
  type: 'application/json',
})

const shown = ({ uid, display_name, suspended, access_key, secret_key }: User) => ({
  tenant: uid.includes('$') ? uid.split('$')[0] : '',
  user_id: uid.split('$').at(-1),
  display_name,
  email: '',
  suspended: Number(suspended),
  max_buckets: 1000,
  keys: [{ user: uid, access_key, secret_key }],
  caps: [],
  system: 'false',
  default_placement: '',
  bucket_quota: NO_QUOTA,
  user_quota: { ...NO_QUOTA, enabled: true, max_size: 104_857_600, max_size_kb: 102_400, max_objects: 1000 },
  type: 'rgw',
})

const stats = ({ name, tenant, owner, marker, created_ms, size, objects }: Bucket) => ({
  bucket: name,
  num_shards: 11,
  tenant,
  zonegroup: '7b9d4b9f-9ea9-493b-bb68-6f78f07e59f2',
  placement_rule: 'default-placement',
  id: marker,
  marker,
  index_type: 'Normal',
  owner,
  mtime: new Date(created_ms).toISOString().replace('Z', '549Z'),
  creation_time: new Date(created_ms).toISOString().replace('Z', '394Z'),
  usage:
    objects === 0 ? {} : { 'rgw.main': { size, size_actual: size + 4096n, size_utilized: size, num_objects: objects } },
  bucket_quota: NO_QUOTA,
})
