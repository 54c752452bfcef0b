/** What makers say in words of their own, each as small as its shape: nothing of a machine is lost, or said otherwise than it is. */
import { expect, test } from 'vitest'
import { Observation, type Listing } from '#connectors/contract.ts'
import { Bmc, nothingKept } from './bmc.ts'
import { memoryBytes, moduleBytes } from './makers.ts'
import { type Tree, walk } from './tree.fixture.ts'

const SYSTEM = '/redfish/v1/Systems/1'
const CHASSIS = '/redfish/v1/Chassis/1'
const UUID = '4c4c4544-0043-4210-8052-b4c04f4e3332'
type Body = Record<string, unknown>
const ref = (at: string) => ({ '@odata.id': at })
const collection = (...members: string[]) => ({ Members: members.map(ref) })

/** A BMC with one machine in one chassis, and what else it shows. */
const bmc = (system: Body, chassis: Body, more: Tree = {}): Tree => ({
  '/redfish/v1/': { Systems: ref('/redfish/v1/Systems'), Chassis: ref('/redfish/v1/Chassis') },
  '/redfish/v1/Systems': collection(SYSTEM),
  '/redfish/v1/Chassis': collection(CHASSIS),
  [SYSTEM]: { Id: '1', UUID, PowerState: 'On', ...system },
  [CHASSIS]: { Id: '1', Links: { ComputerSystems: [ref(SYSTEM)] }, ...chassis },
  ...more,
})
interface Read {
  ids: string[]
  row(id: string): unknown
  gauges: Record<string, number>
  complete: boolean
}
function read(tree: Tree): Read {
  const surrounding = { now: () => Date.parse('2026-03-01T12:00:00Z'), log: () => undefined, inventory_ms: 60_000 }
  const { facts } = walk(tree, new Bmc('bmc1', nothingKept(), surrounding).collect())
  const { resources, complete } = facts.find((fact) => fact.type === 'listing') as Listing
  for (const one of resources) expect(Observation.safeParse(one).error).toBeUndefined()
  return {
    ids: resources.map(({ external_id }) => external_id),
    row: (id) => resources.find(({ external_id }) => external_id === id),
    gauges: Object.assign({}, ...facts.map((fact) => (fact.type === 'readings' ? fact.gauges : {}))) as Read['gauges'],
    complete,
  }
}
const GIB = 1024 ** 3

