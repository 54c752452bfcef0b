import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Collected, ConnectorError, type Listing, Observation } from '#connectors/contract.ts'
import { components } from '#connectors/parts.ts'
import { skipWithout } from '#test/setup/skip.ts'
import type { Run, Tool } from './client.ts'
import { HardwareSession } from './index.ts'
import { dmiParts, gauges, lshwParts } from './map.ts'
import { devices, smart } from './smart.ts'

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
const MACHINE = '0123456789abcdef0123456789abcdef'
const ran = (text: string, status = 0, complaint = ''): Run => ({ kind: 'ran', text, status, complaint })

/** What each tool answers, by its name or its last argument. */
function machine(answers: Record<string, Run>): {
  session: HardwareSession
  said: string[]
  asked: string[]
  clock: { now_ms: number }
} {
  const [said, asked, clock] = [[] as string[], [] as string[], { now_ms: 1_000_000 }]
  const run = async (tool: Tool, args: readonly string[]): Promise<Run> => {
    asked.push([tool, ...args].join(' '))
    return answers[`${tool} ${args.at(-1)}`] ?? answers[tool] ?? { kind: 'missing' }
  }
  const surroundings = {
    realm: MACHINE,
    interval_ms: 300_000,
    emit: () => undefined,
    memory: { get: async () => null, set: async () => undefined },
    now: () => clock.now_ms,
    log: (_level: string, message: string) => void said.push(message),
  }
  return { session: new HardwareSession(MACHINE, surroundings, run), said, asked, clock }
}
const whole = (): Record<string, Run> => ({
  dmidecode: ran(fixture('dmidecode.txt')),
  lshw: ran(fixture('lshw.json')),
  sensors: ran(fixture('sensors.json')),
  'smartctl -j': ran(fixture('scan.json')),
  'smartctl /dev/sda': ran(fixture('ata.json'), 80),
  'smartctl /dev/nvme0': ran(fixture('nvme.json')),
  'smartctl /dev/bus/0': ran(fixture('sas.json'), 8),
})
const tick = (session: HardwareSession) => session.collect(new AbortController().signal)
const listing = (facts: Collected[]) => facts.find((fact) => fact.type === 'listing') as Listing
const ids = (facts: Collected[]) => listing(facts).resources.map(({ external_id }) => external_id)
const row = (facts: Collected[], id: string) => listing(facts).resources.find(({ external_id }) => external_id === id)

test('parts of the machine hang on it, under their serials or their slots', async () => {
  const facts = await tick(machine(whole()).session)
  for (const one of listing(facts).resources) expect(Observation.safeParse(one).error).toBeUndefined()
  expect(listing(facts)).toMatchObject({ complete: true, scope: { kind: 'component', external_id: MACHINE } })
  expect(ids(facts)).toEqual([
    'board/BRD-0001',
    'chassis/CH-0001',
    `${MACHINE}/cpu/CPU1`,
    'dimm/DIMM-0001',
    `${MACHINE}/dimm/A2 / P0 CHANNEL B`,
    'psu/PSU-0001',
    'nic/02:ab:cd:00:00:01',
    `${MACHINE}/gpu/pci@0000:af:00.0`,
    'disk/ATA-0001',
    'disk/NVME-0001',
    'disk/SAS-0001',
  ])
  expect(row(facts, 'dimm/DIMM-0001')).toMatchObject({
    host: MACHINE,
    parent: { kind: 'host', external_id: MACHINE },
    attributes: { size_bytes: 34_359_738_368, slot: 'A1 / P0 CHANNEL A' },
  })
})

test('the health of a disk is what it says, and what it lost; its exit status is no failure', async () => {
  const facts = await tick(machine(whole()).session)
  expect(row(facts, 'disk/ATA-0001')).toMatchObject({
    state: 'running',
    attributes: {
      health: 'warning',
      reallocated_sectors_count: 1_975,
      pending_sectors_count: 8,
      failed_attributes: ['Reallocated_Sector_Ct'],
      media: 'hdd',
    },
  })
  expect(row(facts, 'disk/NVME-0001')).toMatchObject({
    attributes: { health: 'ok', wear_percent: 3, spare_percent: 100, size_bytes: 3_840_755_982_336, media: 'ssd' },
  })
  expect(row(facts, 'disk/SAS-0001')).toMatchObject({
    state: 'failed',
    attributes: { health: 'critical', grown_defects_count: 56, slot: 'bus/0 megaraid,7' },
  })
  // hours go on by themselves: they are no part of a description
  expect(JSON.stringify(listing(facts))).not.toMatch(/37787|2401/)
})

