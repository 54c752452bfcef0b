/** The connector for Ceph's object gateway: users, buckets, what they hold and what was asked of them, by radosgw's admin operations. */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import {
  type Collected,
  type Connector,
  ConnectorError,
  type Manifest,
  type ObservationInput,
  type Scope,
  type Session,
  type Surroundings,
} from '#connectors/contract.ts'
import { Client, type Endpoint } from './client.ts'
import { count, fresh, HOUR_MS, hourOf, hoursTo, keyOf, type Memory, pointsTo } from './counting.ts'
import { type Listed, sight, told } from './counters.ts'
import { notUnderstood } from './failures.ts'
import { type Bucket, recordsFrom, type UsageRecord, type User } from './map.ts'
import { kept, restored } from './memory.ts'
import { type Survey, survey, together } from './survey.ts'

const Settings = z.strictObject({
  endpoint: z
    .url({ protocol: /^https?$/ })
    .max(1_000)
    .meta({
      title: 'Endpoint',
      description:
        'Address of radosgw, or of the proxy before it. Over http its answers, which hold users’ keys, can be read on the way.',
      examples: ['https://s3.example.com'],
    }),
  access_key: z
    .string()
    .min(1)
    .max(256)
    .meta({ title: 'Access key', description: 'Of a user with the capabilities below.' }),
  secret_key: z.string().min(1).max(256).meta({ title: 'Secret key' }),
  region: z.string().min(1).max(64).default('us-east-1').meta({ title: 'Region', description: 'radosgw takes any.' }),
  admin_path: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[\w./-]+$/)
    .default('admin')
    .meta({ title: 'Path of the admin API', description: 'What `rgw admin entry` says.' }),
  ca: z
    .string()
    .max(65_536)
    .regex(/-----BEGIN CERTIFICATE-----/)
    .optional()
    .meta({ title: 'Certificate authority', description: 'PEM; no other authority is trusted then.' }),
  usage_delay_s: z.int().min(0).max(1_800).default(60).meta({
    title: 'Delay of the usage log',
    description: 'After so many seconds the log is taken as complete: twice `rgw usage log tick interval`.',
  }),
})
type Settings = z.infer<typeof Settings>

const manifest: Manifest = {
  name: 'ceph-rgw',
  version: '0.1.0',
  title: 'Ceph Object Gateway (S3)',
  description: 'S3 users and buckets of a zone: storage for GB-hours, requests by class, traffic in and out.',
  realm: 'One name per zone: each zone has its own usage log. Users and buckets keep their identity in it.',
  kinds: ['cluster', 's3_user', 'bucket'],
  metrics: [
    'storage_used_bytes',
    'storage_allocation_bytes',
    'objects_count',
    'requests_count',
    'network_receive_bytes',
    'network_transmit_bytes',
  ],
  supports: 'Ceph 14 (Nautilus) and later, with `rgw enable usage log = true`; tried with 16.2',
  permissions:
    'A user of its own with read capabilities only: radosgw-admin user create --uid=atalaya --display-name=Atalaya --caps="users=read;buckets=read;usage=read;metadata=read"',
  default_interval_ms: 300_000,
  settings: z.record(z.string(), z.json()).parse(z.toJSONSchema(Settings, { io: 'input' })),
  secrets: ['secret_key'],
  commands: [],
}

/** A longer silence than this isn't caught up with: what lies before is unknown. */
const HOURS_MAX = 31 * 24
/** Below it two clocks agree: `Date` has whole seconds, and an answer takes a while. */
const SKEW_MS = 5_000

export const connector: Connector = {
  manifest,
  async open(settings, surroundings) {
    const parsed = Settings.safeParse(settings)
    if (!parsed.success)
      throw new ConnectorError('bad_settings', z.prettifyError(parsed.error), 'Correct these settings of the source.')
    checkEndpoint(parsed.data.endpoint)
    const memory = restored(await surroundings.memory.get())
    return new RgwSession(parsed.data, memory ?? fresh(randomUUID()), surroundings)
  },
}

function checkEndpoint(endpoint: string): void {
  const { username, password, pathname, search } = new URL(endpoint)
  if (username || password || search || pathname !== '/')
    throw new ConnectorError(
      'bad_settings',
      'the endpoint has more than a protocol, a name and a port',
      'Give e.g. https://s3.example.com:8443; keys and the path of the admin API have their own fields.',
    )
}

/** `as_of`: up to where it is complete, by radosgw's clock. */
interface Log {
  as_of: number
  skew_ms: number
  hours: Map<number, UsageRecord[]>
}
/** `at_ms`: when the listing began, by the agent's clock. */
type When = Omit<Log, 'hours'> & { at_ms: number }

class RgwSession implements Session {
  readonly #client: Client
  readonly #endpoint: Endpoint
  readonly #delay_ms: number
  readonly #surroundings: Surroundings
  readonly #memory: Memory
  #skew_ms: number | null = null

  constructor(settings: Settings, memory: Memory, surroundings: Surroundings) {
    this.#endpoint = settings
    this.#client = new Client(settings, surroundings)
    this.#delay_ms = settings.usage_delay_s * 1_000
    this.#surroundings = surroundings
    this.#memory = memory
  }

  /** The log is read before the listing: whatever was used then is listed, gone since the last time, or nobody's. */
  async collect(signal: AbortSignal): Promise<Collected[]> {
    const now = () => this.#surroundings.now()
    const log = await this.#log(signal)
    const at_ms = now()
    const found = await survey(this.#client, now, signal)
    // without the log nothing is taken note of, so that its next reading counts what was used meanwhile
    if (log instanceof ConnectorError) return this.#fail(this.#held(found, at_ms), [log, ...found.failures])
    const facts = this.#facts(found, log.hours, { ...log, at_ms })
    await this.#keep()
    const [first, ...others] = found.failures
    return first ? this.#fail(facts, [first, ...others]) : facts
  }

  /** What was read goes out before the failure is told. */
  #fail(facts: Collected[], failures: readonly [ConnectorError, ...ConnectorError[]]): never {
    this.#surroundings.emit(facts)
    throw failures.length === 1 && facts.every((fact) => fact.type !== 'listing' || fact.complete)
      ? failures[0]
      : together(failures)
  }