test('iLO: modules, Smart Array disks and cards stand behind links of HPE’s own, and an empty slot is no module', () => {
  const array = `${SYSTEM}/SmartStorage/ArrayControllers`
  const own = { Memory: ref(`${SYSTEM}/Memory`), SmartStorage: ref(`${SYSTEM}/SmartStorage`) }
  const { ids, row, complete } = read(
    bmc(
      {
        Memory: { TotalSystemMemoryGB: 32, Status: { HealthRollUp: 'OK' } },
        Status: { Health: 'OK', HealthRollUp: 'Warning' },
        Oem: { Hp: { Links: { ...own, NetworkAdapters: ref(`${SYSTEM}/NetworkAdapters`) } } },
      },
      {},
      {
        [`${SYSTEM}/Memory`]: collection(...[1, 2, 3, 4].map((id) => `${SYSTEM}/Memory/${id}`)),
        [`${SYSTEM}/Memory/1`]: {
          Id: '1',
          SizeMB: 32_768,
          DIMMType: 'DDR4',
          DIMMStatus: 'GoodInUse',
          SocketLocator: 'PROC 1 DIMM 1',
        },
        [`${SYSTEM}/Memory/2`]: { Id: '2', DIMMStatus: 'NotPresent', SocketLocator: 'PROC 1 DIMM 2' },
        [`${SYSTEM}/Memory/4`]: { Id: '4', CapacityMiB: 129_408, MemoryType: 'IntelOptane', SerialNumber: 'PM-1' },
        [`${SYSTEM}/Memory/3`]: { Id: '3', CapacityMiB: 0, SerialNumber: '', Name: 'PROC 1 DIMM 3' },
        [`${SYSTEM}/SmartStorage`]: { Links: { ArrayControllers: ref(array) } },
        [array]: collection(`${array}/0`),
        [`${array}/0`]: {
          Id: '0',
          SerialNumber: 'ARRAY-1',
          FirmwareVersion: { Current: { VersionString: '6.60' } },
          Links: { PhysicalDrives: ref(`${array}/0/DiskDrives`) },
        },
        [`${array}/0/DiskDrives`]: collection(`${array}/0/DiskDrives/0`),
        [`${array}/0/DiskDrives/0`]: {
          Id: '0',
          SerialNumber: 'DISK-1',
          Location: '1I:1:1',
          InterfaceType: 'SAS',
          MediaType: 'HDD',
          CapacityGB: 600,
          CapacityMiB: 572_325,
          CapacityLogicalBlocks: 1_172_123_568,
          BlockSizeBytes: 512,
          RotationalSpeedRpm: 10_500,
          FirmwareVersion: { Current: { VersionString: 'HPD1' } },
        },
        [`${SYSTEM}/NetworkAdapters`]: collection(`${SYSTEM}/NetworkAdapters/1`),
        [`${SYSTEM}/NetworkAdapters/1`]: {
          Id: '1',
          Name: 'Ethernet 4-port',
          SerialNumber: 'N/A',
          PhysicalPorts: [{ MacAddress: '02:AB:CD:00:00:02' }, { MacAddress: '02abcd000001' }, { MacAddress: null }],
        },
      },
    ),
  )
  expect(ids).toEqual([
    UUID,
    `${UUID}/dimm/PROC 1 DIMM 1`,
    'dimm/PM-1',
    'disk/DISK-1',
    'controller/ARRAY-1',
    'nic/02:ab:cd:00:00:01',
  ])
  const macs = ['02:ab:cd:00:00:01', '02:ab:cd:00:00:02']
  expect(row(UUID)).toMatchObject({
    size: { memory_bytes: 32 * GIB },
    evidence: { macs },
    attributes: { health_rollup: 'warning' },
  })
  expect(row('disk/DISK-1')).toMatchObject({
    attributes: {
      size_bytes: 600_127_266_816,
      slot: '1I:1:1',
      protocol: 'SAS',
      media: 'HDD',
      firmware: 'HPD1',
      rotation_rpm: 10_500,
    },
  })
  expect(row('nic/02:ab:cd:00:00:01')).toMatchObject({ attributes: { macs } })
  expect(complete).toBe(true)
})

test('a disk that the standard collection shows isn’t shown again by HPE’s own', () => {
  const array = `${SYSTEM}/SmartStorage/ArrayControllers`
  const { ids, row } = read(
    bmc(
      { Storage: ref(`${SYSTEM}/Storage`), Oem: { Hpe: { Links: { SmartStorage: ref(`${SYSTEM}/SmartStorage`) } } } },
      {},
      {
        [`${SYSTEM}/Storage`]: collection(`${SYSTEM}/Storage/A`),
        // an empty collection beside the controllers of the schema before
        [`${SYSTEM}/Storage/A`]: {
          Drives: [ref(`${SYSTEM}/Storage/A/Drives/0`)],
          Controllers: ref(`${SYSTEM}/Storage/A/Controllers`),
          StorageControllers: { MemberId: '0', Name: 'Array', SerialNumber: 'ARRAY-1' },
        },
        [`${SYSTEM}/Storage/A/Controllers`]: collection(),
        [`${SYSTEM}/Storage/A/Drives/0`]: {
          Id: '0',
          SerialNumber: 'DISK-1',
          CapacityBytes: 600_127_266_816,
          PredictedMediaLifeLeftPercent: 93,
        },
        [`${SYSTEM}/SmartStorage`]: { Links: { ArrayControllers: ref(array) } },
        [array]: collection(`${array}/0`),
        [`${array}/0`]: { Id: '0', SerialNumber: 'ARRAY-1', Links: { PhysicalDrives: ref(`${array}/0/DiskDrives`) } },
        [`${array}/0/DiskDrives`]: collection(`${array}/0/DiskDrives/0`),
        [`${array}/0/DiskDrives/0`]: { Id: '0', SerialNumber: 'DISK-1', Location: '1I:1:1' },
      },
    ),
  )
  expect(ids).toEqual([UUID, 'disk/DISK-1', 'controller/ARRAY-1'])
  expect(row('disk/DISK-1')).toMatchObject({ attributes: { wear_percent: 7 } })
  expect(row('controller/ARRAY-1')).toMatchObject({ name: 'Array' })
})