test('sensors are gauges of the machine, and a count of one chip’s energy is none of its', async () => {
  const facts = await tick(machine(whole()).session)
  const readings = facts.find((fact) => fact.type === 'readings')
  expect(readings).toMatchObject({ resource: { kind: 'host', external_id: MACHINE } })
  expect(readings?.counters).toBeUndefined()
  expect(readings?.gauges).toEqual({
    'temperature_celsius/coretemp-isa-0000/Package id 0': 45,
    'voltage_volts/nct6798-isa-0290/in0': 1.016,
    'fan_speed_rpm/nct6798-isa-0290/fan1': 1_203,
    'power_watts/power_meter-acpi-0/power1': 184,
    'temperature_celsius/sda': 36,
    'temperature_celsius/nvme0': 41,
    'temperature_celsius/bus/0 megaraid,7': 31,
  })
})

test('a missing tool is said once, with its package, and leaves the rest', async () => {
  const { session, said } = machine({
    ...whole(),
    lshw: { kind: 'missing' },
    sensors: { kind: 'missing' },
    dmidecode: ran('', 1, '/dev/mem: Permission denied'),
  })
  expect(ids(await tick(session))).toEqual(['disk/ATA-0001', 'disk/NVME-0001', 'disk/SAS-0001'])
  await tick(session)
  expect(said).toEqual([
    expect.stringMatching(/dmidecode needs root/),
    expect.stringMatching(/lshw is not on this machine.*package lshw/),
    expect.stringMatching(/sensors is not on this machine.*package lm-sensors/),
  ])
  await expect(tick(machine({}).session)).rejects.toThrow(ConnectorError)
})

test('what it is made of is asked for once a day, disks at each tick without waking them', async () => {
  const answers = whole()
  const { session, asked, clock } = machine(answers)
  await tick(session)
  answers['smartctl /dev/sda'] = ran(
    '{"smartctl":{"exit_status":2,"messages":[{"string":"Device is in STANDBY mode, exit(2)","severity":"information"}]},"power_mode":{"ata_value":0,"ata_string":"STANDBY"}}',
    2,
  )
  clock.now_ms += 300_000
  const facts = await tick(session)
  expect(asked.filter((one) => one.startsWith('dmidecode'))).toHaveLength(1)
  expect(asked.filter((one) => one.endsWith('/dev/sda')).every((one) => one.includes('-n standby'))).toBe(true)
  // it is what it was
  expect(ids(facts)).toContain('disk/ATA-0001')
  expect(listing(facts).complete).toBe(true)
  clock.now_ms += 86_400_000
  await tick(session)
  expect(asked.filter((one) => one.startsWith('dmidecode'))).toHaveLength(2)
})

test('a disk that doesn’t answer closes nothing; it is gone when it is not found any more', async () => {
  const answers = whole()
  const { session, clock } = machine(answers)
  await tick(session)
  answers['smartctl /dev/sda'] = ran(
    '{"smartctl":{"exit_status":2,"messages":[{"string":"Smartctl open device: /dev/sda failed","severity":"error"}]}}',
    2,
  )
  clock.now_ms += 300_000
  const silent = await tick(session)
  expect(listing(silent).complete).toBe(false)
  expect(ids(silent)).toContain('disk/ATA-0001')
  answers['smartctl -j'] = ran('{"devices":[{"name":"/dev/nvme0","type":"nvme"}]}')
  clock.now_ms += 300_000
  const gone = await tick(session)
  expect(listing(gone).complete).toBe(true)
  expect(ids(gone)).not.toContain('disk/ATA-0001')
})

test('an unnamed serial is no identity, and a bridge is no card', () => {
  expect(lshwParts(fixture('lshw.json')).map(({ type, slot }) => [type, slot])).toEqual([
    ['nic', 'eno1'],
    ['gpu', 'pci@0000:af:00.0'],
  ])
  const twice = [
    ...dmiParts(fixture('dmidecode.txt')),
    ...dmiParts(fixture('dmidecode.txt')).map((one) => ({ ...one, slot: `${one.slot} again` })),
  ]
  expect(components(twice, { kind: 'host', id: 'h' }).every(({ external_id }) => external_id.startsWith('h/'))).toBe(
    true,
  )
})

test('a SAS disk that lost data, or has its thermometer in its reports, is told as it is', () => {
  const sas = (more: object) =>
    smart(
      JSON.stringify({
        model_name: 'EXAMPLE SAS1200',
        serial_number: 'SAS-0002',
        logical_unit_id: '0x5000CCA012345678',
        device: { protocol: 'SCSI' },
        smart_status: { passed: true },
        temperature: { current: 0, drive_trip: 0 },
        scsi_environmental_reports: { temperature_1: { current: 38, lifetime_maximum: 42 } },
        ...more,
      }),
      0,
    )
  const errors = (read: number, write: number) => ({
    scsi_error_counter_log: { read: { total_uncorrected_errors: read }, write: { total_uncorrected_errors: write } },
  })
  expect(sas(errors(0, 0))).toMatchObject({
    health: 'ok',
    temperature_celsius: 38,
    attributes: { wwn: '5000cca012345678', uncorrected_errors_count: 0 },
  })
  expect(sas(errors(1, 535))).toMatchObject({ health: 'warning', attributes: { uncorrected_errors_count: 536 } })
})

