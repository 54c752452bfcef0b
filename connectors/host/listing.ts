/** Inventory → the one resource of a host's scope; pure, and only what stays the same from day to day. */
import type { Systeminformation } from 'systeminformation'
import type { ObservationInput } from '../contract.ts'
import { ownAddress, said } from '../firmware.ts'
import { exact } from './map.ts'

export interface DiskFacts {
  name: string
  /** decimal digits */
  size_bytes: string
  rotational: boolean
  model?: string
  vendor?: string
  serial?: string
}
export interface NicFacts {
  name: string
  mac: string
  ips: string[]
  physical: boolean
}
type Some<T, K extends keyof T> = Partial<Pick<T, K>>
export interface InventoryFacts {
  hostname: string
  processors: number
  memory_kib: string
  firmware: boolean
  machine: Some<Systeminformation.SystemData, 'manufacturer' | 'model' | 'version' | 'serial' | 'uuid' | 'sku'>
  processor: Some<
    Systeminformation.CpuData,
    'manufacturer' | 'brand' | 'processors' | 'physicalCores' | 'cores' | 'family' | 'model' | 'stepping'
  >
  modules: Some<
    Systeminformation.MemLayoutData,
    'size' | 'bank' | 'type' | 'ecc' | 'clockSpeed' | 'formFactor' | 'manufacturer' | 'partNum' | 'serialNum'
  >[]
  os: Some<Systeminformation.OsData, 'distro' | 'release' | 'codename' | 'kernel' | 'arch'>
  disks: DiskFacts[]
  nics: NicFacts[]
}

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1)

const count = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined
const present = <T>(values: (T | undefined)[]): T[] => values.filter((value) => value !== undefined)
const unique = (values: (string | undefined)[]): string[] => [...new Set(present(values))].toSorted()

type Json = { [key: string]: string | number | boolean | Json | Json[] | undefined }
/** Without what is absent; undefined when nothing is left. */
function compact(record: Json): Json | undefined {
  const entries = Object.entries(record).filter(([, value]) => value !== undefined)
  return entries.length > 0 ? Object.fromEntries(entries) : undefined
}

function processor({ processor: cpu, processors }: InventoryFacts): Json | undefined {
  return compact({
    manufacturer: said(cpu.manufacturer),
    model: said(cpu.brand),
    sockets: count(cpu.processors),
    cores: count(cpu.physicalCores),
    threads: count(processors),
  })
}

/** A module that names neither its type nor its maker is systeminformation's guess from the memory in use. */
const modules = (facts: InventoryFacts): Json[] =>
  present(
    facts.modules
      .filter((module) => said(module.type) ?? said(module.partNum) ?? said(module.serialNum))
      .map((module) =>
        compact({
          slot: said(module.bank),
          size_bytes: count(module.size),
          type: said(module.type),
          form_factor: said(module.formFactor),
          speed_mhz: count(module.clockSpeed),
          ecc: typeof module.ecc === 'boolean' ? module.ecc : undefined,
          manufacturer: said(module.manufacturer),
          part: said(module.partNum),
          serial: said(module.serialNum),
        }),
      ),
  )

const disk = (facts: DiskFacts): Json | undefined =>
  compact({
    name: facts.name,
    size_bytes: exact(BigInt(facts.size_bytes)),
    rotational: facts.rotational,
    vendor: said(facts.vendor),
    model: said(facts.model),
    serial: said(facts.serial),
  })

const nic = (facts: NicFacts): Json | undefined => compact({ name: facts.name, mac: said(facts.mac) })

function evidence(facts: InventoryFacts, machine_id: string): NonNullable<ObservationInput['evidence']> {
  const uuid = facts.firmware ? said(facts.machine.uuid, 64)?.toLowerCase() : undefined
  const serials = unique([
    facts.firmware ? said(facts.machine.serial) : undefined,
    ...facts.disks.map((one) => said(one.serial)),
    ...facts.modules.map((one) => said(one.serialNum)),
  ]).slice(0, 256)
  const macs = unique(facts.nics.filter((one) => one.physical).map((one) => said(one.mac, 32)?.toLowerCase()))
  const ips = unique(facts.nics.flatMap((one) => one.ips.map(ownAddress)))
  return { machine_id, smbios_uuid: uuid, serials, macs: macs.slice(0, 256), ips: ips.slice(0, 256) }
}

function attributes(facts: InventoryFacts): Json {
  const { machine, os } = facts
  const hardware = facts.firmware
    ? compact({ manufacturer: said(machine.manufacturer), model: said(machine.model), serial: said(machine.serial) })
    : undefined
  return (
    compact({
      hardware,
      processor: processor(facts),
      operating_system: compact({
        name: said(os.distro),
        version: said(os.release),
        kernel: said(os.kernel),
        architecture: said(os.arch),
      }),
      memory_modules: modules(facts),
      disks: present(facts.disks.toSorted(byName).map(disk)),
      nics: present(
        facts.nics
          .filter((one) => one.physical)
          .toSorted(byName)
          .map(nic),
      ),
    }) ?? {}
  )
}

export const hostResource = (facts: InventoryFacts, machine_id: string): ObservationInput => ({
  kind: 'host',
  external_id: machine_id,
  name: facts.hostname || machine_id,
  state: 'running',
  size: { vcpu_count: facts.processors, memory_bytes: exact(BigInt(facts.memory_kib) * 1024n) },
  evidence: evidence(facts, machine_id),
  attributes: JSON.parse(JSON.stringify(attributes(facts))),
})