test('a MiB of a million bytes is read as meant, and a size that is odd by itself stays', () => {
  expect([15_625, 7_812, 31_250].map((CapacityMiB) => moduleBytes({ CapacityMiB })! / GIB)).toEqual([16, 8, 32])
  expect(moduleBytes({ CapacityMiB: 129_408 })).toBe(129_408 * 1024 ** 2)
  const total = (gib: unknown, modules: number) =>
    memoryBytes({ MemorySummary: { TotalSystemMemoryGiB: gib } }, modules * GIB)! / GIB
  expect(total(59.6046448, 64)).toBe(64)
  expect(total(178.8, 192)).toBe(192)
  expect(total(null, 64)).toBe(64)
  // less than its modules have, because some is mirrored
  expect(total(48, 64)).toBe(48)
  expect(total(62.5, 0)).toBe(62.5)
})

test('Dell’s service tag proves a machine, too', () => {
  const { row } = read(bmc({ Manufacturer: 'Dell Inc.', SKU: 'ABC1234', SerialNumber: 'CN0001' }, {}))
  expect(row(UUID)).toMatchObject({ evidence: { serials: ['ABC1234', 'CN0001'] } })
  const other = read(bmc({ Manufacturer: 'Example', SKU: 'R1-MODEL', SerialNumber: 'S1' }, {}))
  expect(other.row(UUID)).toMatchObject({ evidence: { serials: ['S1'] } })
})

test('supplies of the old schema tell what they take in, a spare one too; per cent are no revolutions', () => {
  const { gauges, row } = read(
    bmc(
      {},
      { Power: ref(`${CHASSIS}/Power`), Thermal: ref(`${CHASSIS}/Thermal`) },
      {
        [`${CHASSIS}/Power`]: {
          // without the list around it
          PowerControl: { PowerConsumedWatts: '215' },
          PowerSupplies: [
            {
              Name: 'PS1',
              SerialNumber: 'PSU-1',
              SparePartNumber: 'P-1',
              PowerInputWatts: 212,
              LineInputVoltage: 229,
              InputRanges: [{ OutputWattage: 750 }],
            },
            {
              Name: 'PS2',
              SerialNumber: 'PSU-2',
              PowerInputWatts: 3,
              LineInputVoltage: null,
              Status: { State: 'StandbySpare' },
            },
            { Name: 'PS3', PowerInputWatts: 0, LineInputVoltage: 0, Status: { State: 'Absent' } },
          ],
        },
        [`${CHASSIS}/Thermal`]: {
          Fans: [
            { FanName: 'Fan 1', Reading: 4_100, ReadingUnits: 'RPM' },
            { FanName: 'Fan 2', ReadingRPM: 4_000 },
            { FanName: 'Fan 3', Reading: 29, ReadingUnits: 'Percent' },
            { FanName: 'Fan 4', Reading: 29, ReadingUnits: '%' },
          ],
        },
      },
    ),
  )
  expect(gauges).toEqual({
    power_watts: 215,
    'power_watts/PS1': 212,
    'power_watts/PS2': 3,
    'voltage_volts/PS1': 229,
    'fan_speed_rpm/Fan 1': 4_100,
    'fan_speed_rpm/Fan 2': 4_000,
  })
  expect(row('psu/PSU-1')).toMatchObject({ attributes: { capacity_watts: 750, part: 'P-1' } })
})

test('what the machine draws is told by the old schema where the new one has it not', () => {
  const { gauges } = read(
    bmc(
      {},
      {
        Power: ref(`${CHASSIS}/Power`),
        PowerSubsystem: ref(`${CHASSIS}/PowerSubsystem`),
        Sensors: ref(`${CHASSIS}/Sensors`),
      },
      {
        [`${CHASSIS}/PowerSubsystem`]: { PowerSupplies: ref(`${CHASSIS}/PowerSubsystem/PowerSupplies`) },
        [`${CHASSIS}/PowerSubsystem/PowerSupplies`]: collection(`${CHASSIS}/PowerSubsystem/PowerSupplies/0`),
        [`${CHASSIS}/PowerSubsystem/PowerSupplies/0`]: { Id: '0', SerialNumber: 'PSU-1' },
        [`${CHASSIS}/Sensors`]: collection(`${CHASSIS}/Sensors/v`),
        [`${CHASSIS}/Sensors/v`]: { Id: 'v', Name: 'P12V', ReadingType: 'Voltage', ReadingUnits: 'V', Reading: 12.1 },
        [`${CHASSIS}/Power`]: {
          PowerControl: [{ PowerConsumedWatts: 301 }],
          Voltages: [{ Name: 'P12V', ReadingVolts: 12.1 }],
        },
      },
    ),
  )
  expect(gauges).toEqual({ power_watts: 301, 'voltage_volts/P12V': 12.1 })
})

