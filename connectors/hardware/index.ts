/** The connector for the hardware of the agent's own server: its parts with serials and health, and its sensors, from tools that run as root. */
import { z } from 'zod'
import {
  type Collected,
  type Connector,
  ConnectorError,
  type Manifest,
  type Session,
  type Surroundings,
} from '#connectors/contract.ts'
import { machineId } from '#connectors/host/client.ts'
import { components, type Part } from '#connectors/parts.ts'
import { type Run, run, type Tool, TOOLS } from './client.ts'
import { dmiParts, gauges, lshwParts, metricsOf } from './map.ts'
import { type Device, devices, disk, smart } from './smart.ts'

const Settings = z.strictObject({})

const manifest: Manifest = {
  name: 'hardware',
  version: '0.1.0',
  title: 'Hardware of this server',
  description:
    'What the server of the agent is made of: boards, processors, memory modules, disks, network cards and power supplies with serial numbers and health, and its temperatures, fans, voltages and power.',
  realm: 'The machine-id of the server (/etc/machine-id), the same as for “This server”: the parts hang on it.',
  kinds: ['component', 'host'],
  metrics: metricsOf(),
  supports: 'Linux with dmidecode, smartmontools 7.0 or later, lm-sensors and lshw; each is used where it is there',
  permissions: 'root, for serial numbers (dmidecode) and disks (smartctl).',
  default_interval_ms: 300_000,
  settings: z.record(z.string(), z.json()).parse(z.toJSONSchema(Settings, { io: 'input' })),
  secrets: [],
  commands: [],
}

const DAY_MS = 86_400_000
/** after one in which a tool failed */
const RETRY_MS = 3_600_000

interface Inventory {
  parts: Part[]
  devices: Device[]
  isWhole: boolean
  due_ms: number
}
interface Disks {
  parts: Part[]
  /** by slot */
  temperatures: Record<string, number>
  /** each answered, or sleeps */
  isWhole: boolean
}

const keyOf = ({ name, type }: Device): string => `${name} (${type})`

/** How the tools are run: a test has its own. */
export type RunTool = (tool: Tool, args: readonly string[], signal: AbortSignal) => Promise<Run>

export class HardwareSession implements Session {
  readonly #machine: string
  readonly #surroundings: Surroundings
  readonly #run: RunTool
  readonly #said = new Set<string>()
  #inventory: Inventory | undefined
  /** the last that was told of each disk: one that sleeps isn't woken to ask */
  readonly #disks = new Map<string, Part>()

  constructor(machine: string, surroundings: Surroundings, runTool: RunTool) {
    this.#machine = machine
    this.#surroundings = surroundings
    this.#run = runTool
  }

