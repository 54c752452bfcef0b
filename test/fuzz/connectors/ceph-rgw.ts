/** What radosgw answers, damaged, through the connector for Ceph: users, buckets, sizes, and the usage log counted twice. */
import { parseExact } from '#connectors/ceph-rgw/client.ts'
import { type Listed, sight, told } from '#connectors/ceph-rgw/counters.ts'
import { count, fresh, pointsTo } from '#connectors/ceph-rgw/counting.ts'
import { type Bucket, bucketFrom, recordsFrom, userFrom } from '#connectors/ceph-rgw/map.ts'
import { kept, restored } from '#connectors/ceph-rgw/memory.ts'
import type { Collected, ObservationInput } from '#connectors/contract.ts'
import { fixtures } from './fixtures.ts'
import type { Answers, Attempt, ConnectorFuzz } from './index.ts'

const HOUR_S = 1_795_392_000
const SKEW_MS = 7_000

/** JSON or nothing: what isn't JSON ends as a `bad_answer` before it is mapped. */
function parsed(text: string | undefined): unknown {
  try {
    return parseExact(text ?? '')
  } catch {
    return undefined
  }
}

const seen = ({ external_id, incarnation, name, owner, created_ms }: Bucket): Listed => ({
  kind: 'bucket',
  external_id,
  incarnation,
  name,
  owner,
  born_ms: created_ms,
})

/** As on four ticks, with a restart, a listing without buckets and a trimmed log in between. */
function counted(answers: Answers, listed: Listed[]): Collected[] {
  const facts: Collected[] = []
  let memory = fresh('fuzz')
  for (const [tick, entries] of [[], answers.usage, [], answers.usage].entries()) {
    const at_ms = HOUR_S * 1_000 + tick * 600_000
    const records = typeof entries === 'string' ? recordsFrom(parsed(entries), HOUR_S) : []
    if (typeof records === 'string') continue
    sight(memory, tick === 2 ? listed.slice(0, 1) : listed, { at_ms, complete: true, skew_ms: SKEW_MS })
    const points = pointsTo(memory, at_ms - SKEW_MS)
    const growths = count(memory, new Map([[HOUR_S * 1_000, records]]), points, SKEW_MS)
    memory.upto_ms = at_ms - SKEW_MS
    facts.push(...told(memory, growths, points, SKEW_MS))
    const again = restored(JSON.parse(JSON.stringify(kept(memory))))
    if (!again) throw new Error('what was kept can’t be read again')
    memory = again
  }
  return facts
}

function collect(answers: Answers, attempt: Attempt): Collected[] {
  const user = userFrom('acme$bob', parsed(answers.user))
  const list = parsed(answers.buckets)
  const all = Array.isArray(list) ? list : []
  const buckets = all.flatMap((one) => attempt(() => bucketFrom(one, () => user?.suspended === true)) ?? [])
  const rows: ObservationInput[] = [
    ...(user ? [user.observation] : []),
    ...buckets.map(({ observation }) => observation),
  ]
  const scope = { kind: 'cluster' as const, external_id: 'fuzz' }
  const listed: Listed[] = [{ ...scope, incarnation: '' }, ...buckets.map(seen)]
  return [
    { type: 'listing', seen_at_ms: HOUR_S * 1_000, scope, complete: true, resources: rows },
    ...buckets.flatMap(({ external_id, incarnation, gauges }): Collected[] =>
      gauges
        ? [
            {
              type: 'readings',
              seen_at_ms: HOUR_S * 1_000,
              resource: { kind: 'bucket', external_id, incarnation },
              gauges,
            },
          ]
        : [],
    ),
    ...counted(answers, listed),
  ]
}

export const cephRgw: ConnectorFuzz = {
  answers: fixtures('ceph-rgw/fixtures'),
  collect,
  settings: {
    endpoint: 'https://s3.example.com',
    access_key: 'A',
    secret_key: 'S',
    region: 'us-east-1',
    admin_path: 'admin',
    usage_delay_s: 60,
  },
  connector: () => import('#connectors/ceph-rgw/index.ts'),
}
