/** Reads all that one host holds, in as few processes as can be: what was known last time is asked for at once. */
import { type ObservationInput } from '#connectors/contract.ts'
import { type Answer, ask, type CallOptions, quote } from './client.ts'
import { parseDomstats, type Stats } from './domstats.ts'
import { parseXml } from './document.ts'
import { serious } from './failures.ts'
import { hostObservation, hostUuid, uptimeMs } from './hypervisor.ts'
import { type Domain, parseDomain, parseNetwork, parsePool, parseVolume, type Pool, type Volume } from './map.ts'
import type { Read } from './placement.ts'
import type { Reread } from './transitions.ts'
import { badAnswer, type Node } from './xml.ts'

/** Capabilities and volumes are read this often: they are slow to read and seldom change. */
const SLOW_MS = 60_000

export interface Survey {
  uuid: string
  /** false: something couldn't be read, so absence means nothing */
  complete: boolean
  complaints: string[]
  rows: Map<string, Read>
  /** domains that are there, but vanished or fell silent before they could be read */
  unread: string[]
  others: ObservationInput[]
  /** gauges of pools and of the volumes that were read now */
  storage: { kind: 'storage_pool' | 'volume'; external_id: string; gauges: Pool['gauges'] }[]
  uptime_ms: number | undefined
  hypervisor: string | undefined
}

const STATIC = ['capabilities', 'nodeinfo', 'nodememstats', 'hostname', 'version', 'sysinfo'] as const
const LISTS = [
  'list --all --uuid',
  'domstats',
  'pool-list --all --uuid',
  'pool-list --uuid',
  'net-list --all --uuid',
  'net-list --uuid',
]
const UPTIME = 'nodecpustats --cpu 0'

export class Surveyor {
  readonly #uri: string
  /** the commands about single objects of the last survey */
  #objects: string[] = []
  #static = new Map<string, string>()
  #volumes = new Map<string, Volume>()
  #slow_ms = Number.NEGATIVE_INFINITY

  constructor(uri: string) {
    this.#uri = uri
  }

