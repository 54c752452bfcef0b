/** A double of radosgw for tests without Ceph: a server that answers, checks signatures and refuses as recordings of the real one show. */
import { connector } from '#connectors/ceph-rgw/index.ts'
import { error, type Answer, Zone } from './ceph-rgw-zone.ts'
import { type Shown, selfSigned } from './certificates.ts'
import type { Rig } from './rig.ts'

type Server = ReturnType<typeof Bun.serve>

const OWN = await selfSigned('own')
const FOREIGN = await selfSigned('foreign')

/** Serves the zone until `stop`; `before` may hold an answer back. */
function serve(zone: Zone, tls: Shown | null, port: number, before: () => Promise<void>): Server {
  return Bun.serve({
    hostname: '127.0.0.1',
    port,
    // who hangs doesn't hang up
    idleTimeout: 0,
    ...(tls && { tls: { cert: tls.cert, key: tls.key } }),
    async fetch({ method, url, headers }) {
      await before()
      const { host, pathname, searchParams } = new URL(url)
      const { status, body, type } = zone.answer({
        method,
        host,
        path: pathname,
        query: Object.fromEntries(searchParams),
        headers,
      })
      const date = new Date(zone.now_ms).toUTCString()
      return new Response(body, { status, headers: { date, ...(type && { 'content-type': type }) } })
    },
  })
}

export interface Double {
  zone: Zone
  settings(): Record<string, unknown>
  /** answers with a certificate that nobody vouches for, or again with its own */
  vouched(is: boolean): Promise<void>
  hang(): void
  resume(): void
  end(): Promise<void>
}

/** `secure`: by https. */
export function startDouble(zone: Zone, secure = false): Double {
  let gate = Promise.resolve()
  let open = () => undefined as void
  const start = (tls: Shown, port: number) => serve(zone, secure ? tls : null, port, () => gate)
  let server = start(OWN, 0)
  const { port = 0 } = server
  return {
    zone,
    settings: () => ({
      endpoint: `http${secure ? 's' : ''}://127.0.0.1:${port}`,
      access_key: 'KEYops',
      secret_key: 'secret of ops',
      // its log is written at once
      usage_delay_s: 0,
      ...(secure && { ca: OWN.cert }),
    }),
    async vouched(is) {
      await server.stop(true)
      server = start(is ? OWN : FOREIGN, port)
    },
    hang() {
      gate = new Promise((resolve) => (open = resolve))
    },
    resume() {
      open()
    },
    async end() {
      open()
      await server.stop(true)
    },
  }
}

const PAGE_OF_A_PROXY: Answer = { status: 200, body: '<html><body>Welcome to nginx!</body></html>', type: 'text/html' }
/** The bucket index is broken: no size of a bucket can be told. */
const brokenIndex = (operation: string): Answer | undefined =>
  operation === 'bucket' ? error(500, 'UnknownError') : undefined

/** Its buckets belong to `shop` until `label` gives them to somebody else. */
export function rig(): Rig {
  // until somebody asks it doesn't know what time it is: nothing may be born later than that
  const zone = new Zone(0, true)
  const double = startDouble(zone, true)
  const bucketOf = (external_id: string) => {
    const bucket = zone.buckets.get(external_id)
    if (!bucket) throw new Error(`no bucket ${external_id}`)
    return bucket
  }
  /** once: who reads a list that grows with each page never ends */
  const changing = () => {
    if (zone.buckets.delete('passing')) zone.addBucket('fresh')
  }
  const calm = async () => {
    Object.assign(zone, { page: 1_000, betweenPages: () => undefined, instead: () => undefined })
    zone.users.get('ops')!.access_key = 'KEYops'
    zone.users.get('ops')!.caps.add('usage')
    double.resume()
    await double.vouched(true)
  }
  return {
    connector,
    realm: 'test-zone',
    kind: 'bucket',
    counter: 'network_transmit_bytes',
    settings: double.settings,
    add: async (name) => (zone.addBucket(name), name),
    async label(external_id, customer) {
      if (!zone.users.has(customer)) zone.addUser(customer)
      bucketOf(external_id).owner = customer
    },
    remove: async (external_id) => void zone.buckets.delete(bucketOf(external_id).name),
    reuse: async (external_id) => void zone.addBucket(external_id),
    use: async (external_id, amount) =>
      zone.use(bucketOf(external_id).owner, external_id, 'get_obj', { bytes_sent: amount }),
    reset: () => Promise.reject(new Error('it cannot')),
    async trouble(kind) {
      if (kind === 'incomplete') zone.instead = brokenIndex
      if (kind === 'changes_between_pages') {
        if (!zone.buckets.has('passing')) zone.addBucket('passing')
        Object.assign(zone, { page: 1, betweenPages: changing })
      }
      if (kind === 'rate_limited') zone.instead = () => error(503, 'SlowDown')
      if (kind === 'hangs') double.hang()
      if (kind === 'expired_credential') zone.users.get('ops')!.access_key = 'KEYrenewed'
      if (kind === 'untrusted_tls') await double.vouched(false)
      if (kind === 'missing_right') zone.users.get('ops')!.caps.delete('usage')
      if (kind === 'garbled') zone.instead = () => PAGE_OF_A_PROXY
    },
    calm,
    cannot: {
      reset:
        'radosgw counts by the hour and not since a start: the connector keeps the totals, and a trimmed log doesn’t let them fall',
    },
    end: double.end,
  }
}
