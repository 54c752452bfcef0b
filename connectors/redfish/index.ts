/** The connector for bare metal out of band: machines, their parts, sensors, energy and logs, from their BMCs by DMTF Redfish. */
import { isIP } from 'node:net'
import { z } from 'zod'
import {
  type Collected,
  type Connector,
  ConnectorError,
  type Manifest,
  type Session,
  type Surroundings,
} from '#connectors/contract.ts'
import { Bmc, Kept, nothingKept, type Outcome } from './bmc.ts'
import { type Access, Client } from './client.ts'

const Settings = z.strictObject({
  addresses: z
    .array(z.string().min(1).max(260))
    .min(1)
    .max(64)
    .meta({
      title: 'Addresses of the BMCs',
      description: 'Name or IP address each, with :port where it isn’t 443. All take the same user and password.',
      examples: [['bmc-web1.example.com', '192.0.2.10']],
      destination: true,
    }),
  user: z.string().min(1).max(256).meta({ title: 'User' }),
  password: z.string().min(1).max(1_024).meta({ title: 'Password' }),
  authentication: z.enum(['session', 'basic']).default('session').meta({
    title: 'Authentication',
    description: 'basic: for BMCs whose sessions don’t work, at the price of a sign-in with each request.',
  }),
  fingerprints: z.array(z.string().max(128)).max(64).default([]).meta({
    title: 'Fingerprints of their certificates',
    description:
      'SHA-256, hexadecimal. BMCs have certificates that no authority signed: one of these is taken, and no other.',
  }),
  ca: z.string().max(100_000).default('').meta({
    title: 'Authority (PEM)',
    description: 'Your own authority that signed the certificates of the BMCs; without it that of the system.',
  }),
  inventory_minutes: z.int().min(1).max(1_440).default(60).meta({
    title: 'Parts are read again after',
    description: 'Minutes. They are also read when the log or the health of the machine changes.',
  }),
})
type Settings = z.infer<typeof Settings>

const manifest: Manifest = {
  name: 'redfish',
  version: '0.1.0',
  title: 'Redfish (BMC)',
  description:
    'Servers out of band, on or off: serial numbers, processors, memory, disks, network cards and power supplies with their health, temperatures, fans, voltages, power, counted energy, and the events of their logs.',
  realm:
    'One name for all machines whose parts may move between them, such as a site. A part keeps its history within a realm. Not that of IPMI sources: a machine that both see is recognised by its UUID.',
  kinds: ['host', 'component'],
  metrics: ['energy_joules', 'power_watts', 'temperature_celsius', 'fan_speed_rpm', 'voltage_volts', 'current_amperes'],
  supports:
    'Redfish 1.0 and later (iDRAC 8, iLO 4, XCC, Supermicro X10, OpenBMC and later), with its schemas before and after 2020.4',
  permissions: 'A user with the role ReadOnly (privilege Login).',
  default_interval_ms: 60_000,
  settings: z.record(z.string(), z.json()).parse(z.toJSONSchema(Settings, { io: 'input' })),
  secrets: ['password'],
  commands: [],
}

const bad = (message: string, remedy: string) => new ConnectorError('bad_settings', message, remedy)

