/** What this machine is made of, asked once in a child process that exits: it forks, takes long and needs memory. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, hostname } from 'node:os'
import { cpu, memLayout, networkInterfaces, osInfo, diskLayout, system } from 'systeminformation'
import type { DiskFacts, InventoryFacts, NicFacts } from './listing.ts'

const text = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8').trim() || undefined
  } catch {
    return undefined
  }
}
const names = (path: string): string[] => (existsSync(path) ? readdirSync(path).toSorted() : [])

/** A bond, bridge or VLAN carries the addresses of the hardware beneath it; docker0 and its like carry none. */
function hasHardware(nic: string): boolean {
  const directory = `/sys/class/net/${nic}`
  if (existsSync(`${directory}/device`)) return true
  return names(directory).some((entry) => entry.startsWith('lower_') && hasHardware(entry.slice('lower_'.length)))
}

function disksOfSys(): DiskFacts[] {
  return names('/sys/block')
    .filter((name) => existsSync(`/sys/block/${name}/device`))
    .map((name) => {
      const directory = `/sys/block/${name}`
      return {
        name: name.replaceAll('!', '/'),
        // https://docs.kernel.org/admin-guide/abi-stable.html: `size` counts 512-byte sectors
        size_bytes: (BigInt(text(`${directory}/size`) ?? '0') * 512n).toString(),
        rotational: text(`${directory}/queue/rotational`) === '1',
        model: text(`${directory}/device/model`),
        serial: text(`${directory}/device/serial`) ?? text(`${directory}/serial`),
      }
    })
}

async function disks(): Promise<DiskFacts[]> {
  const known = new Map((await diskLayout()).map((disk) => [disk.device.replace('/dev/', ''), disk]))
  return disksOfSys().map((disk) => {
    const more = known.get(disk.name)
    return { ...disk, model: disk.model ?? more?.name, serial: disk.serial ?? more?.serialNum, vendor: more?.vendor }
  })
}

async function nics(): Promise<NicFacts[]> {
  return [await networkInterfaces()]
    .flat()
    .filter((nic) => !nic.internal && hasHardware(nic.iface))
    .map((nic) => ({
      name: nic.iface,
      mac: nic.mac,
      ips: [nic.ip4, nic.ip6],
      physical: existsSync(`/sys/class/net/${nic.iface}/device`),
    }))
}

export async function inventory(): Promise<InventoryFacts> {
  const [machine, processor, modules, os] = await Promise.all([system(), cpu(), memLayout(), osInfo()])
  return {
    hostname: hostname(),
    processors: availableParallelism(),
    memory_kib: /^MemTotal:\s+(\d+)/m.exec(text('/proc/meminfo') ?? '')?.[1] ?? '0',
    // Without DMI systeminformation guesses at a model: only what the firmware says is evidence.
    firmware: existsSync('/sys/class/dmi/id') || existsSync('/sys/firmware/devicetree/base/model'),
    machine,
    processor,
    modules,
    os,
    disks: await disks(),
    nics: await nics(),
  }
}

export const printInventory = async (): Promise<void> => {
  process.stdout.write(JSON.stringify(await inventory()))
}

if (import.meta.main) await printInventory()