  async collect(signal: AbortSignal): Promise<Collected[]> {
    const now_ms = this.#surroundings.now()
    let inventory = this.#inventory
    if (!inventory || now_ms >= inventory.due_ms) inventory = this.#inventory = await this.#take(signal, now_ms)
    const disks = await this.#readDisks(inventory, signal)
    const sensors = await this.#text('sensors', ['-j'], signal)
    signal.throwIfAborted()
    if (Object.keys(TOOLS).every((tool) => this.#said.has(`missing ${tool}`)))
      throw new ConnectorError(
        'missing_tool',
        'none of the tools that know the hardware is on this machine',
        `Install them: apt-get install ${Object.values(TOOLS).join(' ')} (Debian, Ubuntu).`,
      )
    const holder = { kind: 'host' as const, id: this.#machine }
    const resources = components([...inventory.parts, ...disks.parts], holder)
    const values = { ...gauges(sensors ?? ''), ...disks.temperatures }
    const seen_at_ms = this.#surroundings.now()
    const resource = { kind: 'host' as const, external_id: this.#machine }
    return [
      // the host itself is in the listing of its own source: this scope is that of its parts
      {
        type: 'listing',
        seen_at_ms,
        scope: { kind: 'component', external_id: this.#machine },
        complete: inventory.isWhole && disks.isWhole,
        resources,
      },
      ...(Object.keys(values).length > 0 ? [{ type: 'readings' as const, seen_at_ms, resource, gauges: values }] : []),
    ]
  }

  async #take(signal: AbortSignal, now_ms: number): Promise<Inventory> {
    const failures: Tool[] = []
    const text = async (tool: Tool, args: string[]) => {
      const found = await this.#text(tool, args, signal)
      if (found === null) failures.push(tool)
      return found ?? ''
    }
    const dmi = await text('dmidecode', ['-t', '2,3,4,17,39'])
    const lshw = await text('lshw', ['-json', '-quiet', '-class', 'network', '-class', 'display'])
    const scan = await text('smartctl', ['--scan-open', '-j'])
    const isWhole = failures.length === 0
    const found = devices(scan)
    const keys = new Set(found.map(keyOf))
    if (isWhole) for (const key of this.#disks.keys()) if (!keys.has(key)) this.#disks.delete(key)
    return {
      parts: [...dmiParts(dmi), ...lshwParts(lshw)],
      devices: found,
      isWhole,
      due_ms: now_ms + (isWhole ? DAY_MS : RETRY_MS),
    }
  }

  /** What a tool printed; undefined where it can't serve here, null where it failed this time. */
  async #text(tool: Tool, args: readonly string[], signal: AbortSignal): Promise<string | undefined | null> {
    const result = await this.#run(tool, args, signal)
    if (result.kind === 'missing') {
      this.#once(
        `missing ${tool}`,
        `${tool} is not on this machine: what it knows is left out. Install the package ${TOOLS[tool]}.`,
      )
      return undefined
    }
    if (result.kind === 'failed') {
      this.#once(result.why, result.why)
      return null
    }
    const denied =
      /permission denied|operation not permitted|must be root|not run as root|you should run this program as super-user/i
    if (result.text.trim() === '' && denied.test(result.complaint)) {
      this.#once(
        `denied ${tool}`,
        `${tool} needs root: what it knows is left out. Let the agent run as root for this source.`,
      )
      return undefined
    }
    return result.text
  }

  #once(key: string, message: string): void {
    if (this.#said.has(key)) return
    this.#said.add(key)
    this.#surroundings.log('warn', message)
  }

  async #readDisks(inventory: Inventory, signal: AbortSignal): Promise<Disks> {
    const out: Disks = { parts: [], temperatures: {}, isWhole: true }
    for (const device of inventory.devices) {
      const key = keyOf(device)
      // a disk that sleeps isn't woken; it is what it was
      const result = await this.#run('smartctl', ['-j', '-a', '-n', 'standby', '-d', device.type, device.name], signal)
      const found = result.kind === 'ran' ? smart(result.text, result.status) : undefined
      if (found && found.unread === undefined && !found.asleep) {
        const part = disk(device, found)
        this.#disks.set(key, part)
        if (found.temperature_celsius !== undefined)
          out.temperatures[`temperature_celsius/${part.slot}`] = found.temperature_celsius
      } else if (!found?.asleep) {
        this.#once(`unread ${key}`, `${key} can't be read: ${found?.unread ?? 'smartctl failed'}`)
        // it may be gone, and may be dying: the next tick looks which disks there are
        if (this.#disks.has(key)) [inventory.due_ms, out.isWhole] = [0, false]
      }
      const known = this.#disks.get(key)
      if (known) out.parts.push(known)
    }
    return out
  }

  close = async (): Promise<void> => undefined
}

export const connector: Connector = {
  manifest,
  async open(settings, surroundings) {
    const parsed = Settings.safeParse(settings)
    if (!parsed.success)
      throw new ConnectorError('bad_settings', z.prettifyError(parsed.error), 'This connector has no settings.')
    const machine = process.platform === 'linux' ? machineId() : null
    if (machine === null)
      throw new ConnectorError(
        'bad_settings',
        'this machine has no machine-id that its parts could hang on',
        'Run the agent of this source on Linux, and make one with systemd-machine-id-setup.',
      )
    return new HardwareSession(machine, surroundings, run)
  },
}
