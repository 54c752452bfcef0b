import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Collected, Fact, type Listing, Observation } from '#connectors/contract.ts'
import { skipWithout } from '#test/setup/skip.ts'
import { Bmc, nothingKept } from './bmc.ts'
import { advance } from './energy.ts'
import { changeOf, fresh } from './log.ts'
import { energies } from './readings.ts'
import { type Answer, environment, members, notes } from './survey.ts'
import { type Tree, walk } from './tree.fixture.ts'
import { path, scaled } from './values.ts'

const NOW = Date.parse('2026-03-01T12:00:00Z')
const fixture = (name: string): Tree =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8')) as Tree

interface Recorded {
  bmc: Bmc
  clock: { now_ms: number }
  tree: Record<string, unknown>
}
function bmcOf(tree: Tree): Recorded {
  const clock = { now_ms: NOW }
  const bmc = new Bmc('bmc1', nothingKept(), { now: () => clock.now_ms, log: () => undefined, inventory_ms: 3_600_000 })
  return { bmc, clock, tree: structuredClone(tree) as Record<string, unknown> }
}
const tick = ({ bmc, tree }: Recorded): Collected[] => walk(tree, bmc.collect()).facts
const listing = (facts: Collected[]): Listing => facts.find((fact) => fact.type === 'listing') as Listing
const row = (facts: Collected[], id: string) => listing(facts).resources.find(({ external_id }) => external_id === id)
const ids = (facts: Collected[]) => listing(facts).resources.map(({ external_id }) => external_id)
const gaugesOf = (facts: Collected[]) =>
  Object.assign({}, ...facts.flatMap((fact) => (fact.type === 'readings' ? (fact.gauges ?? {}) : {}))) as Record<
    string,
    number
  >
const counters = (facts: Collected[]) =>
  facts.flatMap((fact) =>
    fact.type === 'readings' && fact.counters ? [{ ...fact.counters, metered: fact.metered }] : [],
  )

function isWire(facts: Collected[]): void {
  const source = '0199b4a0-0000-7000-8000-000000000000'
  for (const fact of facts) {
    if (fact.type === 'listing')
      for (const one of fact.resources) expect(Observation.safeParse(one).error).toBeUndefined()
    else
      expect(
        Fact.safeParse({ ...fact, source, ...(fact.type === 'readings' && { interval_ms: 60_000 }) }).error,
      ).toBeUndefined()
  }
}

const HOST = '4c4c4544-0043-4210-8052-b4c04f4e3332'

test('a server is its SMBIOS UUID, with what proves it and where it stands', () => {
  const facts = tick(bmcOf(fixture('tree')))
  isWire(facts)
  expect(listing(facts)).toMatchObject({
    complete: true,
    scope: { kind: 'host', external_id: '5f0c7f6e-1a34-4c8e-9c1d-0c42a1d9e001' },
  })
  expect(row(facts, HOST)).toMatchObject({
    name: 'web1',
    state: 'running',
    size: { vcpu_count: 16, memory_bytes: 64 * 1024 ** 3 },
    // not the wire to the BMC, and no address that every machine has
    evidence: {
      smbios_uuid: HOST,
      serials: ['ATR0001', 'CH-0001'],
      macs: ['02:ab:cd:00:00:01'],
      ips: ['192.0.2.11', '192.0.2.75', '2001:db8::11'],
    },
    attributes: {
      location: { site: 'Bilbao', row: 'B', rack: 'R07', unit: 12 },
      bios: '2.4.1',
      health: 'ok',
      health_rollup: 'warning',
    },
  })
})

test('parts are their serials, hang on their machine, and what is absent is none', () => {
  const facts = tick(bmcOf(fixture('tree')))
  expect(ids(facts).slice(1)).toEqual([
    'cpu/CPU-0001',
    'dimm/DIMM-0001',
    'dimm/DIMM-0002',
    'disk/DISK-0000',
    'disk/DISK-0001',
    'controller/CTRL-0001',
    'nic/02:ab:cd:00:00:01',
    'psu/PSU-0001',
  ])
  expect(row(facts, 'disk/DISK-0001')).toMatchObject({
    state: 'failed',
    host: HOST,
    parent: { kind: 'host', external_id: HOST },
    attributes: {
      type: 'disk',
      slot: 'Bay 1',
      health: 'critical',
      failure_predicted: true,
      size_bytes: 960_197_124_096,
    },
  })
})

