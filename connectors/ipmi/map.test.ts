import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { components } from '#connectors/parts.ts'
import { type Dated, happenings, type Told } from './crossings.ts'
import {
  gauges,
  guid,
  hostObservation,
  type Level,
  parseFrus,
  partsOf,
  parseSensors,
  powerState,
  type Sensor,
} from './map.ts'
import { behindMs, fresh, keysOf, parseEntries, when } from './sel.ts'

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
const NOW = 1_000_000_000

test('both forms of sensors are read: thresholds tell the side, what doesn’t measure has no value', () => {
  expect(parseSensors(fixture('sensor.csv')).map(({ key, value, level }) => [key, value, level])).toEqual([
    ['Inlet Temp', 35, 'ok'],
    ['CPU1 Temp', 92, 'ucr'],
    ['Fan1', 400, 'lcr'],
    ['Temp', 41, 'ok'],
    ['Temp #2', 43, 'ok'],
    ['P1-DIMMC1 TEMP', null, null],
    ['Pwr Consumption', 182, 'ok'],
    ['Fan2', null, null],
  ])
  expect(
    parseSensors('CPU1 Temp,92,degrees C,ucr\nA, B,1,Volts,lnr\nFan 3,,,ns\n').map(({ key, level }) => [key, level]),
  ).toEqual([
    ['CPU1 Temp', 'ucr'],
    ['A, B', 'lnr'],
    ['Fan 3', null],
  ])
})

test('gauges are those that we have words for, and the power of the whole where DCMI tells it', () => {
  const dcmi =
    '    Instantaneous power reading:                   184 Watts\n    Minimum during sampling period:                  2 Watts'
  expect(gauges(parseSensors(fixture('sensor.csv')), dcmi)).toEqual({
    power_watts: 184,
    'temperature_celsius/Inlet Temp': 35,
    'temperature_celsius/CPU1 Temp': 92,
    'fan_speed_rpm/Fan1': 400,
    'temperature_celsius/Temp': 41,
    'temperature_celsius/Temp #2': 43,
    'power_watts/Pwr Consumption': 182,
  })
})

test('the GUID is the UUID of SMBIOS, in whichever order its bytes came', () => {
  // as SMBIOS stores it, as RFC 9562 writes it, as IPMI 2.0 wants it
  for (const raw of [
    'd4 c3 b2 a1 f6 e5 89 47 8a bc 11 22 33 44 55 66',
    'a1 b2 c3 d4 e5 f6 47 89 8a bc 11 22 33 44 55 66',
    '66 55 44 33 22 11 bc 8a 89 47 f6 e5 d4 c3 b2 a1',
  ])
    expect(guid(` ${raw}\n`), raw).toBe('a1b2c3d4-e5f6-4789-8abc-112233445566')
  // no order makes it a UUID: most BMCs send what SMBIOS has
  expect(guid(fixture('guid.txt'))).toBe('674523a1-0189-4523-6789-abcdef010001')
  expect(guid('00 '.repeat(16))).toBeUndefined()
  expect(guid('Unable to send RAW command')).toBeUndefined()
})

test('inventories make the machine and its parts; an empty slot is none and a blank serial no identity', () => {
  const frus = parseFrus(fixture('fru.txt'))
  const host = hostObservation({
    id: 'h',
    uuid: undefined,
    bmc: 'bmc1',
    state: powerState(fixture('chassis-status.txt')),
    frus,
    info: fixture('mc-info.txt'),
  })
  expect(host).toMatchObject({
    state: 'running',
    evidence: { serials: ['ATR0001', 'BRD-0001', 'CH-0001'] },
    attributes: {
      manufacturer: 'Atria',
      model: 'R1',
      serial: 'ATR0001',
      asset_tag: 'RACK7-12',
      bmc: { address: 'bmc1', firmware: '9.08' },
    },
  })
  expect(
    components(partsOf(frus), { kind: 'host', id: 'h' }).map(({ external_id, attributes, parent }) => [
      external_id,
      attributes?.['type'],
      parent?.external_id,
    ]),
  ).toEqual([
    ['psu/PSU-0001', 'psu', 'h'],
    ['h/board/9 Riser1', 'board', 'h'],
  ])
})

