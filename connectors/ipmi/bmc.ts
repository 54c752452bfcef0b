/** One machine by its BMC over many ticks: power, sensors, log and inventories become facts, each event once. */
import { z } from 'zod'
import type { Collected, Surroundings } from '#connectors/contract.ts'
import { components } from '#connectors/parts.ts'
import type { Client } from './client.ts'
import { happenings, Told } from './crossings.ts'
import {
  type Fru,
  gauges,
  guid,
  hostObservation,
  parseFrus,
  partsOf,
  parseSensors,
  powerState,
  serialOf,
} from './map.ts'
import { behindMs, fresh, keysOf, Known, parseEntries, signature, when } from './sel.ts'

export const Kept = z.strictObject({
  id: z.string().min(1).max(512).optional(),
  uuid: z.string().max(64).optional(),
  log: Known.optional(),
  told: z.record(z.string(), Told),
})
export type Kept = z.infer<typeof Kept>
export const nothingKept = (): Kept => ({ told: {} })

/** Inventories are many slow requests, and seldom change. */
const INVENTORY_MS = 3_600_000

/** Slots without anything in them make `fru print` a failure; a read that broke off is another thing. */
const isOnlyEmpty = (said: string): boolean =>
  /Device not present/.test(said) &&
  !/(fail|error|time ?out|invalid checksum)/i.test(said.replaceAll(/Device not present[^\n]*/g, ''))

interface Inventory {
  frus: Fru[]
  info: string
  read_ms: number
  /** all that there is was read */
  isWhole: boolean
}
export interface Around {
  now(): number
  log: Surroundings['log']
}

export class Bmc {
  readonly kept: Kept
  readonly #client: Client
  readonly #around: Around
  #inventory: Inventory | undefined
  #hasDcmi = true
  #changed = false

  constructor(client: Client, kept: Kept, around: Around) {
    this.#client = client
    this.kept = kept
    this.#around = around
  }
  get name(): string {
    return this.#client.name
  }
  takeChanged(): boolean {
    const changed = this.#changed
    this.#changed = false
    return changed
  }

  async collect(signal: AbortSignal): Promise<Collected[]> {
    const ask = (...command: string[]) => this.#client.ask(command, signal)
    const status = await ask('chassis', 'status')
    const inventory = await this.#readInventory(ask)
    const id = await this.#identity(ask, inventory.frus)
    const sensors = parseSensors((await ask('-c', 'sdr', 'elist', 'full')).text)
    const dcmi = this.#hasDcmi ? await ask('dcmi', 'power', 'reading') : undefined
    this.#hasDcmi &&= dcmi?.ok === true
    const now_ms = this.#around.now()
    const values = gauges(sensors, dcmi?.text ?? '')
    const resource = { kind: 'host' as const, external_id: id }
    const host = hostObservation({
      id,
      uuid: this.kept.uuid,
      bmc: this.name,
      state: powerState(status.text),
      ...inventory,
    })
    const resources = [host, ...components(partsOf(inventory.frus), { kind: 'host', id })]
    const happened = await this.#log(ask, sensors)
    return [
      { type: 'listing', seen_at_ms: now_ms, scope: resource, complete: inventory.isWhole, resources },
      ...happened.map((one) => ({
        type: 'event' as const,
        seen_at_ms: one.at_ms,
        scope: resource,
        resource,
        change: one.change,
        content: {},
      })),
      ...(Object.keys(values).length > 0
        ? [{ type: 'readings' as const, seen_at_ms: now_ms, resource, gauges: values }]
        : []),
    ]
  }

  /** Its exit status says nothing: one empty slot makes it a failure. The last good one stays in force. */
  async #readInventory(ask: Ask): Promise<Inventory> {
    const now_ms = this.#around.now()
    const known = this.#inventory
    if (known && now_ms - known.read_ms < INVENTORY_MS && now_ms >= known.read_ms) return known
    const [frus, info] = [await ask('fru', 'print'), await ask('mc', 'info')]
    const isWhole = frus.ok || isOnlyEmpty(`${frus.text}\n${frus.complaint}`)
    const found = { frus: parseFrus(frus.text), info: info.text, read_ms: now_ms, isWhole }
    return (this.#inventory = isWhole || !known ? found : { ...known, read_ms: now_ms })
  }

  /** The machine's UUID, else its serial, else its address; once known it stays, for BMCs forget it while they start. */
  async #identity(ask: Ask, frus: readonly Fru[]): Promise<string> {
    const { id: known, uuid: before } = this.kept
    const uuid = guid((await ask('raw', '0x06', '0x37')).text)
    const serial = serialOf(frus)
    const isOther = uuid !== undefined && before !== undefined && uuid !== before
    const id = (isOther ? undefined : known) ?? uuid ?? (serial === undefined ? this.name : `serial/${serial}`)
    this.#changed ||= id !== known || (uuid !== undefined && uuid !== before)
    this.kept.id = id
    if (uuid !== undefined) this.kept.uuid = uuid
    return id
  }

  /** Read after the sensors: what their states show has had the time to be written. */
  async #log(ask: Ask, sensors: ReturnType<typeof parseSensors>): Promise<ReturnType<typeof happenings>['events']> {
    const known = this.kept.log
    const info = await ask('sel', 'info')
    const sign = signature(info.text)
    const isSame = known !== undefined && sign === known.signature
    const listed = isSame || !info.ok ? undefined : await ask('-c', 'sel', 'elist')
    const all = listed?.ok ? parseEntries(listed.text) : undefined
    const clock = all ? (await ask('raw', '0x0a', '0x48')).text : ''
    const now_ms = this.#around.now()
    const behind_ms = behindMs(clock, now_ms)
    const entries = fresh(all ?? [], known).map((entry) => ({
      ...entry,
      at_ms: when(entry, known?.read_ms ?? now_ms, now_ms, behind_ms),
    }))
    const { events, told } = happenings(this.kept.told, sensors, entries, now_ms)
    this.#changed ||=
      events.length > 0 || (all !== undefined && !isSame) || JSON.stringify(told) !== JSON.stringify(this.kept.told)
    this.kept.told = told
    if (all) this.kept.log = { keys: keysOf(all), read_ms: now_ms, signature: sign }
    else if (known && isSame) known.read_ms = now_ms
    return events
  }
}
type Ask = (...command: string[]) => ReturnType<Client['ask']>