test('energy that is counted is exact, the whole is metered and its supplies beside it are not', () => {
  const facts = tick(bmcOf(fixture('tree')))
  expect(counters(facts)).toEqual([
    // 1234.567 kWh
    { energy_joules: 4_444_441_200, metered: true },
    // the count that nobody can reset goes before the other one
    { 'energy_joules/PSU 1': 5_041_800_000, metered: false },
  ])
  expect(gaugesOf(facts)).toEqual({
    power_watts: 212.5,
    'power_watts/PSU 1': 215,
    'fan_speed_rpm/Fan 1': 5_200,
    'temperature_celsius/Inlet': 23.5,
    'voltage_volts/P12V': 12.06,
    'current_amperes/PS1 current': 0.98,
  })
})

test('watts alone make no count', () => {
  const facts = tick(bmcOf(fixture('old')))
  isWire(facts)
  expect(counters(facts)).toEqual([])
  expect(gaugesOf(facts)).toEqual({
    power_watts: 131,
    'temperature_celsius/CPU': 41,
    'temperature_celsius/CPU (1)': 43,
    'fan_speed_rpm/Fan A': 4_100,
    'voltage_volts/VBAT': 3.05,
  })
})

test('what firmware leaves blank is no identity: the place is, and two of one serial are their slots', () => {
  const facts = tick(bmcOf(fixture('old')))
  const place = 'bmc1/redfish/v1/Systems/Self'
  expect(ids(facts)).toEqual([place, `${place}/dimm/1`, `${place}/dimm/2`, `${place}/disk/Bay 1`, 'psu/OLD-PSU-1'])
  expect(row(facts, place)).toMatchObject({ state: 'unknown', evidence: { serials: [] } })
})

test('supplies that alone count are metered each, and go on being so', () => {
  const recorded = bmcOf(fixture('tree'))
  const { clock, tree } = recorded
  const metrics = tree['/redfish/v1/Chassis/1/EnvironmentMetrics'] as Record<string, unknown>
  const total = metrics['EnergykWh']
  delete metrics['EnergykWh']
  expect(counters(tick(recorded))).toEqual([{ 'energy_joules/PSU 1': 5_041_800_000, metered: true }])
  metrics['EnergykWh'] = total
  clock.now_ms += 60_000
  expect(counters(tick(recorded))).toEqual([
    { energy_joules: 4_444_441_200, metered: false },
    { 'energy_joules/PSU 1': 5_041_800_000, metered: true },
  ])
})

test('a count that fell is another epoch; zero is known only where it lies between two readings', () => {
  const energy = { supply: '', of: 'EnergyJoules', joules: 100n, reset_ms: 500 }
  const first = advance(undefined, energy, 1_000, 0)
  expect(first.origin_ms).toBeUndefined()
  expect(advance(first, { ...energy, joules: 100n }, 2_000, 0).id).toBe(first.id)
  const fallen = advance(first, { ...energy, joules: 99n, reset_ms: undefined }, 2_000, 0)
  expect(fallen.id).not.toBe(first.id)
  expect(fallen.origin_ms).toBeUndefined()
  // reset at 1,600 by the BMC's clock, which is 100 ms behind; it has counted past where it was
  const reset = advance(first, { ...energy, joules: 300n, reset_ms: 1_600 }, 2_000, 100)
  expect(reset).toMatchObject({ id: 'energy/2000', origin_ms: 1_700 })
})

test('a UUID that a BMC forgets while the machine is off is the same machine; another board is another', () => {
  const recorded = bmcOf(fixture('tree'))
  const { clock, tree } = recorded
  tick(recorded)
  const system = tree['/redfish/v1/Systems/1'] as Record<string, unknown>
  Object.assign(system, { UUID: null, PowerState: 'Off' })
  clock.now_ms += 60_000
  expect(row(tick(recorded), HOST)).toMatchObject({ state: 'stopped' })
  Object.assign(system, { UUID: '4c4c4544-0043-4210-8052-b4c04f4e9999' })
  clock.now_ms += 60_000
  expect(ids(tick(recorded))[0]).toBe('4c4c4544-0043-4210-8052-b4c04f4e9999')
})