test('a memory module is what its own ROM says, a card its address, and a machine whose BMC has no inventory that of its chassis', () => {
  const frus = parseFrus(
    [
      'FRU Device Description : Builtin FRU Device (ID 0)\n Device not present (Invalid data field in request)\n',
      'FRU Device Description : Mainboard (ID 1)\n Chassis Serial        : CH-0002\n Product Name          : X2\n Product Serial        : SRV-0002\n',
      'FRU Device Description : NIC0 (ID 16)\n Product Serial        : 02:AB:CD:00:00:01\n',
      'FRU Device Description : NDC (ID 17)\n Board Serial          : NDC-0001\n',
      'FRU Device Description : P0 A1 (ID 18)\n Memory Type           : DDR4 SDRAM\n Memory size           : 8192 MB\n Manufacturer          : Example\n Serial Number         : e08f54c1\n Part Number           : M-1  \n',
    ].join('\n'),
  )
  const machine = { id: 'h', uuid: undefined, bmc: 'bmc1', state: 'running' as const, frus, info: '' }
  expect(hostObservation(machine)).toMatchObject({
    evidence: { serials: ['CH-0002', 'SRV-0002'] },
    attributes: { model: 'X2', serial: 'SRV-0002' },
  })
  const parts = components(partsOf(frus), { kind: 'host', id: 'h' })
  expect(parts.map(({ external_id }) => external_id)).toEqual([
    'nic/02:ab:cd:00:00:01',
    'nic/NDC-0001',
    'dimm/e08f54c1',
  ])
  expect(parts[2]).toMatchObject({
    attributes: { manufacturer: 'Example', part: 'M-1', size_bytes: 8 * 1024 ** 3, memory_type: 'DDR4 SDRAM' },
  })
})

test('entries have their instants by a clock that may be off, or was not set yet', () => {
  const [first, ...others] = parseEntries(fixture('sel-elist.csv'))
  expect(first).toMatchObject({
    sensor: 'Temperature CPU1 Temp',
    event: 'Upper Non-critical going high',
    asserted: true,
  })
  expect(others.length).toBeGreaterThan(5)
  const [us, iso, early] = parseEntries(
    '1,11/23/26,01:20:54 UTC,A,B,Asserted\n2,11/23/2026,01:20:54,A,B,Asserted\n3, Pre-Init ,0000084554,A,B,Asserted\nSEL has no entries',
  )
  expect(us?.says_ms).toBe(Date.parse('2026-11-23T01:20:54Z'))
  expect(iso?.says_ms).toBe(us?.says_ms)
  expect(early?.says_ms).toBe(84_554_000)
  expect(behindMs(' 10 27 00 00', 10_000_000 + 3_600_000)).toBe(3_600_000)
  expect(behindMs('Unable to send', NOW)).toBe(0)
  const entry = { key: 'k', sensor: 'A', event: 'B', asserted: true, says_ms: 5_000 }
  expect(when(entry, NOW - 60_000, NOW, NOW - 35_000)).toBe(NOW - 30_000)
  // said to be from long before we last looked, when it wasn't there
  expect(when(entry, NOW - 60_000, NOW, 0)).toBe(NOW)
})

test('an entry is new once, over a clearing of the log too', () => {
  const entries = parseEntries(fixture('sel-elist.csv'))
  expect(fresh(entries, undefined)).toEqual([])
  const known = { keys: keysOf(entries), read_ms: NOW, signature: '' }
  const [added] = parseEntries('1,11/24/26,01:00:00 UTC,Event Logging Disabled SEL,Log area reset/cleared,Asserted')
  expect(fresh([...entries, added!, added!], known)).toEqual([added])
  expect(fresh([added!], { ...known, keys: [] })).toEqual([added])
})

