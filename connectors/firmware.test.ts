/** What factories leave in their texts is no identity, and what a maker wrote is. */
import { expect, test } from 'vitest'
import { ownMac, ownUuid, said } from './firmware.ts'

test('a placeholder of a factory is no serial: thousands of boards have the same', () => {
  for (const text of [
    'To Be Filled By O.E.M.',
    'Filled By OEM',
    'TBD by ODM',
    'SerNum0',
    'SerNum03',
    'A1_SerNum2',
    'PartNum7',
    'ModulePartNumber00',
    'Manufacturer0',
    'A1_AssetTagNum0',
    'DIMM_A1_AssetTag',
    'Not Supported by CPU',
    'Not Defined',
    'FFFFFFFF',
    'No Asset Information',
    'Asset-1234567890',
    'Base Board Asset Tag',
    'Base Board Chassis Location',
    'Chassis Manufacture',
    '<OUT OF SPEC>',
    '[Empty]',
    'Default string',
    '00000000',
  ])
    expect(said(text), text).toBeUndefined()
})

test('what only resembles one stays', () => {
  for (const text of [
    'F00F',
    'FFF0123F',
    'SN0001',
    'PART-7',
    'ODM4711',
    'Asset 12',
    'Samsung',
    '0D6A9A06',
    'System x3650',
    'DIMM_A1',
  ])
    expect(said(text), text).toBe(text)
  expect(ownUuid('03000200-0400-0500-0006-000700080009')).toBeUndefined()
  expect(ownMac('6805CAE1367C')).toBe('68:05:ca:e1:36:7c')
})
