/** Text of /proc → counters and gauges in our words; pure and exact to the last bit. */
import { ConnectorError } from '../wire.ts'

/** /proc counts processor time in USER_HZ, which is 100 on every Linux that Bun runs on: 10⁷ ns a tick. */
const TICK_ZEROS = '0000000'
/** https://docs.kernel.org/admin-guide/iostats.html: a sector of /proc/diskstats is 512 bytes whatever the disk */
const SECTOR_BYTES = 512
/** `user` and `nice` hold the time of guests already: the columns `guest` and `guest_nice` would count it twice. */
const CPU_MODES = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'] as const
const MEMORY: Readonly<Record<string, string>> = {
  MemTotal: 'memory_total_bytes',
  MemFree: 'memory_free_bytes',
  MemAvailable: 'memory_available_bytes',
  Buffers: 'memory_buffers_bytes',
  Cached: 'memory_cached_bytes',
  SwapTotal: 'swap_total_bytes',
  SwapFree: 'swap_free_bytes',
}
/** Images that are full by nature, and never fill up. */
const READ_ONLY_TYPES = new Set(['squashfs', 'iso9660', 'erofs', 'cramfs'])
/** File systems that own their disks, and so don't name one as the source of a mount. */
const POOLED_TYPES = new Set(['zfs', 'bcachefs'])

export type Exact = number | string
export type Series = Record<string, Exact>
/** a number while it is exact, else decimal digits */
export const exact = (value: bigint): Exact =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString()

const LARGEST = 2n ** 64n - 1n
/** Linux names devices in at most 31 characters. */
const DEVICE_CHARS_MAX = 64
/** A series is named by its metric and mount point: the wire takes 256 characters for both. */
const MOUNT_CHARS_MAX = 220

const unreadable = (what: string): ConnectorError =>
  new ConnectorError(
    'bad_answer',
    `/proc holds ${JSON.stringify(what.slice(0, 100))} where it can't be`,
    'Report this kernel to the project.',
  )

/** A whole number that a double holds exactly. */
function whole(text: string | undefined): number {
  const value = Number(text)
  if (!text || !Number.isSafeInteger(value) || value < 0) throw unreadable(text ?? '')
  return value
}
function large(digits: string, unit: number): Exact {
  const value = /^\d{1,20}$/.test(digits) ? BigInt(digits) * BigInt(unit) : -1n
  if (value < 0n || value > LARGEST) throw unreadable(digits)
  return exact(value)
}
function finite(text: string | undefined): number {
  const value = Number(text)
  if (!text || !Number.isFinite(value)) throw unreadable(text ?? '')
  return value
}
/** Seconds since 1970, before the year 10000. */
function bootedAt(text: string | undefined): number {
  const seconds = whole(text)
  if (seconds > 253_402_300_799) throw unreadable(text ?? '')
  return seconds
}
function named(name: string): string {
  if (name.length > DEVICE_CHARS_MAX) throw unreadable(name)
  return name
}
const exactDigits = (digits: string): Exact => (digits.length <= 15 ? whole(digits) : large(digits, 1))

/** Digits times a unit that fits into 10 bits: below 10¹² a number is exact, and costs a tenth of a BigInt. */
const scaled = (digits: string, unit: number): Exact =>
  digits.length <= 12 ? whole(digits) * unit : large(digits, unit)

function lines(text: string): string[] {
  if (text.includes('\0')) throw unreadable(text)
  return text.split('\n').filter((line) => line !== '')
}
const words = (line: string) => line.trim().split(/\s+/)

export interface Stat {
  counters: Series
  gauges: Series
  /** whole seconds since 1970: when the kernel started */
  booted_s: number
}

export function stat(text: string): Stat {
  const read: Stat = { counters: {}, gauges: {}, booted_s: 0 }
  for (const line of lines(text)) {
    // one line for each processor, and hundreds of numbers in that of the interrupts
    if (/^(cpu\d|intr|softirq)/.test(line)) continue
    const [name, ...values] = words(line)
    if (name === 'cpu') {
      for (const [index, mode] of CPU_MODES.entries()) {
        const ticks = values[index]
        if (ticks !== undefined) read.counters[`cpu_time_ns/${mode}`] = exactDigits(ticks + TICK_ZEROS)
      }
    } else if (name === 'btime') read.booted_s = bootedAt(values[0])
    else if (name === 'procs_running') read.gauges['processes_count/running'] = whole(values[0])
    else if (name === 'procs_blocked') read.gauges['processes_count/blocked'] = whole(values[0])
  }
  return read
}

export function memory(text: string): Series {
  const gauges: Series = {}
  for (const line of lines(text)) {
    const metric = MEMORY[line.slice(0, line.indexOf(':'))]
    // a gauge is a number, be it rounded
    if (metric) gauges[metric] = Number(scaled(words(line)[1] ?? '', 1024))
  }
  return gauges
}

export function load(text: string): Series {
  const [one, five, fifteen] = words(text)
  return { 'load_average/1m': finite(one), 'load_average/5m': finite(five), 'load_average/15m': finite(fifteen) }
}