function urlOf(address: string): URL {
  const plain = address
    .trim()
    .replace(/^https:\/\//i, '')
    .replace(/\/+$/, '')
  const bare = isIP(plain) === 6 ? `[${plain}]` : plain
  if (!/^(\[[0-9a-f:.%]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i.test(bare) || !URL.canParse(`https://${bare}`))
    throw bad(
      `${JSON.stringify(address)} is no address of a BMC`,
      'Give its name or IP address, with :port where it isn’t 443; Redfish is asked by HTTPS only.',
    )
  return new URL(`https://${bare}`)
}

function accessOf({ user, password, authentication, ca, fingerprints }: Settings): Access {
  const known = fingerprints.map((one) =>
    one
      .replaceAll(/[:\s]/g, '')
      .toLowerCase()
      .replace(/^sha-?256=?/, ''),
  )
  const wrong = known.find((one) => !/^[0-9a-f]{64}$/.test(one))
  if (wrong !== undefined)
    throw bad(
      'a fingerprint is not 64 hexadecimal digits',
      'Give the SHA-256 fingerprint of the certificate: openssl s_client -connect BMC:443 </dev/null | openssl x509 -noout -fingerprint -sha256',
    )
  if (ca !== '' && !ca.includes('-----BEGIN CERTIFICATE-----'))
    throw bad('the authority is no certificate in PEM', 'Give the text that begins with -----BEGIN CERTIFICATE-----.')
  return { user, password, authentication, fingerprints: known, ...(ca !== '' && { ca }) }
}

const Memory = z.strictObject({ bmcs: z.record(z.string(), Kept) })

export const connector: Connector = {
  manifest,
  async open(settings, surroundings) {
    const parsed = Settings.safeParse(settings)
    if (!parsed.success) throw bad(z.prettifyError(parsed.error), 'Correct the settings of the source.')
    const access = accessOf(parsed.data)
    const urls = new Map(parsed.data.addresses.map(urlOf).map((url) => [url.host, url]))
    const memory = Memory.safeParse(await surroundings.memory.get())
    const kept = memory.success ? memory.data.bmcs : {}
    const around = {
      now: () => surroundings.now(),
      log: surroundings.log.bind(surroundings),
      inventory_ms: parsed.data.inventory_minutes * 60_000,
    }
    const eyes = [...urls].map(([host, url]) => ({
      client: new Client(url, access),
      bmc: new Bmc(host, (Object.hasOwn(kept, host) && kept[host]) || nothingKept(), around),
    }))
    return new RedfishSession(eyes, surroundings)
  },
}

/** How often what only grew is kept, when nothing else changed. */
const KEEP_MS = 600_000

class RedfishSession implements Session {
  readonly #bmcs: Bmc[]
  readonly #clients: Client[]
  readonly #surroundings: Surroundings
  #kept_ms = 0

  constructor(eyes: readonly { bmc: Bmc; client: Client }[], surroundings: Surroundings) {
    this.#bmcs = eyes.map(({ bmc }) => bmc)
    this.#clients = eyes.map(({ client }) => client)
    this.#surroundings = surroundings
  }

  /** A BMC that fails stops no other: the facts of the good ones go out before the failure is told. */
  async collect(signal: AbortSignal): Promise<Collected[]> {
    const results = await Promise.allSettled(this.#bmcs.map((bmc, index) => this.#collectOne(bmc, index, signal)))
    const scopes = new Map<string, Bmc>()
    const facts: Collected[] = []
    const failures: unknown[] = []
    for (const [index, bmc] of this.#bmcs.entries()) {
      const result = results[index]
      if (result?.status === 'rejected') failures.push(result.reason)
      if (result?.status !== 'fulfilled') continue
      const twin = scopes.get(bmc.scope ?? '')
      scopes.set(bmc.scope ?? '', bmc)
      if (twin) failures.push(same(twin, bmc))
      else takeOutcome(result.value, facts, failures)
    }
    await this.#keep()
    if (failures.length === 0) return facts
    if (facts.length > 0) this.#surroundings.emit(facts)
    throw together(failures, this.#bmcs.length)
  }

  async #collectOne(bmc: Bmc, index: number, signal: AbortSignal): Promise<Outcome> {
    const client = this.#clients[index]
    if (!client) throw new Error(`no client for ${bmc.name}`)
    return client.walk(bmc.collect(), signal)
  }

  async #keep(always = false): Promise<void> {
    const changed = this.#bmcs.map((bmc) => bmc.takeChanged()).includes(true)
    const now_ms = this.#surroundings.now()
    if (!changed && !always && now_ms - this.#kept_ms < KEEP_MS) return
    this.#kept_ms = now_ms
    const bmcs = Object.fromEntries(this.#bmcs.map((bmc) => [bmc.name, bmc.kept]))
    await this.#surroundings.memory.set(structuredClone({ bmcs }))
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()))
    await this.#keep(true)
  }
}

function takeOutcome({ facts, error }: Outcome, all: Collected[], failures: unknown[]): void {
  all.push(...facts)
  if (error) failures.push(error)
}

const same = (one: Bmc, other: Bmc) =>
  bad(
    `${one.name} and ${other.name} say that they are the same BMC ${one.scope}`,
    'Remove one of the two addresses; two BMCs whose makers gave them one UUID need a source and a realm each.',
  )

/** One failure that names every BMC; a fault of ours goes up as it is. */
function together(failures: unknown[], bmcs: number): unknown {
  const known = failures.filter((failure) => failure instanceof ConnectorError)
  const [first] = known
  if (!first || known.length < failures.length) return failures.find((failure) => !(failure instanceof ConnectorError))
  if (bmcs === 1) return first
  const messages = known.map(({ message }) => message).join('; ')
  return new ConnectorError(first.code, `${failures.length} of ${bmcs} BMCs failed: ${messages}`, first.remedy)
}