  async survey(now_ms: number, options: CallOptions): Promise<Survey> {
    const slow = now_ms - this.#slow_ms >= SLOW_MS
    const book = new Book(this.#uri, options)
    await book.read([...(slow ? STATIC : []), ...LISTS, UPTIME, ...this.#objects])
    if (slow) this.#static = new Map(STATIC.map((command) => [command, book.text(command)]))
    this.#objects = objectCommands(book)
    await book.read(this.#objects)
    await this.#readVolumes(book, slow)
    const survey = this.#compose(book)
    if (slow && survey.complete) this.#slow_ms = now_ms
    return survey
  }

  async #readVolumes(book: Book, slow: boolean): Promise<void> {
    const commands = volumeCommands(book)
    const wanted = [...commands.keys()].filter((command) => slow || !this.#volumes.has(command))
    await book.read(wanted)
    const host = hostUuid(this.#static.get('capabilities') ?? '')
    const volumes = new Map<string, Volume>()
    for (const [command, pool] of commands) {
      const read = book.has(command)
        ? book.parse(command, 'volume', (node) => parseVolume(node, pool, host))
        : this.#volumes.get(command)
      if (read) volumes.set(command, read)
      else book.complaints.push(`${command}: no answer`)
    }
    this.#volumes = volumes
  }

  #compose(book: Book): Survey {
    const fixed = (name: (typeof STATIC)[number]) => this.#static.get(name) ?? ''
    const host = hostUuid(fixed('capabilities'))
    const isActive = (list: string) => new Set(ids(book.text(list)))
    const activePools = isActive('pool-list --uuid')
    const activeNetworks = isActive('net-list --uuid')
    const pools = ids(book.text('pool-list --all --uuid')).flatMap(
      (id) => book.parse(`pool-dumpxml ${id}`, 'pool', (node) => parsePool(node, activePools.has(id), host)) ?? [],
    )
    const networks = ids(book.text('net-list --all --uuid')).flatMap(
      (id) =>
        book.parse(`net-dumpxml ${id}`, 'network', (node) => parseNetwork(node, activeNetworks.has(id), host)) ?? [],
    )
    const volumes = [...this.#volumes]
    const self = hostObservation({
      capabilities: fixed('capabilities'),
      nodeinfo: fixed('nodeinfo'),
      nodememstats: fixed('nodememstats'),
      hostname: fixed('hostname'),
      version: fixed('version'),
      sysinfo: fixed('sysinfo'),
    })
    const { rows, unread } = domainRows(book)
    const kept = unique([
      self,
      ...pools.map((pool) => pool.observation),
      ...volumes.map(([, v]) => v.observation),
      ...networks,
    ])
    return {
      uuid: host,
      rows,
      unread,
      others: kept,
      complete: book.complaints.length === 0,
      complaints: book.complaints,
      storage: [
        ...pools.map((pool) => ({ kind: 'storage_pool' as const, external_id: pool.uuid, gauges: pool.gauges })),
        ...volumes
          .filter(([command]) => book.has(command))
          .map(([, { gauges, observation }]) => ({
            kind: 'volume' as const,
            external_id: observation.external_id,
            gauges,
          })),
      ],
      uptime_ms: uptimeMs(book.text(UPTIME)),
      hypervisor: String(self.attributes?.['hypervisor'] ?? '').slice(0, 128) || undefined,
    }
  }
}

/** Two pools on one folder show the same volumes, each under its own pool; within one pool an id is told once. */
function unique(observations: ObservationInput[]): ObservationInput[] {
  const byId = new Map(observations.map((item) => [`${item.kind} ${item.external_id}`, item]))
  return [...byId.values()]
}

/** The answers of one survey, by command. */
class Book {
  readonly complaints: string[] = []
  readonly #uri: string
  readonly #options: CallOptions
  readonly #texts = new Map<string, string>()

  constructor(uri: string, options: CallOptions) {
    this.#uri = uri
    this.#options = options
  }

  async read(commands: readonly string[]): Promise<void> {
    const wanted = [...new Set(commands)].filter((command) => !this.#texts.has(command))
    if (wanted.length === 0) return
    const { sections, errors }: Answer = await ask(this.#uri, wanted, this.#options)
    this.complaints.push(...serious(errors))
    for (const [index, command] of wanted.entries()) this.#texts.set(command, sections[index] ?? '')
  }

  has(command: string): boolean {
    return this.#texts.has(command)
  }

  text(command: string): string {
    return this.#texts.get(command) ?? ''
  }

  /** Undefined for an object that vanished meanwhile, or whose answer can't be read: that spoils only itself. */
  parse<T>(command: string, root: string, read: (node: Node) => T): T | undefined {
    const xml = this.text(command).trim()
    if (xml === '') return undefined
    try {
      return read(parseXml(xml, root))
    } catch (error) {
      this.complaints.push(`${command}: ${error instanceof Error ? error.message : String(error)}`)
      return undefined
    }
  }
}

const ids = (list: string): string[] =>
  list.split('\n').flatMap((line) => /^\s*([0-9a-f-]{36})\s*$/i.exec(line)?.[1] ?? [])

const objectCommands = (book: Book): string[] => [
  ...ids(book.text('list --all --uuid')).map((id) => `dumpxml ${id}`),
  ...ids(book.text('pool-list --all --uuid')).map((id) => `pool-dumpxml ${id}`),
  ...ids(book.text('pool-list --uuid')).map((id) => `vol-list ${id}`),
  ...ids(book.text('net-list --all --uuid')).map((id) => `net-dumpxml ${id}`),
]

/** The command about each volume of the active pools, and its pool. */
function volumeCommands(book: Book): Map<string, string> {
  const commands = new Map<string, string>()
  for (const pool of ids(book.text('pool-list --uuid'))) {
    for (const line of book.text(`vol-list ${pool}`).split('\n')) {
      // name and path, parted by three spaces
      const name = /^ (.+?) {3,}\S/.exec(line)?.[1]
      if (name !== undefined) commands.set(`vol-dumpxml --pool ${pool} --vol ${quote(name)}`, pool)
    }
  }
  return commands
}

function domainRows(book: Book): Pick<Survey, 'rows' | 'unread'> {
  const stats = parseDomstats(book.text('domstats'))
  const rows = new Map<string, Read>()
  const unread: string[] = []
  for (const id of ids(book.text('list --all --uuid'))) {
    const row = readOf(book, id, stats)
    if (row) rows.set(id.toLowerCase(), row)
    else unread.push(id.toLowerCase())
  }
  return { rows, unread }
}

function readOf(book: Book, id: string, stats: ReadonlyMap<string, Stats>): Read | undefined {
  const domain: Domain | undefined = book.parse(`dumpxml ${id}`, 'domain', parseDomain)
  const own = domain && stats.get(domain.name)
  return domain && own ? { domain, stats: own } : undefined
}

/**
 * What the named domains are now; `known` are their UUIDs so far as we know them. Throws while one of them is there
 * but can't be read, as when its process is just ending: gone and silent aren't the same.
 */
export async function reread(uri: string, names: string[], known: string[], options: CallOptions): Promise<Reread> {
  const book = new Book(uri, options)
  const list = 'list --all --uuid --name'
  const about = (uuids: string[]) => uuids.flatMap((uuid) => [`dumpxml ${uuid}`, `domstats ${uuid}`])
  await book.read([list, ...about(known)])
  const all = new Map(book.text(list).split('\n').flatMap(named))
  const others = names.flatMap((name) => all.get(name) ?? []).filter((uuid) => !known.includes(uuid))
  await book.read(about(others))
  const reads = new Map<string, Read>()
  for (const uuid of [...known, ...others]) {
    const read = readOf(book, uuid, parseDomstats(book.text(`domstats ${uuid}`)))
    if (read) reads.set(uuid, read)
    else if ([...all.values()].includes(uuid)) book.complaints.push(`the domain ${uuid} can't be read`)
  }
  if (book.complaints.length > 0) throw badAnswer(book.complaints.join('; ').slice(0, 500))
  return { names: all, reads }
}

const named = (line: string): [string, string][] => {
  const [, uuid, name] = /^\s*([0-9a-f-]{36}) (.*?)\s*$/i.exec(line) ?? []
  return uuid !== undefined && name !== undefined ? [[name, uuid.toLowerCase()]] : []
}