export const uptime = (text: string): Series => ({ uptime_seconds: Math.trunc(finite(words(text)[0])) })

/** Pressure stall information of one resource: `some avg10=… total=µs`, and `full` where the kernel has it. */
export function pressure(resource: string, text: string): Series {
  const counters: Series = {}
  for (const line of lines(text)) {
    const [kind] = words(line)
    const total = /\btotal=(\d+)/.exec(line)?.[1]
    // The processor has no `full` at the level of the system: the kernel prints zeros for old readers.
    if (total === undefined || (kind !== 'some' && kind !== 'full') || (kind === 'full' && resource === 'cpu')) continue
    counters[`pressure_${kind}_us/${resource}`] = exactDigits(total)
  }
  return counters
}

export interface Device {
  name: string
  /** made when it is asked for: most devices are at rest, and not reported */
  readonly counters: Series
  /** /proc/diskstats prints it modulo 2³² */
  busy_ms?: number
  moved: boolean
}

/** Names alone, of /proc/diskstats and of /proc/net/dev. */
export const diskNames = (text: string): string[] =>
  [...text.matchAll(/^ *\d+ +\d+ (\S+)/gm)].map(([, name = '']) => name)
export const nicNames = (text: string): string[] => [...text.matchAll(/^ *(.+):/gm)].map(([, name = '']) => name)

export function disks(text: string): Device[] {
  return lines(text).map((line) => {
    const [, , name = '', reads = '0', , read = '0', , writes = '0', , written = '0', , , busy = '0'] = words(line)
    return {
      name: named(name),
      get counters() {
        return {
          [`disk_read_bytes/${name}`]: scaled(read, SECTOR_BYTES),
          [`disk_write_bytes/${name}`]: scaled(written, SECTOR_BYTES),
          [`disk_read_operations/${name}`]: exactDigits(reads),
          [`disk_write_operations/${name}`]: exactDigits(writes),
        }
      },
      busy_ms: whole(busy),
      moved: reads !== '0' || writes !== '0',
    }
  })
}

export function nics(text: string): Device[] {
  return lines(text)
    .slice(2)
    .map((line) => {
      // An alias has a colon in its name: the last one ends it.
      const colon = line.lastIndexOf(':')
      const name = named(line.slice(0, colon).trim())
      const [
        bytes = '0',
        packets = '0',
        errors = '0',
        dropped = '0',
        ,
        ,
        ,
        ,
        sent = '0',
        out = '0',
        failed = '0',
        lost = '0',
      ] = words(line.slice(colon + 1))
      return {
        name,
        get counters() {
          return {
            [`network_receive_bytes/${name}`]: exactDigits(bytes),
            [`network_receive_packets/${name}`]: exactDigits(packets),
            [`network_receive_errors/${name}`]: exactDigits(errors),
            [`network_receive_dropped/${name}`]: exactDigits(dropped),
            [`network_transmit_bytes/${name}`]: exactDigits(sent),
            [`network_transmit_packets/${name}`]: exactDigits(out),
            [`network_transmit_errors/${name}`]: exactDigits(failed),
            [`network_transmit_dropped/${name}`]: exactDigits(lost),
          }
        },
        moved: bytes !== '0' || sent !== '0',
      }
    })
}

/** The kernel writes space, tab, newline and backslash of a path in octal. */
const unescaped = (path: string) =>
  path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))

/** Mount points to measure: file systems on disks, each device once, and the root whatever it is on. */
export function mountPoints(text: string, excluded: (mount: string) => boolean): string[] {
  const top = new Map<string, { source: string; type: string }>()
  for (const line of lines(text)) {
    const [source = '', mount = '', type = ''] = line.split(' ')
    // What is mounted later on the same point hides what was there.
    top.delete(unescaped(mount))
    top.set(unescaped(mount), { source, type })
  }
  const seen = new Set<string>()
  const chosen: string[] = []
  for (const [mount, { source, type }] of top) {
    const real = source.startsWith('/dev/') || POOLED_TYPES.has(type) || mount === '/'
    const tellable = mount.length <= MOUNT_CHARS_MAX && !mount.includes('\0')
    if (!real || !tellable || READ_ONLY_TYPES.has(type) || type === 'devtmpfs') continue
    if (seen.has(source) || excluded(mount)) continue
    seen.add(source)
    chosen.push(mount)
  }
  return chosen
}

export interface Space {
  block_bytes: bigint
  blocks: bigint
  blocks_available: bigint
  inodes: bigint
  inodes_free: bigint
}

export function space(mount: string, read: Space): Series {
  const gauges: Series = {
    [`filesystem_size_bytes/${mount}`]: Number(read.blocks * read.block_bytes),
    [`filesystem_available_bytes/${mount}`]: Number(read.blocks_available * read.block_bytes),
  }
  // btrfs and its like make inodes as they go, and say 0.
  if (read.inodes > 0n) {
    gauges[`filesystem_inodes_count/${mount}`] = Number(read.inodes)
    gauges[`filesystem_inodes_free_count/${mount}`] = Number(read.inodes_free)
  }
  return gauges
}
