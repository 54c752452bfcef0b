/** A double of a blade enclosure's BMC: Redfish by TLS with sessions, pages, power, energy and a log, that refuses what a BMC refuses. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { Server } from 'bun'
import { connector } from '#connectors/redfish/index.ts'
import { type SelfSigned, selfSigned } from './certificates.ts'
import type { Rig, Trouble } from './rig.ts'

const USER = 'atalaya'
const PASSWORD = 'correct horse'
const PAGE = 2

type Body = Record<string, unknown>
const ref = (at: string) => ({ '@odata.id': at })
const OK = { State: 'Enabled', Health: 'OK' }

interface Blade {
  id: string
  uuid: string
  name: string
  power: 'On' | 'Off'
  joules: bigint
  reset_at: string
}

export class RedfishDouble {
  readonly uuid: string = randomUUID()
  readonly blades = new Map<string, Blade>()
  readonly entries: Body[] = []
  /** what the BMC's clock is ahead of ours */
  clock_ahead_ms = 0
  trouble: Trouble | null = null
  /** where what has no slash at its end has moved to: '' is here */
  moved: string | null = null
  /** paths in the order in which they were asked for */
  readonly asked: string[] = []
  readonly sessions = new Set<string>()
  #server: Server<undefined>
  readonly #certificate: SelfSigned
  #next = 1
  #written = 0
  #pages = 0

  private constructor(certificate: SelfSigned) {
    this.#certificate = certificate
    this.#server = this.#serve(certificate, 0)
  }
  static open = async (): Promise<RedfishDouble> => new RedfishDouble(await selfSigned('bmc'))

  get address(): string {
    return `127.0.0.1:${this.#server.port}`
  }
  get fingerprint(): string {
    return this.#certificate.fingerprint
  }

  #serve({ cert, key }: SelfSigned, port: number): Server<undefined> {
    return Bun.serve({
      hostname: '127.0.0.1',
      port,
      idleTimeout: 60,
      tls: { cert, key },
      fetch: (request) => this.#answer(request),
    })
  }
  /** Another certificate, or ours again, at the same address. */
  async certify(own: boolean): Promise<void> {
    const port = this.#server.port ?? 0
    await this.#server.stop(true)
    this.#server = this.#serve(own ? this.#certificate : await selfSigned('another'), port)
  }

  add(name: string): Blade {
    const id = String(this.#next++)
    const blade: Blade = { id, uuid: randomUUID(), name, power: 'On', joules: 1_000n, reset_at: this.#clock() }
    this.blades.set(id, blade)
    return blade
  }
  byUuid(uuid: string): Blade {
    const blade = [...this.blades.values()].find((one) => one.uuid === uuid)
    if (!blade) throw new Error(`there is no blade ${uuid}`)
    return blade
  }
  /** The count begins anew at this instant. */
  reset(blade: Blade): void {
    blade.joules = 0n
    blade.reset_at = this.#clock()
  }
  /** An entry of the log; without an instant it is written now, by the BMC's clock. */
  write(message: string, created: string = this.#clock()): void {
    this.#written += 1
    const Id = String(this.#written)
    this.entries.push({
      ...ref(`${LOG}/Entries/${Id}`),
      Id,
      Name: `Entry ${Id}`,
      Severity: 'Critical',
      Created: created,
      Message: message,
    })
  }
  clear(): void {
    this.entries.length = 0
    this.#written = 0
  }
  #clock = (): string => new Date(Date.now() + this.clock_ahead_ms).toISOString()

  async #answer(request: Request): Promise<Response> {
    const { pathname: asked, search, searchParams } = new URL(request.url)
    this.asked.push(`${request.method} ${asked}${search}`)
    if (this.moved !== null && !asked.endsWith('/'))
      return new Response(null, { status: 308, headers: { location: `${this.moved}${asked}/${search}` } })
    const pathname = asked === '/redfish/v1/' ? asked : asked.replace(/\/$/, '')
    if (this.trouble === 'hangs')
      await new Promise<void>((resolve) => request.signal.addEventListener('abort', () => resolve()))
    if (this.trouble === 'rate_limited')
      return new Response('slow down', { status: 429, headers: { 'retry-after': '30' } })
    if (this.trouble === 'garbled') return new Response('<html><body>Sign in to the network</body></html>')
    if (pathname === `${SESSIONS}` && request.method === 'POST') return this.#signIn((await request.json()) as Body)
    if (pathname !== '/redfish/v1/' && !this.#mayEnter(request)) return problem(401, 'The session is not valid.')
    if (request.method === 'DELETE') {
      this.sessions.delete(request.headers.get('x-auth-token') ?? '')
      return new Response(null, { status: 204 })
    }
    const body = this.#resource(pathname, Number(searchParams.get('$skip') ?? '0'))
    if (body instanceof Response) return body
    return body ? Response.json(body) : problem(404, 'There is no such resource.')
  }

  #signIn({ UserName, Password }: Body): Response {
    if (UserName !== USER || Password !== PASSWORD || this.trouble === 'expired_credential')
      return problem(401, 'The user or the password is wrong.')
    const token = randomBytes(16).toString('hex')
    this.sessions.add(token)
    return Response.json(
      { Id: token.slice(0, 4) },
      { status: 201, headers: { 'x-auth-token': token, location: `${SESSIONS}/${token.slice(0, 4)}` } },
    )
  }
  #mayEnter(request: Request): boolean {
    if (this.trouble === 'expired_credential') return false
    const basic = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`
    return (
      request.headers.get('authorization') === basic || this.sessions.has(request.headers.get('x-auth-token') ?? '')
    )
  }

  #resource(at: string, skip: number): Body | Response | undefined {
    if (at === SYSTEMS) return this.#systems(skip)
    const [, collection, id, rest = ''] = /^\/redfish\/v1\/(Systems|Chassis)\/(\w+)(\/.+)?$/.exec(at) ?? []
    const blade = this.blades.get((id ?? '').replace(/^Blade/, ''))
    if (blade && collection === 'Systems') return this.#system(blade, at, rest)
    if (blade && collection === 'Chassis') return this.#chassis(blade, at, rest)
    return this.#fixed()[at]
  }

  #systems(skip: number): Body {
    if (this.trouble === 'changes_between_pages' && skip > 0) this.#change()
    const all = [...this.blades.keys()].map((id) => ref(`${SYSTEMS}/${id}`))
    const page = all.slice(skip, skip + PAGE)
    const more = skip + PAGE < all.length && { 'Members@odata.nextLink': `${SYSTEMS}?$skip=${skip + PAGE}` }
    return { ...ref(SYSTEMS), Name: 'Systems', 'Members@odata.count': all.length, Members: page, ...more }
  }
  /** One goes and one comes, so that the count stays and a page slips. */
  #change(): void {
    this.#pages += 1
    if (this.#pages > 1) return
    const [first] = this.blades.keys()
    this.blades.delete(first ?? '')
    this.add('born while pages were read')
  }

  #system(blade: Blade, at: string, rest: string): Body | Response | undefined {
    const [first] = this.blades.values()
    if (rest === '' && this.trouble === 'incomplete' && blade === first) return problem(500, 'Internal error.')
    if (rest === '' && this.trouble === 'missing_right' && blade === first)
      return problem(403, 'Insufficient privilege.')
    if (rest === '/Memory') return collection(at, [`${at}/A1`])
    if (rest === '/Memory/A1')
      return {
        ...ref(at),
        Id: 'A1',
        Name: 'DIMM A1',
        CapacityMiB: 16_384,
        SerialNumber: `D-${blade.uuid.slice(0, 8)}`,
        Status: OK,
      }
    if (rest !== '') return undefined
    return {
      ...ref(at),
      Id: blade.id,
      Name: blade.name,
      HostName: blade.name,
      SystemType: 'Physical',
      UUID: blade.uuid,
      SerialNumber: `B-${blade.uuid.slice(0, 8)}`,
      Manufacturer: 'Example',
      PowerState: blade.power,
      Status: OK,
      ProcessorSummary: { LogicalProcessorCount: 8 },
      MemorySummary: { TotalSystemMemoryGiB: 16 },
      Memory: ref(`${at}/Memory`),
      Links: { Chassis: [ref(`${CHASSIS}/Blade${blade.id}`)], ManagedBy: [ref(MANAGER)] },
    }
  }
  #chassis(blade: Blade, at: string, rest: string): Body | undefined {
    if (rest === '/EnvironmentMetrics')
      return {
        ...ref(at),
        Id: 'EnvironmentMetrics',
        PowerWatts: { Reading: blade.power === 'On' ? 180 : 4 },
        EnergyJoules: { Reading: Number(blade.joules), SensorResetTime: blade.reset_at },
      }
    if (rest !== '') return undefined
    return {
      ...ref(at),
      Id: `Blade${blade.id}`,
      Name: `Blade ${blade.id}`,
      ChassisType: 'Blade',
      EnvironmentMetrics: ref(`${at}/EnvironmentMetrics`),
      Links: { ComputerSystems: [ref(`${SYSTEMS}/${blade.id}`)], ContainedBy: ref(ENCLOSURE) },
    }
  }

  #fixed(): Record<string, Body> {
    const blades = [...this.blades.keys()].map((id) => `${CHASSIS}/Blade${id}`)
    return {
      '/redfish/v1/': {
        ...ref('/redfish/v1/'),
        UUID: this.uuid,
        RedfishVersion: '1.15.0',
        Systems: ref(SYSTEMS),
        Chassis: ref(CHASSIS),
        Managers: ref('/redfish/v1/Managers'),
        Links: { Sessions: ref(SESSIONS) },
      },
      [CHASSIS]: collection(CHASSIS, [ENCLOSURE, ...blades]),
      [ENCLOSURE]: {
        ...ref(ENCLOSURE),
        Id: 'Enclosure',
        Name: 'Enclosure',
        ChassisType: 'Enclosure',
        SerialNumber: `E-${this.uuid.slice(0, 8)}`,
        Links: { Contains: blades.map(ref) },
      },
      '/redfish/v1/Managers': collection('/redfish/v1/Managers', [MANAGER]),
      [MANAGER]: {
        ...ref(MANAGER),
        Id: 'bmc',
        Name: 'BMC',
        FirmwareVersion: '1.0',
        DateTime: this.#clock(),
        LogServices: ref(`${MANAGER}/LogServices`),
        Links: { ManagerInChassis: ref(ENCLOSURE) },
      },
      [`${MANAGER}/LogServices`]: collection(`${MANAGER}/LogServices`, [LOG]),
      [LOG]: { ...ref(LOG), Id: 'Sel', Name: 'Event log', ServiceEnabled: true, Entries: ref(`${LOG}/Entries`) },
      [`${LOG}/Entries`]: {
        ...ref(`${LOG}/Entries`),
        Name: 'Entries',
        'Members@odata.count': this.entries.length,
        Members: this.entries,
      },
    }
  }

  end = (): Promise<void> => this.#server.stop(true)
}

const SESSIONS = '/redfish/v1/SessionService/Sessions'
const SYSTEMS = '/redfish/v1/Systems'
const CHASSIS = '/redfish/v1/Chassis'
const ENCLOSURE = `${CHASSIS}/Enclosure`
const MANAGER = '/redfish/v1/Managers/bmc'
const LOG = `${MANAGER}/LogServices/Sel`
const collection = (at: string, all: readonly string[]): Body => ({
  ...ref(at),
  Name: at,
  'Members@odata.count': all.length,
  Members: all.map(ref),
})
const problem = (status: number, message: string): Response =>
  Response.json(
    { error: { code: 'Base.1.8.GeneralError', message, '@Message.ExtendedInfo': [{ Message: message }] } },
    { status },
  )

export const settingsOf = (double: RedfishDouble, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  addresses: [double.address],
  user: USER,
  password: PASSWORD,
  fingerprints: [double.fingerprint],
  ...more,
})

/** A blade is what comes and goes. */
export async function redfishRig(): Promise<Rig> {
  const double = await RedfishDouble.open()
  return {
    connector,
    realm: 'metal',
    kind: 'host',
    counter: 'energy_joules',
    settings: () => settingsOf(double),
    add: async (name) => double.add(name).uuid,
    label: async () => undefined,
    remove: async (uuid) => void double.blades.delete(double.byUuid(uuid).id),
    reuse: async () => undefined,
    use: async (uuid, amount) => void (double.byUuid(uuid).joules += amount),
    reset: async (uuid) => double.reset(double.byUuid(uuid)),
    async trouble(kind) {
      if (kind === 'untrusted_tls') await double.certify(false)
      double.trouble = kind
    },
    async calm() {
      if (double.trouble === 'untrusted_tls') await double.certify(true)
      double.trouble = null
    },
    cannot: {
      label: 'a BMC knows nothing of customers',
      reuse: 'the external id of a machine is its SMBIOS UUID, and another machine has another one',
    },
    end: () => double.end(),
  }
}
