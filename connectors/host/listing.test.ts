/** Inventories, real and odd → the one resource of a host. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Observation, listingDigest } from '../contract.ts'
import { type InventoryFacts, hostResource } from './listing.ts'

const MACHINE_ID = '00112233445566778899aabbccddeeff'
const recorded = (): InventoryFacts =>
  JSON.parse(readFileSync(new URL('./fixtures/microvm/inventory.json', import.meta.url), 'utf8'))

/** A server with all that firmware can say. */
const server = (): InventoryFacts => ({
  ...recorded(),
  firmware: true,
  machine: {
    manufacturer: 'Dell Inc.',
    model: 'PowerEdge R640',
    serial: '8XK42T2',
    uuid: '4C4C4544-0058-4B10-8034-B8C04F325432',
  },
  modules: [
    {
      size: 34359738368,
      bank: 'A1',
      type: 'DDR4',
      clockSpeed: 2933,
      formFactor: 'DIMM',
      manufacturer: 'Samsung',
      partNum: 'M393A4K40DB2',
      serialNum: '03A1B2C3',
    },
    { size: 0, bank: 'A2', type: '', manufacturer: '', partNum: 'Not Specified', serialNum: '' },
  ],
  disks: [
    {
      name: 'nvme0n1',
      size_bytes: '9223372036854775808',
      rotational: false,
      model: 'PM1733',
      serial: 'S4YNNE0M',
      vendor: '',
    },
  ],
  nics: [
    { name: 'eno2', mac: 'aa:bb:cc:00:11:23', ips: [], physical: true },
    { name: 'eno1', mac: 'AA:BB:CC:00:11:22', ips: ['10.0.0.5', 'fe80::1'], physical: true },
    { name: 'br0', mac: 'aa:bb:cc:00:11:22', ips: ['192.0.2.7', ''], physical: false },
  ],
})

test('this machine’s recording is a valid observation without anything invented', () => {
  const resource = Observation.parse(hostResource(recorded(), MACHINE_ID))
  expect(resource).toMatchObject({ kind: 'host', external_id: MACHINE_ID, state: 'running', name: 'vm' })
  expect(resource.size).toEqual({ vcpu_count: 2, memory_bytes: 24684084 * 1024 })
  // no DMI: systeminformation's guess at a model is no evidence
  expect(resource.evidence.smbios_uuid).toBeUndefined()
  expect(resource.attributes.hardware).toBeUndefined()
  expect(resource.attributes.memory_modules).toEqual([])
})

test('firmware’s identity, serials, cards and addresses are evidence', () => {
  const { evidence, attributes } = Observation.parse(hostResource(server(), MACHINE_ID))
  expect(evidence).toEqual({
    machine_id: MACHINE_ID,
    smbios_uuid: '4c4c4544-0058-4b10-8034-b8c04f325432',
    serials: ['03A1B2C3', '8XK42T2', 'S4YNNE0M'],
    macs: ['aa:bb:cc:00:11:22', 'aa:bb:cc:00:11:23'],
    ips: ['10.0.0.5', '192.0.2.7'],
  })
  expect(attributes.memory_modules).toEqual([
    {
      slot: 'A1',
      size_bytes: 34359738368,
      type: 'DDR4',
      form_factor: 'DIMM',
      speed_mhz: 2933,
      manufacturer: 'Samsung',
      part: 'M393A4K40DB2',
      serial: '03A1B2C3',
    },
  ])
  expect(attributes.disks).toEqual([
    { name: 'nvme0n1', size_bytes: '9223372036854775808', rotational: false, model: 'PM1733', serial: 'S4YNNE0M' },
  ])
})

test('words that firmware writes for nothing are left out', () => {
  const filled = { manufacturer: 'To Be Filled By O.E.M.', model: 'System Product Name', serial: 'Default string' }
  for (const uuid of [
    '00000000-0000-0000-0000-000000000000',
    'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
    '',
    'Not Settable',
  ]) {
    const { evidence, attributes } = hostResource({ ...server(), machine: { ...filled, uuid } }, MACHINE_ID)
    expect(evidence?.smbios_uuid).toBeUndefined()
    expect(attributes?.hardware).toBeUndefined()
  }
})

test('two inventories of one day have one digest, whatever order the tools answer in', () => {
  const other = server()
  other.nics = other.nics.map((nic) => ({ ...nic, ips: nic.ips.toReversed() })).toReversed()
  const digest = (facts: InventoryFacts) => listingDigest([Observation.parse(hostResource(facts, MACHINE_ID))], true)
  expect(digest(other)).toBe(digest(server()))
})
