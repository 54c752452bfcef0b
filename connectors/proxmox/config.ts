/** A guest's configuration → its disks, its NICs, and what tells it from another one under the same number. Pure. */
import { flag, number, type Row, text, whole } from './answers.ts'

export interface Disk {
  /** the place in the guest: scsi0, rootfs, mp1 */
  slot: string
  volume: string
  storage: string | undefined
  bytes: bigint | undefined
  /** detached, but still there and taking space */
  unused: boolean
  options: Readonly<Record<string, string>>
}
export interface Nic {
  slot: string
  mac: string
  model: string | undefined
  bridge: string | undefined
  vlan: string | undefined
  name: string | undefined
}
export interface Config {
  disks: Disk[]
  nics: Nic[]
  /** addresses that are set here, rather than asked of somebody */
  ips: string[]
  uuid: string | undefined
  created_s: string | undefined
  agent: boolean
  row: Row
}

type Kind = 'qemu' | 'lxc'
const DISKS: Record<Kind, RegExp> = {
  qemu: /^((ide|sata|scsi|virtio|efidisk|tpmstate|unused)\d{1,3})$/,
  lxc: /^(rootfs|(mp|unused)\d{1,3})$/,
}
const NIC = /^net\d{1,3}$/
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const UNITS: Readonly<Record<string, bigint>> = { '': 1n, K: 2n ** 10n, M: 2n ** 20n, G: 2n ** 30n, T: 2n ** 40n }
const LIMIT = 2n ** 64n

export function parseConfig(kind: Kind, row: Row): Config {
  const keys = Object.keys(row).toSorted()
  const smbios = properties(text(row['smbios1'], 2_048) ?? '')
  const meta = properties(text(row['meta']) ?? '')
  const nics = keys.filter((key) => NIC.test(key)).flatMap((slot) => nic(kind, slot, text(row[slot], 2_048) ?? ''))
  const uuid = smbios['uuid']?.toLowerCase()
  return {
    disks: keys
      .filter((key) => DISKS[kind].test(key))
      .flatMap((slot) => disk(kind, slot, text(row[slot], 2_048) ?? '')),
    nics,
    ips: addresses(row, keys),
    uuid: uuid !== undefined && UUID.test(uuid) && !/^[0-]+$/.test(uuid) ? uuid : undefined,
    created_s: whole(meta['ctime'])?.toString(),
    agent: flag(properties(text(row['agent']) ?? '', 'enabled')['enabled']),
    row,
  }
}

/** `a,b=c,d=e` as Proxmox VE writes its property strings; what has no name is the value of `first`. */
export function properties(line: string, first = ''): Record<string, string> {
  const found = Object.create(null) as Record<string, string>
  for (const part of line.split(',')) {
    const at = part.indexOf('=')
    const [key, value] = at < 0 ? [first, part] : [part.slice(0, at), part.slice(at + 1)]
    if (key !== '' && value !== '') found[key.trim()] ??= value
  }
  return found
}

function disk(kind: Kind, slot: string, line: string): Disk[] {
  const options = properties(line, kind === 'qemu' ? 'file' : 'volume')
  const volume = options['file'] ?? options['volume']
  const cdrom = options['media'] === 'cdrom'
  // a path of the node that is mounted into a container is nobody's disk; an image in a drive belongs to all
  if (volume === undefined || volume === 'none' || volume === 'cdrom' || cdrom) return []
  const isPath = volume.startsWith('/')
  if (kind === 'lxc' && isPath) return []
  const storage = !isPath && volume.includes(':') ? volume.slice(0, volume.indexOf(':')) : undefined
  return [{ slot, volume, storage, bytes: sizeOf(options['size']), unused: slot.startsWith('unused'), options }]
}

