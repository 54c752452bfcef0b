/** Reads /proc and /sys of this machine: no child process, files kept open, one buffer. */
import { accessSync, closeSync, existsSync, openSync, readFileSync, readSync, statfsSync } from 'node:fs'
import { ConnectorError } from '../wire.ts'
import { type Space, diskNames, mountPoints, nicNames } from './map.ts'
import { ProcessCount } from './processes.ts'
import type { Sample } from './readings.ts'

const PRESSURES = ['cpu', 'io', 'memory'] as const
/** the kernel gives these whole to one read: asking whether there is more would be answered by nothing */
const WHOLE_FILES = ['stat', 'meminfo', 'loadavg', 'uptime'] as const
/** these go on from line to line, a page at a time */
const LINE_FILES = ['diskstats', 'net/dev', 'mounts'] as const
type FileName = (typeof WHOLE_FILES)[number] | (typeof LINE_FILES)[number]
/** /proc/diskstats of a thousand disks is 100 KiB; what is longer than this is no machine that we know. */
const FILE_BYTES_MAX = 16 * 1024 * 1024

/** A pseudo-file that is read again and again: the kernel writes it anew for each read from position 0. */
class ProcFile {
  #descriptor: number
  #whole: boolean
  static #buffer = Buffer.allocUnsafe(16 * 1024)

  constructor(path: string, whole = false) {
    this.#descriptor = openSync(path, 'r')
    this.#whole = whole
  }

  read(): string {
    let length = 0
    for (;;) {
      if (length === ProcFile.#buffer.length) ProcFile.#grow(length)
      const got = readSync(this.#descriptor, ProcFile.#buffer, length, ProcFile.#buffer.length - length, length)
      length += got
      const filled = length === ProcFile.#buffer.length
      if (got === 0 || (this.#whole && !filled)) return ProcFile.#buffer.toString('utf8', 0, length)
    }
  }

  static #grow(length: number): void {
    if (length >= FILE_BYTES_MAX)
      throw new ConnectorError('limit', 'a file of /proc is above 16 MiB', 'Report this machine to the project.')
    const larger = Buffer.allocUnsafe(length * 2)
    ProcFile.#buffer.copy(larger, 0, 0, length)
    ProcFile.#buffer = larger
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}

/** Which names of a directory of /sys have hardware behind them, and the number of their stay. */
class Hardware {
  #directory: string
  #number: string
  /** null: no hardware */
  #known = new Map<string, ProcFile | 'unnumbered' | null>()

  constructor(directory: string, number: string) {
    this.#directory = directory
    this.#number = number
  }

  among(names: string[]): Map<string, string> {
    const present = new Set(names)
    for (const name of this.#known.keys()) if (!present.has(name)) this.#forget(name)
    const stays = new Map<string, string>()
    for (const name of names) {
      const stay = this.#stay(name)
      if (stay !== null) stays.set(name, stay)
    }
    return stays
  }

  #stay(name: string): string | null {
    try {
      return this.#read(name)
    } catch {
      // The open file belongs to a device that is gone: under this name there is another one now, or none.
      this.#forget(name)
      return this.#read(name)
    }
  }

  #read(name: string): string | null {
    let known = this.#known.get(name)
    if (known === undefined) {
      known = this.#look(name)
      this.#known.set(name, known)
    }
    return known instanceof ProcFile ? known.read().trim() : known && ''
  }

  /** /sys writes the slash of a name such as `cciss/c0d0` as an exclamation mark. */
  #look(name: string): ProcFile | 'unnumbered' | null {
    const directory = `${this.#directory}/${name.replaceAll('/', '!')}`
    if (!existsSync(`${directory}/device`)) return null
    const number = `${directory}/${this.#number}`
    return existsSync(number) ? new ProcFile(number, true) : 'unnumbered'
  }

  #forget(name: string): void {
    const known = this.#known.get(name)
    if (known instanceof ProcFile) known.close()
    this.#known.delete(name)
  }

  close(): void {
    for (const name of this.#known.keys()) this.#forget(name)
  }
}

function spaceOf(mount: string): Space | null {
  try {
    const { bsize, blocks, bavail, files, ffree } = statfsSync(mount, { bigint: true })
    return { block_bytes: bsize, blocks, blocks_available: bavail, inodes: files, inodes_free: ffree }
  } catch {
    // Unmounted since /proc/mounts was read, or not ours to see: it has no reading at this instant.
    return null
  }
}

export class HostClient {
  #files = new Map<FileName, ProcFile>()
  #mounts = { text: '', points: [] as string[] }
  #pressures = new Map<string, ProcFile>()
  #processes = new ProcessCount()
  #disks = new Hardware('/sys/block', 'diskseq')
  #nics = new Hardware('/sys/class/net', 'ifindex')

  constructor() {
    try {
      for (const name of WHOLE_FILES) this.#files.set(name, new ProcFile(`/proc/${name}`, true))
      for (const name of LINE_FILES) this.#files.set(name, new ProcFile(`/proc/${name}`))
    } catch (error) {
      throw new ConnectorError(
        'unreachable',
        `/proc can't be read: ${error instanceof Error ? error.message : error}`,
        'Mount /proc where the agent runs (in a container: the host’s /proc and its network).',
      )
    }
    for (const name of PRESSURES) this.#openPressure(name)
  }

  /** A kernel built or booted without PSI has no such file, or refuses to read it. */
  #openPressure(name: string): void {
    try {
      const file = new ProcFile(`/proc/pressure/${name}`, true)
      file.read()
      this.#pressures.set(name, file)
    } catch {
      return
    }
  }

  #text(name: FileName): string {
    return this.#files.get(name)?.read() ?? ''
  }

  /** Mounts seldom change: the same text has the same points. */
  #mountPoints(excluded: (mount: string) => boolean): string[] {
    const text = this.#text('mounts')
    if (text !== this.#mounts.text) this.#mounts = { text, points: mountPoints(text, excluded) }
    return this.#mounts.points
  }

  /** `excluded` is the same function at each call. */
  sample(excluded: (mount: string) => boolean): Sample {
    const diskstats = this.#text('diskstats')
    const net_dev = this.#text('net/dev')
    const spaces = this.#mountPoints(excluded).map((mount) => [mount, spaceOf(mount)] as const)
    return {
      stat: this.#text('stat'),
      meminfo: this.#text('meminfo'),
      loadavg: this.#text('loadavg'),
      uptime: this.#text('uptime'),
      diskstats,
      net_dev,
      pressure: Object.fromEntries([...this.#pressures].map(([name, file]) => [name, file.read()])),
      processes: this.#processes.read(),
      spaces: spaces.filter((pair): pair is [string, Space] => pair[1] !== null),
      physical_disks: this.#disks.among(diskNames(diskstats)),
      physical_nics: this.#nics.among(nicNames(net_dev)),
    }
  }

  close(): void {
    for (const file of [...this.#files.values(), ...this.#pressures.values()]) file.close()
    this.#disks.close()
    this.#nics.close()
    this.#files.clear()
    this.#pressures.clear()
  }
}

export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

/** systemd's machine-id, or that of D-Bus before it; null where neither was made (a fresh container). */
export function machineId(): string | null {
  for (const path of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
    try {
      accessSync(path)
      const id = readFileSync(path, 'utf8').trim()
      if (/^[0-9a-f]{32}$/.test(id)) return id
    } catch {
      continue
    }
  }
  return null
}
