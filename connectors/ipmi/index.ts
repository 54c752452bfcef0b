/** The connector for bare metal out of band by IPMI 2.0: power, sensors, inventories and the event log, through `ipmitool`. */
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
import { Bmc, Kept, nothingKept } from './bmc.ts'
import { Client, type Target } from './client.ts'
import { metricsOf } from './map.ts'

const Settings = z.strictObject({
  addresses: z
    .array(z.string().min(1).max(260))
    .min(1)
    .max(64)
    .meta({
      title: 'Addresses of the BMCs',
      description: 'Name or IP address each, with :port where it isn’t 623. All take the same user and password.',
      examples: [['bmc-web1.example.com', '192.0.2.10']],
      destination: true,
    }),
  user: z
    .string()
    .min(1)
    .max(16)
    .regex(/^[^-\s]\S*$/)
    .meta({ title: 'User' }),
  password: z.string().min(1).max(20).meta({ title: 'Password', description: 'IPMI 2.0 takes at most 20 characters.' }),
  cipher_suite: z
    .union([z.literal(3), z.literal(17)])
    .default(3)
    .meta({
      title: 'Cipher suite',
      description: '3 (SHA-1) is what all BMCs know, 17 (SHA-256) what the newest ask for.',
    }),
  privilege: z
    .enum(['USER', 'OPERATOR', 'ADMINISTRATOR'])
    .default('USER')
    .meta({ title: 'Privilege', description: 'User reads all that is read here.' }),
})

const manifest: Manifest = {
  name: 'ipmi',
  version: '0.1.0',
  title: 'IPMI (BMC)',
  description:
    'Servers out of band, on or off, whose BMC knows no Redfish: serial numbers, temperatures, fans, voltages, power, crossings of thresholds and the events of the system event log.',
  realm:
    'One name for all machines whose parts may move between them, such as a site. A part keeps its history within a realm. Not that of Redfish sources: a machine that both see is recognised by its UUID.',
  kinds: ['host', 'component'],
  metrics: metricsOf(),
  supports: 'IPMI 2.0 over LAN; ipmitool 1.8.18 or later on the machine of the agent',
  permissions: 'A user with the privilege User on the LAN channel.',
  default_interval_ms: 60_000,
  settings: z.record(z.string(), z.json()).parse(z.toJSONSchema(Settings, { io: 'input' })),
  secrets: ['password'],
  commands: [],
}

const bad = (message: string, remedy: string) => new ConnectorError('bad_settings', message, remedy)

function targetOf(address: string): Target {
  const plain = address.trim()
  const [, bracketed, host = bracketed ?? plain, port = '623'] =
    isIP(plain) === 6
      ? ['', plain]
      : (/^(?:\[([0-9a-f:.%]+)\]|([a-z0-9_][a-z0-9._-]*))(?::(\d{1,5}))?$/i.exec(plain) ?? [])
  if ((isIP(plain) !== 6 && !/^(\[|[a-z0-9_])/i.test(plain)) || /[^\w.:%-]/.test(host) || Number(port) > 65_535)
    throw bad(
      `${JSON.stringify(address)} is no address of a BMC`,
      'Give its name or IP address, with :port where it isn’t 623.',
    )
  return { name: plain, host, port: Number(port) }
}

const Memory = z.strictObject({ bmcs: z.record(z.string(), Kept) })

export const connector: Connector = {
  manifest,
  async open(settings, surroundings) {
    const parsed = Settings.safeParse(settings)
    if (!parsed.success) throw bad(z.prettifyError(parsed.error), 'Correct the settings of the source.')
    const targets = new Map(parsed.data.addresses.map(targetOf).map((target) => [target.name, target]))
    const memory = Memory.safeParse(await surroundings.memory.get())
    const kept = memory.success ? memory.data.bmcs : {}
    const around = { now: () => surroundings.now(), log: surroundings.log.bind(surroundings) }
    const bmcs = [...targets].map(
      ([name, target]) =>
        new Bmc(new Client(target, parsed.data), (Object.hasOwn(kept, name) && kept[name]) || nothingKept(), around),
    )
    return new IpmiSession(bmcs, surroundings)
  },
}

/** How often what only grew is kept, when nothing else changed. */
const KEEP_MS = 600_000

class IpmiSession implements Session {
  readonly #bmcs: Bmc[]
  readonly #surroundings: Surroundings
  #kept_ms = 0

  constructor(bmcs: Bmc[], surroundings: Surroundings) {
    this.#bmcs = bmcs
    this.#surroundings = surroundings
  }

  /** A BMC that fails stops no other: the facts of the good ones go out before the failure is told. */
  async collect(signal: AbortSignal): Promise<Collected[]> {
    const results = await Promise.allSettled(this.#bmcs.map((bmc) => bmc.collect(signal)))
    const ids = new Map<string, Bmc>()
    const facts: Collected[] = []
    const failures: unknown[] = []
    for (const [index, bmc] of this.#bmcs.entries()) {
      const result = results[index]
      if (result?.status === 'rejected') failures.push(result.reason)
      if (result?.status !== 'fulfilled') continue
      const id = bmc.kept.id ?? bmc.name
      const twin = ids.get(id)
      ids.set(id, bmc)
      if (twin) failures.push(same(twin, bmc, id))
      else facts.push(...result.value)
    }
    await this.#keep()
    if (failures.length === 0) return facts
    if (facts.length > 0) this.#surroundings.emit(facts)
    throw together(failures, this.#bmcs.length)
  }

  async #keep(always = false): Promise<void> {
    const changed = this.#bmcs.map((bmc) => bmc.takeChanged()).includes(true)
    const now_ms = this.#surroundings.now()
    if (!changed && !always && now_ms - this.#kept_ms < KEEP_MS) return
    this.#kept_ms = now_ms
    await this.#surroundings.memory.set(
      structuredClone({ bmcs: Object.fromEntries(this.#bmcs.map((bmc) => [bmc.name, bmc.kept])) }),
    )
  }

  close = (): Promise<void> => this.#keep(true)
}

const same = (one: Bmc, other: Bmc, id: string) =>
  bad(
    `${one.name} and ${other.name} say that they are the same machine ${id}`,
    'Remove one of the two addresses; two machines whose makers gave them one GUID need a source and a realm each.',
  )

/** One failure that names every BMC; a fault of ours goes up as it is. */
function together(failures: unknown[], bmcs: number): unknown {
  const known = failures.filter((failure) => failure instanceof ConnectorError)
  const [first] = known
  if (!first || known.length < failures.length) return failures.find((failure) => !(failure instanceof ConnectorError))
  if (bmcs === 1) return first
  return new ConnectorError(
    first.code,
    `${failures.length} of ${bmcs} BMCs failed: ${known.map(({ message }) => message).join('; ')}`,
    first.remedy,
  )
}