/** `32G` in bytes, in powers of 1024; undefined unless it comes to whole bytes, and of a volume without a limit, which says 0. */
export function sizeOf(said: string | undefined): bigint | undefined {
  const [, integer, , fraction = '', unit = ''] = /^(\d{1,20})(\.(\d{1,12}))?([KMGT])?$/.exec(said ?? '') ?? []
  if (integer === undefined) return undefined
  const scale = 10n ** BigInt(fraction.length)
  const product = BigInt(integer + fraction) * (UNITS[unit] ?? 1n)
  const bytes = product % scale === 0n ? product / scale : 0n
  return bytes > 0n && bytes < LIMIT ? bytes : undefined
}

function nic(kind: Kind, slot: string, line: string): Nic[] {
  const options = properties(line)
  // QEMU's short form names the model and gives its address: virtio=BC:24:11:…
  const short = kind === 'qemu' ? Object.entries(options).find(([, value]) => MAC.test(value)) : undefined
  const mac = options['hwaddr'] ?? options['macaddr'] ?? short?.[1]
  if (mac === undefined || !MAC.test(mac)) return []
  const model = options['model'] ?? options['type'] ?? (short?.[0] === 'macaddr' ? undefined : short?.[0])
  return [
    { slot, mac: mac.toLowerCase(), model, bridge: options['bridge'], vlan: options['tag'], name: options['name'] },
  ]
}

const IP = /^([0-9.]{7,15}|[0-9a-f:.]*:[0-9a-f:.]*)$/i

/** An address without its prefix length; undefined where it is none that belongs to one machine alone. */
export function addressOf(said: string): string | undefined {
  const address = said.replace(/\/\d{1,3}$/, '').toLowerCase()
  if (address.length > 64 || !IP.test(address)) return undefined
  return /^(127\.|0\.|169\.254\.|::1?$|fe[89ab][0-9a-f]:)/.test(address) ? undefined : address
}

/** `ip=` and `ip6=` of ipconfigN (cloud-init) and of a container's netN. */
function addresses(row: Row, keys: string[]): string[] {
  return keys
    .filter((key) => NIC.test(key) || /^ipconfig\d{1,3}$/.test(key))
    .flatMap((key) => {
      const { ip, ip6 } = properties(text(row[key], 2_048) ?? '')
      return [ip, ip6].flatMap((said) => (said === undefined ? [] : (addressOf(said) ?? [])))
    })
}

/** Bytes of all disks; undefined while one of them doesn't say how big it is, for the sum would be wrong. */
export function diskBytes(config: Config): bigint | undefined {
  const own = config.disks.filter((disk) => !disk.unused)
  if (own.some(({ bytes }) => bytes === undefined)) return undefined
  const sum = own.reduce((total, { bytes }) => total + (bytes ?? 0n), 0n)
  return sum < LIMIT ? sum : undefined
}

/** Answer of the guest agent (network-get-interfaces) or of a container (interfaces): addresses on the NICs that are configured. */
export function reportedAddresses(data: unknown, macs: readonly string[]): string[] {
  const wrapped = typeof data === 'object' && data !== null && 'result' in data ? data.result : data
  if (!Array.isArray(wrapped)) return []
  return wrapped.flatMap((item: unknown) => {
    if (typeof item !== 'object' || item === null) return []
    const row = item as Row
    const mac = text(row['hardware-address'] ?? row['hwaddr'])?.toLowerCase()
    if (mac === undefined || !macs.includes(mac)) return []
    const listed = Array.isArray(row['ip-addresses']) ? (row['ip-addresses'] as unknown[]) : []
    const said = listed.map((one) => (typeof one === 'object' && one !== null ? (one as Row)['ip-address'] : undefined))
    return [...said, row['inet'], row['inet6']].flatMap((one) => addressOf(text(one) ?? '') ?? [])
  })
}

/** How many processors a container may use, where that is not a whole number. */
export const cpuLimit = (config: Config): number | undefined => {
  const limit = number(config.row['cpulimit'])
  return limit !== undefined && limit > 0 ? limit : undefined
}