const sensor = (level: Level, key = 'CPU1 Temp'): Sensor => ({ key, name: key, value: 92, unit: 'degrees C', level })
const entry = (event: string, asserted = true, at_ms = NOW, name = 'Temperature CPU1 Temp'): Dated => ({
  key: event,
  says_ms: at_ms,
  sensor: name,
  event,
  asserted,
  at_ms,
})
const HIGH = ['Upper Non-critical going high', 'Upper Critical going high'] as const

/** Ticks one after the other: the states of the sensor, and what the log told since. */
function told(ticks: readonly (readonly [Level, readonly Dated[]])[]): string[][] {
  let known: Record<string, Told> = {}
  return ticks.map(([level, entries]) => {
    const { events, told: next } = happenings(known, [sensor(level)], entries, NOW)
    known = next
    return events.map(({ change }) => change)
  })
}

test('a crossing that the log tells isn’t told again from the state', () => {
  expect(
    told([
      ['ok', []],
      ['unc', [entry(HIGH[0])]],
      ['unc', []],
      ['ok', [entry(HIGH[0], false)]],
      ['ok', []],
    ]),
  ).toEqual([
    [],
    ['Temperature CPU1 Temp: Upper Non-critical going high'],
    [],
    ['Temperature CPU1 Temp: Upper Non-critical going high (ended)'],
    [],
  ])
})

test('a BMC without entries for it: the state tells, once each way', () => {
  expect(
    told([
      ['ok', []],
      ['ucr', []],
      ['ucr', []],
      ['ok', []],
      ['ok', []],
    ]),
  ).toEqual([
    [],
    ['CPU1 Temp: Upper Critical going high (92 degrees C)'],
    [],
    ['CPU1 Temp: back to normal (92 degrees C)'],
    [],
  ])
})

test('a log that is late by a tick isn’t told again, and one that is early waits for the state', () => {
  expect(
    told([
      ['ok', []],
      ['ucr', []],
      ['ucr', HIGH.map((event) => entry(event))],
      ['ucr', []],
    ]),
  ).toEqual([[], ['CPU1 Temp: Upper Critical going high (92 degrees C)'], [], []])
  expect(
    told([
      ['ok', []],
      ['ok', [entry(HIGH[0])]],
      ['unc', []],
    ]),
  ).toEqual([[], ['Temperature CPU1 Temp: Upper Non-critical going high'], []])
})

test('one move over two thresholds is one crossing; a later one over the next is another', () => {
  expect(
    told([
      ['ok', []],
      ['ucr', HIGH.map((event) => entry(event))],
    ])[1],
  ).toEqual(['Temperature CPU1 Temp: Upper Critical going high'])
  expect(
    told([
      ['ok', []],
      ['unc', [entry(HIGH[0])]],
      ['ucr', [entry(HIGH[1], true, NOW + 60_000)]],
    ]).flat(),
  ).toHaveLength(2)
})

test('a sensor that is past its threshold at first sight, and one that stops to measure, tell nothing', () => {
  expect(
    told([
      ['ucr', []],
      ['ucr', []],
    ]),
  ).toEqual([[], []])
  const { events } = happenings(
    { 'CPU1 Temp': { past: [], by_state: false } },
    [{ ...sensor('ok'), level: null, value: null }],
    [],
    NOW,
  )
  expect(events).toEqual([])
})

test('an entry that names its sensor by number is not told again from the one sensor that fits', () => {
  const known: Record<string, Told> = { 'CPU1 Temp': { past: [], by_state: false } }
  const { events } = happenings(known, [sensor('unc')], [entry(HIGH[0], true, NOW, 'Temperature #0x02')], NOW)
  expect(events.map(({ change }) => change)).toEqual(['Temperature #0x02: Upper Non-critical going high'])
})