test('a collection that a restarting BMC lost closes nothing, and a link that always led nowhere is no harm', () => {
  const recorded = bmcOf(fixture('tree'))
  const { clock, tree } = recorded
  tick(recorded)
  delete tree['/redfish/v1/Systems/1/Memory']
  clock.now_ms += 3_600_000
  expect(listing(tick(recorded)).complete).toBe(false)
  const other = bmcOf(fixture('old'))
  expect(listing(tick(other)).complete).toBe(true)
})

test('entries are told once at their instants: nothing from before we looked, nothing twice, and again after a clearing', () => {
  const recorded = bmcOf(fixture('tree'))
  const { clock, tree } = recorded
  const entries = tree['/redfish/v1/Managers/bmc/LogServices/Sel/Entries'] as Record<string, unknown[]>
  const write = (Id: string, Created: string, Message: string) =>
    entries['Members']?.push({
      '@odata.id': `/redfish/v1/Managers/bmc/LogServices/Sel/Entries/${Id}`,
      Id,
      Created,
      Message,
      Severity: 'Critical',
    })
  const events = () =>
    tick(recorded).flatMap((fact) =>
      fact.type === 'event' ? [[fact.seen_at_ms - NOW, fact.change, fact.resource.external_id]] : [],
    )
  const manager = tree['/redfish/v1/Managers/bmc'] as Record<string, unknown>
  expect(events()).toEqual([])
  clock.now_ms = NOW + 60_000
  // the BMC's clock is an hour behind
  manager['DateTime'] = '2026-03-01T11:01:00+00:00'
  write('2', '2026-03-01T11:00:30Z', 'Fan 1 failed.')
  expect(events()).toEqual([[30_000, 'critical: Fan 1 failed.', HOST]])
  expect(events()).toEqual([])
  clock.now_ms = NOW + 120_000
  manager['DateTime'] = '2026-03-01T12:02:00+00:00'
  entries['Members'] = []
  write('1', '1970-01-01T00:00:07Z', 'Log cleared.')
  // a clock that wasn't set yet says nothing
  expect(events()).toEqual([[120_000, 'critical: Log cleared.', HOST]])
})

test('pages are followed, a member that came twice is one, and a count that isn’t reached is a complaint', () => {
  const at = '/redfish/v1/Systems'
  const tree = {
    [at]: {
      'Members@odata.count': 3,
      Members: [{ '@odata.id': `${at}/1` }],
      'Members@odata.nextLink': `${at}?$skip=1`,
    },
    [`${at}?$skip=1`]: {
      'Members@odata.count': 3,
      Members: [{ '@odata.id': `${at}/1` }, { '@odata.id': `${at}/2`, Id: '2' }],
    },
    [`${at}/1`]: { Id: '1' },
  }
  const note = notes()
  expect(walk(tree, members({ '@odata.id': at }, note))?.map(({ body }) => body['Id'])).toEqual(['1', '2'])
  expect(note.complaints.map(({ message }) => message)).toEqual([expect.stringContaining('3 members, and shows 2')])
})

test('a service that puts members into their collection is asked once, and one that only says so is asked for each', () => {
  const at = '/redfish/v1/Chassis/1/Sensors'
  const links = { Members: [{ '@odata.id': `${at}/a` }, { '@odata.id': `${at}/b` }] }
  const inline = {
    Members: [
      { '@odata.id': `${at}/a`, Id: 'a' },
      { '@odata.id': `${at}/b`, Id: 'b' },
    ],
  }
  const single = { [at]: links, [`${at}/a`]: { Id: 'a' }, [`${at}/b`]: { Id: 'b' } }
  const asked = (tree: Tree): [number, unknown[]] => {
    let requests = 0
    const counted = function* (): Generator<readonly string[], unknown[], readonly Answer[]> {
      const survey = members({ '@odata.id': at }, { ...notes(), expands: true })
      let step = survey.next()
      while (!step.done) {
        requests += step.value.length
        step = survey.next(yield step.value)
      }
      return (step.value ?? []).map(({ body }) => body['Id'])
    }
    const found = walk(tree, counted())
    return [requests, found]
  }
  expect(asked({ ...single, [`${at}?$expand=.($levels=1)`]: inline })).toEqual([1, ['a', 'b']])
  expect(asked({ ...single, [`${at}?$expand=.($levels=1)`]: links })).toEqual([3, ['a', 'b']])
  expect(asked(single)).toEqual([4, ['a', 'b']])
})