  /** A log that is refused or can't be read hides neither who is there nor what is stored. */
  async #log(signal: AbortSignal): Promise<Log | ConnectorError> {
    try {
      const skew_ms = (this.#skew_ms ??= await this.#measureSkew(signal))
      const as_of = Math.max(this.#surroundings.now() - this.#delay_ms - skew_ms, (this.#memory.upto_ms ?? 0) + 1)
      this.#tellOfLoss(as_of)
      return { skew_ms, as_of, hours: await this.#readUsage(hoursTo(this.#memory, as_of, HOURS_MAX), signal) }
    } catch (error) {
      if (error instanceof ConnectorError && (error.code === 'refused' || error.code === 'bad_answer')) return error
      throw error
    }
  }

  #tellOfLoss(as_of: number): void {
    const since_ms = this.#memory.upto_ms
    if (since_ms !== null && as_of - since_ms > HOURS_MAX * HOUR_MS)
      this.#surroundings.log('warn', 'ceph-rgw: the usage log was not read for longer than is caught up with', {
        since: new Date(since_ms).toISOString(),
        hours_read: HOURS_MAX,
      })
  }

  async #measureSkew(signal: AbortSignal): Promise<number> {
    const { date_ms } = await this.#client.usage(hourOf(this.#surroundings.now()) / 1_000, signal)
    return this.#skewOf(date_ms)
  }

  #skewOf(date_ms: number | null): number {
    // `Date` is cut off to the second
    const skew_ms = date_ms === null ? 0 : this.#surroundings.now() - date_ms - 500
    return Math.abs(skew_ms) > SKEW_MS ? Math.round(skew_ms) : 0
  }

  async #readUsage(hours: readonly number[], signal: AbortSignal): Promise<Map<number, UsageRecord[]>> {
    const found = new Map<number, UsageRecord[]>()
    for (const hour of hours) {
      const { body, date_ms } = await this.#client.usage(hour / 1_000, signal)
      const records = recordsFrom(body, hour / 1_000)
      if (typeof records === 'string') throw notUnderstood(this.#endpoint.endpoint, 'usage', records)
      found.set(hour, records)
      this.#skew_ms = this.#skewOf(date_ms)
    }
    return found
  }

  /** What is there and what it holds: all that is told without the log. */
  #held(found: Survey, at_ms: number, births: Collected[] = []): Collected[] {
    const complete = found.failures.length === 0
    const scope = this.#scope
    const zone: ObservationInput = { ...scope, name: scope.external_id, state: 'running' }
    const users = found.users.map(({ observation }) => observation)
    const buckets = found.buckets.map(({ bucket }) => bucket.observation)
    return [
      { type: 'listing', seen_at_ms: at_ms, scope, complete, resources: [zone, ...users, ...buckets] },
      ...births,
      ...found.buckets.flatMap(held),
    ]
  }

  #facts(found: Survey, hours: ReadonlyMap<number, UsageRecord[]>, { at_ms, as_of, skew_ms }: When): Collected[] {
    const memory = this.#memory
    const scope = this.#scope
    const complete = found.failures.length === 0
    const born = sight(memory, seenOf(scope.external_id, found), { at_ms, complete, skew_ms })
    const points = pointsTo(memory, as_of)
    const growths = count(memory, hours, points, skew_ms)
    memory.upto_ms = as_of
    const births = found.buckets.flatMap(({ bucket }) =>
      born.has(keyOf(bucket.observation)) ? birth(bucket, scope, skew_ms) : [],
    )
    return [...this.#held(found, at_ms, births), ...told(memory, growths, points, skew_ms)]
  }

  get #scope() {
    return { kind: 'cluster' as const, external_id: this.#surroundings.realm }
  }

  async #keep(): Promise<void> {
    try {
      await this.#surroundings.memory.set(kept(this.#memory))
    } catch (error) {
      this.#surroundings.log('warn', 'ceph-rgw: what was counted could not be kept', { because: String(error) })
    }
  }

  async close(): Promise<void> {}
}

/** The resources that have counters. */
const seenOf = (realm: string, { users, buckets }: Survey): Listed[] => [
  { kind: 'cluster', external_id: realm, incarnation: '' },
  ...users.map(({ uid, observation }: User): Listed => ({
    kind: 's3_user',
    external_id: uid,
    incarnation: observation.incarnation ?? '',
  })),
  ...buckets.map(({ bucket: { external_id, incarnation, name, owner, created_ms } }): Listed => ({
    kind: 'bucket',
    external_id,
    incarnation,
    name,
    owner,
    born_ms: created_ms,
  })),
]

/** radosgw tells when a bucket was made: more exact than the first listing that has it. */
function birth({ observation, created_ms = 0 }: Bucket, scope: Scope, skew_ms: number): Collected[] {
  const { kind, external_id, incarnation = '', ...content } = observation
  const resource = { kind, external_id, incarnation }
  return [{ type: 'event', seen_at_ms: created_ms + skew_ms, scope, resource, change: 'created', content }]
}

function held({ bucket: { observation, gauges }, at_ms }: Survey['buckets'][number]): Collected[] {
  const { kind, external_id, incarnation = '' } = observation
  return gauges ? [{ type: 'readings', seen_at_ms: at_ms, resource: { kind, external_id, incarnation }, gauges }] : []
}