test('a card whose functions name no address is that of its ports', () => {
  const adapters = `${CHASSIS}/NetworkAdapters`
  const { ids, row } = read(
    bmc(
      {},
      { NetworkAdapters: ref(adapters) },
      {
        [adapters]: collection(`${adapters}/a`, `${adapters}/b`),
        [`${adapters}/a`]: { Id: 'a', NetworkPorts: ref(`${adapters}/a/NetworkPorts`) },
        [`${adapters}/a/NetworkPorts`]: collection(`${adapters}/a/NetworkPorts/1`),
        [`${adapters}/a/NetworkPorts/1`]: { Id: '1', AssociatedNetworkAddresses: ['02ABCD000001'] },
        [`${adapters}/b`]: { Id: 'b', SerialNumber: 'NIC-2', Ports: ref(`${adapters}/b/Ports`) },
        [`${adapters}/b/Ports`]: collection(`${adapters}/b/Ports/1`),
        [`${adapters}/b/Ports/1`]: { Id: '1', Ethernet: { AssociatedMACAddresses: ['02:AB:CD:00:00:02'] } },
      },
    ),
  )
  expect(ids).toEqual([UUID, 'nic/02:ab:cd:00:00:01', 'nic/NIC-2'])
  expect(row(UUID)).toMatchObject({ evidence: { macs: ['02:ab:cd:00:00:01', '02:ab:cd:00:00:02'] } })
})

test('the board of the GPUs that shows itself as a system is a part of the one machine, and no second one', () => {
  const board = '/redfish/v1/Systems/HGX_Baseboard_0'
  const tree = bmc(
    { Processors: ref(`${SYSTEM}/Processors`) },
    {},
    {
      '/redfish/v1/Systems': collection(board, SYSTEM),
      '/redfish/v1/Chassis': collection(CHASSIS, '/redfish/v1/Chassis/HGX_Chassis_0'),
      [board]: {
        Id: 'HGX_Baseboard_0',
        SystemType: 'Physical',
        Processors: ref(`${board}/Processors`),
        Memory: ref(`${board}/Memory`),
      },
      '/redfish/v1/Chassis/HGX_Chassis_0': { Id: 'HGX_Chassis_0', Links: { ComputerSystems: [ref(board)] } },
      [`${SYSTEM}/Processors`]: collection(`${SYSTEM}/Processors/0`, `${SYSTEM}/Processors/1`),
      [`${SYSTEM}/Processors/0`]: { Id: 'CPU_0', ProcessorType: 'CPU', TotalThreads: 72, SerialNumber: 'CPU-1' },
      // a blank serial is nobody's twin
      [`${SYSTEM}/Processors/1`]: { Id: 'CPU_1', ProcessorType: 'CPU', TotalThreads: 72, SerialNumber: 'N/A' },
      [`${board}/Processors/GPU_1`]: { Id: 'GPU_1', ProcessorType: 'GPU', SerialNumber: 'N/A' },
      [`${board}/Processors`]: collection(...['CPU_0', 'GPU_0', 'GPU_1'].map((id) => `${board}/Processors/${id}`)),
      [`${board}/Processors/CPU_0`]: { Id: 'CPU_0', ProcessorType: 'CPU', TotalThreads: 72, SerialNumber: 'CPU-1' },
      [`${board}/Processors/GPU_0`]: { Id: 'GPU_0', ProcessorType: 'GPU', SerialNumber: 'GPU-1' },
      [`${board}/Memory`]: collection(`${board}/Memory/GPU_0_DRAM_0`),
      [`${board}/Memory/GPU_0_DRAM_0`]: { Id: 'GPU_0_DRAM_0', MemoryDeviceType: 'HBM3', CapacityMiB: 81_920 },
    },
  )
  const { ids, row } = read(tree)
  expect(ids).toEqual([
    UUID,
    'cpu/CPU-1',
    `${UUID}/cpu/CPU_1`,
    'gpu/GPU-1',
    `${UUID}/gpu/GPU_1`,
    `${UUID}/dimm/GPU_0_DRAM_0`,
  ])
  expect(row(UUID)).toMatchObject({ size: { vcpu_count: 144 } })
  expect(row(UUID)).not.toHaveProperty('size.memory_bytes')
})