test('the wear of a SATA SSD is in the attribute of its maker', () => {
  const wear = (...table: [string, number, number][]) =>
    smart(
      JSON.stringify({
        model_name: 'EX',
        rotation_rate: 0,
        ata_smart_attributes: { table: table.map(([name, value, raw]) => ({ name, value, raw: { value: raw } })) },
      }),
      0,
    ).attributes['wear_percent']
  expect(wear(['Media_Wearout_Indicator', 15, 0])).toBe(85)
  expect(wear(['Wear_Leveling_Count', 90, 1_773])).toBe(10)
  expect(wear(['Percent_Lifetime_Remain', 99, 1])).toBe(1)
  // its value stays at 100, and the per cent are in the raw number
  expect(wear(['SSD_Life_Left', 100, 74])).toBe(26)
  // the plainest of them goes first: erasures are no per cent here
  expect(wear(['Wear_Leveling_Count', 100, 401], ['Remaining_Lifetime_Perc', 100, 96])).toBe(4)
  expect(wear(['Reallocated_Sector_Ct', 100, 0])).toBeUndefined()
})

test('what lshw and sensors print beside the rules of JSON costs the rest nothing', () => {
  const card = (n: number) =>
    `  {\n "class" : "network", "businfo" : "pci@0000:0${n}:00.0", "logicalname" : "eno${n}", "serial" : "02:ab:cd:00:00:0${n}" }`
  const memory = `{ "class" : "memory", "serial" : "\u0001\u0002" }`
  for (const text of [
    `${card(1)}\n${card(2)}`,
    `${card(1)},\n${card(2)},\n`,
    `[${card(1)}\n${card(2)}]`,
    `{ "children" : [${card(1)}${memory},${card(2)},] }`,
  ])
    expect(
      lshwParts(text).map(({ serial }) => serial),
      text,
    ).toEqual(['02:ab:cd:00:00:01', '02:ab:cd:00:00:02'])
  expect(
    gauges(
      '{"a":{"fan1":{"fan1_input": 1200.0,\n},"in0":{"in0_input": },"temp1":{"temp1_input": nan,"temp1_max": 80.0}},\n}',
    ),
  ).toEqual({ 'fan_speed_rpm/a/fan1': 1_200 })
})

test('lines that end as on Windows lose no module', () => {
  const types = (text: string) => dmiParts(text).map(({ type, attributes }) => [type, attributes['size_bytes']])
  expect(types(fixture('dmidecode.txt').replaceAll('\n', '\r\n'))).toEqual(types(fixture('dmidecode.txt')))
})

test('no device that a path could escape from is asked for, and nonsense is nothing', () => {
  expect(
    devices(
      '{"devices":[{"name":"/dev/../etc/x y","type":"ata"},{"name":"-x","type":"ata"},{"name":"/dev/sda","type":"ata -q"}]}',
    ),
  ).toEqual([])
  expect(gauges('ERROR: Can’t get value')).toEqual({})
  expect(dmiParts('')).toEqual([])
  expect(smart('', 2).unread).toBe('smartctl told nothing of it')
})

const SHARED = new URL('../../../shared/data/smartctl/', import.meta.url)
const NOT_BESIDE = 'the recordings that are shared apart are not beside this clone'
test('each recorded disk is read whole', (context) => {
  skipWithout(context, existsSync(SHARED), NOT_BESIDE)
  for (const name of readdirSync(SHARED)) {
    const text = readFileSync(new URL(name, SHARED), 'utf8')
    const told = JSON.parse(text) as Record<string, never> & { devices?: unknown[]; temperature?: { current: number } }
    if (told.devices !== undefined) {
      expect(devices(text), name).toHaveLength(told.devices.length)
      continue
    }
    const found = smart(text, 0)
    // one could not be opened: that is all that it says
    expect(found.unread === undefined, name).toBe(name !== 'smartctl-smart-fail.json')
    expect(found.attributes['model'], name).toBe(told['model_name'])
    if (!/XXXXXXXXXXXX/.test(String(told['serial_number']))) expect(found.serial, name).toBe(told['serial_number'])
    expect(found.temperature_celsius, name).toBe(told.temperature?.current || undefined)
  }
  const health = (name: string) => smart(readFileSync(new URL(name, SHARED), 'utf8'), 0).health
  expect(health('smartctl-smart-fail2.json')).toBe('critical')
  expect(health('smartctl-smart-nvme-failed.json')).toBe('warning')
  expect(health('smartctl-smart-ata.json')).toBe('ok')
})