test('no link leads to another server', () => {
  for (const link of [
    'https://pdu.example.com/redfish/v1/Outlets/A4',
    '//evil/redfish/v1',
    '/etc/passwd',
    '/redfish/v1/ x',
    7,
    null,
  ])
    expect(path({ '@odata.id': link })).toBeUndefined()
  expect(path({ '@odata.id': '/redfish/v1/Chassis/1/Power#/PowerControl/0' })).toBe('/redfish/v1/Chassis/1/Power')
})

test('decimals are scaled without floats', () => {
  expect(scaled(0.1, 3_600_000n)).toBe(360_000n)
  expect(scaled(90071992547.409, 3_600_000n)).toBe(324_259_173_170_672_400n)
  expect(scaled(-1, 1n)).toBeUndefined()
  expect(scaled(1e21, 1n)).toBeUndefined()
})

test('a long message is cut to what an event holds, and a log at first sight is old', () => {
  expect(changeOf({ Message: 'x'.repeat(100), Severity: 'OK' })).toHaveLength(64)
  const log = { at: '/l', service: {}, entries: [{ at: '/l/1', body: { Id: '1', Created: '2026-03-01T11:59:00Z' } }] }
  expect(fresh(log, undefined, NOW, 0).entries).toEqual([])
})

const SHARED = new URL('../../../shared/data/redfish/', import.meta.url)
const NOT_BESIDE = 'the recordings that are shared apart are not beside this clone'
const shared = (name: string): Tree =>
  (JSON.parse(readFileSync(new URL(name, SHARED), 'utf8')) as { resources: Tree }).resources

test('the DMTF’s rack server is read whole', (context) => {
  skipWithout(context, existsSync(SHARED), NOT_BESIDE)
  const facts = tick(bmcOf(shared('dmtf-rackmount1.json')))
  isWire(facts)
  const types = listing(facts).resources.map(({ attributes }) => attributes?.['type'] ?? 'host')
  expect(listing(facts).complete).toBe(true)
  expect(types).toEqual([
    'host',
    'cpu',
    'accelerator',
    'dimm',
    'dimm',
    'dimm',
    'disk',
    'disk',
    'nic',
    'nic',
    'psu',
    'battery',
  ])
  expect(counters(facts)[0]).toEqual({ energy_joules: 325_675 * 3_600_000, metered: true })
  // each sensor that measures what we have a metric for, and is not one of a part that isn't there
  const tree = shared('dmtf-rackmount1.json')
  const members = (tree['/redfish/v1/Chassis/1U/Sensors'] as { Members: { '@odata.id': string }[] }).Members
  const measured = members.filter((member) => {
    const sensor = tree[member['@odata.id']] as Record<string, unknown> & { Status?: { State?: string } }
    const hasMetric = ['Cel', 'V', 'A', 'W'].includes(String(sensor['ReadingUnits']))
    return hasMetric && sensor['Reading'] !== undefined && sensor.Status?.State === 'Enabled'
  })
  // the supply's own input power is told by its metrics
  const gauges = Object.keys(gaugesOf(facts)).filter((key) => !key.startsWith('fan_') && key !== 'power_watts')
  expect(gauges).toHaveLength(measured.length)
})

test('single resources with quirks are read without loss', (context) => {
  skipWithout(context, existsSync(SHARED), NOT_BESIDE)
  const all = shared('sushy-samples.json')
  const power = all['power.json'] as Record<string, unknown>
  const thermal = all['thermal.json'] as Record<string, unknown>
  const chassis = {
    at: '/redfish/v1/Chassis/X',
    body: {
      Power: { '@odata.id': '/redfish/v1/Chassis/X/Power' },
      Thermal: { '@odata.id': '/redfish/v1/Chassis/X/Thermal' },
    },
  }
  const seen = walk(
    { '/redfish/v1/Chassis/X/Power': power, '/redfish/v1/Chassis/X/Thermal': thermal },
    environment(chassis, notes()),
  )
  expect(seen.power?.['Id']).toBe('Power')
  expect(seen.thermal?.['Id']).toBe('Thermal')
  expect(energies(seen)).toEqual([])
})
