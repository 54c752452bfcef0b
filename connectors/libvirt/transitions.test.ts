import { readFileSync } from 'node:fs'
import { beforeEach, expect, test } from 'vitest'
import type { Collected } from '#connectors/contract.ts'
import { parseXml } from './document.ts'
import { parseDomstats } from './domstats.ts'
import { type LibvirtEvent, parseEvent } from './events.ts'
import { parseDomain } from './map.ts'
import { apply } from './transitions.ts'
import { list, type Placement, placement, type Read } from './placement.ts'

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
const UUID = '36ec4aa9-9388-4183-a83a-850efc374c02'
const T0 = Date.UTC(2026, 10, 22, 1, 45)

/** The recorded domain `a` in a state: running 1/1, paused 3/1, shut off 5/1, coming in 3/2. */
function read(state: number, reason = 1, name = 'a', kib = 131072): Read {
  const stats = new Map(parseDomstats(fixture('domstats.txt')).get('a'))
  stats.set('state.state', `${state}`).set('state.reason', `${reason}`).set('balloon.current', `${kib}`)
  const xml = fixture('domain-stopped.xml').replace('<name>a</name>', `<name>${name}</name>`)
  return { domain: { ...parseDomain(parseXml(xml, 'domain')), uuid: UUID }, stats }
}
const rows = (row?: Read) => new Map(row ? [[UUID, row]] : [])
const reread = (row?: Read) => ({ names: new Map(row ? [[row.domain.name, UUID]] : []), reads: rows(row) })
const story = (name: string): LibvirtEvent[] =>
  fixture(name)
    .split('\n')
    .flatMap((line) => parseEvent(line) ?? [])
const event = (at_ms: number, what: string, detail: string, domain = 'a'): LibvirtEvent => ({
  at_ms,
  domain,
  type: 'lifecycle',
  what,
  detail,
})
/** `18.845 running`: seconds since T0's minute and what holds from then. */
const told = (facts: Collected[]) =>
  facts.map((fact) =>
    fact.type === 'event' ? `${clock(fact.seen_at_ms)} ${fact.change}: ${fact.content?.state ?? 'gone'}` : fact.type,
  )
const clock = (at_ms: number) => new Date(at_ms).toISOString().slice(14, 23)

let place: Placement
beforeEach(() => {
  place = placement('host1')
  list(place, T0, new Map(), new Set())
})
const start = (row: Read) => list(place, T0, rows(row), new Set())

test('power changes hold from libvirt’s instants: off, on, saved, restored, reverted, crashed', () => {
  start(read(1))
  const facts: Collected[] = []
  for (const one of story('events-power.txt')) {
    const state = { Stopped: 5, Suspended: 3 }[one.what] ?? 1
    facts.push(
      ...apply(place, [one], reread(read(state, 1, 'a', one.type === 'balloon' ? Number(one.detail) : 131072))).facts,
    )
  }
  expect(told(facts)).toEqual([
    '45:20.809 shut down: stopped',
    '45:23.828 started: running',
    '45:27.267 memory changed: running',
    '45:28.236 memory changed: running',
    '45:30.228 suspended: paused',
    '45:31.665 saved: stopped',
    '45:32.917 restored: running',
    '45:40.023 suspended: paused',
    '45:40.143 resumed: running',
    '45:42.704 reverted: stopped',
    '45:43.740 reverted: running',
    '46:48.885 failed: failed',
  ])
})

test('the memory of a machine changes with the balloon, to the byte and the millisecond', () => {
  start(read(1))
  const [first] = apply(
    place,
    story('events-power.txt').filter(({ type }) => type === 'balloon'),
    reread(),
  ).facts
  expect(first).toMatchObject({ content: { size: { memory_bytes: 195584 * 1024, vcpu_count: 1 } } })
})

test('a live migration is at the destination from Resumed and away from the source at Stopped, never paused or stopped', () => {
  start(read(1))
  const source = story('events-migration-source.txt')
  expect(told(apply(place, source.slice(0, 1), reread(read(3, 2))).facts)).toEqual([])
  expect(list(place, T0 + 92_500, rows(read(3, 2)), new Set()).contents.get(UUID)?.state).toBe('running')
  expect(told(apply(place, source.slice(1), reread()).facts)).toEqual(['46:33.846 migrated away: gone'])

  place = placement('host2')
  list(place, T0, new Map(), new Set())
  const destination = story('events-migration-destination.txt')
  const started = apply(place, destination.slice(0, 1), reread(read(3, 2)))
  expect(told(started.facts)).toEqual([])
  expect(started.started.get(UUID)).toBe(destination[0]?.at_ms)
  // a listing while the guest is on its way
  expect(list(place, T0 + 92_000, rows(read(3, 2)), new Set())).toMatchObject({ certain: true, contents: new Map() })
  expect(told(apply(place, destination.slice(1), reread(read(1, 2))).facts)).toEqual(['46:32.172 migrated: running'])
})

test('a whole migration in one batch is told the same', () => {
  const facts = apply(place, story('events-migration-destination.txt'), reread(read(1, 2))).facts
  expect(told(facts)).toEqual(['46:32.172 migrated: running'])
  expect(facts[0]).toMatchObject({ content: { host: 'host1', size: { disk_bytes: 83886080 } } })
})

test('a source that keeps the definition holds a stopped machine, and comes back running', () => {
  start(read(1))
  const source = story('events-migration-source.txt')
  expect(told(apply(place, source, reread(read(5, 4))).facts)).toEqual(['46:33.846 migrated away: stopped'])
  const back = apply(place, [event(T0 + 200_000, 'Started', 'Migrated')], reread(read(3, 2)))
  expect(back.facts).toEqual([])
  expect(list(place, T0 + 200_100, rows(read(3, 2)), new Set()).contents.get(UUID)?.state).toBe('stopped')
  expect(told(apply(place, [event(T0 + 200_500, 'Resumed', 'Migrated')], reread(read(1, 2))).facts)).toEqual([
    '48:20.500 migrated: running',
  ])
})

test('a guest that was paused arrives paused', () => {
  const facts = apply(place, story('events-paused-migration-destination.txt'), reread(read(1, 2))).facts
  expect(told(facts)).toEqual(['46:55.380 migrated: paused', '46:57.884 resumed: running'])
})

test('a migration that came to nothing leaves no trace', () => {
  expect(apply(place, story('events-aborted-migration-destination.txt'), reread()).facts).toEqual([])
  expect(list(place, T0 + 200_000, new Map(), new Set()).contents.size).toBe(0)
  expect(place.domains.size).toBe(0)
  place = placement('source')
  start(read(1))
  const stalled = [event(T0 + 1_000, 'Suspended', 'Migrated'), event(T0 + 1_200, 'Resumed', 'Migrated')]
  expect(apply(place, stalled, reread(read(1))).facts).toEqual([])
})

test('a machine ends when its definition goes, and a running one when it stops after that', () => {
  start(read(1))
  const gone = [event(T0 + 1_000, 'Stopped', 'Destroyed'), event(T0 + 1_030, 'Undefined', 'Removed')]
  expect(told(apply(place, gone, reread()).facts)).toEqual([
    '45:01.000 destroyed: stopped',
    '45:01.030 undefined: gone',
  ])
  place = placement('host1')
  start(read(1))
  expect(apply(place, [event(T0 + 1_000, 'Undefined', 'Removed')], reread(read(1))).facts).toEqual([])
  expect(told(apply(place, [event(T0 + 2_000, 'Stopped', 'Shutdown')], reread()).facts)).toEqual([
    '45:02.000 shut down: gone',
  ])
})

test('a name that is given to another machine names the other one', () => {
  start(read(1))
  const other = '11111111-2222-4333-8444-555555555555'
  const row = read(5)
  const after = {
    names: new Map([['a', other]]),
    reads: new Map([[other, { ...row, domain: { ...row.domain, uuid: other } }]]),
  }
  const batch = [
    event(T0 + 1_000, 'Stopped', 'Destroyed'),
    event(T0 + 1_010, 'Undefined', 'Removed'),
    event(T0 + 1_020, 'Defined', 'Added'),
  ]
  const facts = apply(place, batch, after).facts
  expect(facts.map((fact) => fact.type === 'event' && fact.resource.external_id)).toEqual([UUID, UUID, other])
})

test('a new name is a change at its instant, not an end', () => {
  start(read(5))
  const facts = apply(
    place,
    [event(T0 + 1_000, 'Undefined', 'Renamed'), event(T0 + 1_000, 'Defined', 'Renamed', 'a9')],
    reread(read(5, 1, 'a9')),
  ).facts
  expect(facts).toMatchObject([{ change: 'renamed', content: { name: 'a9', state: 'stopped' } }])
  expect(
    told(apply(place, [event(T0 + 2_000, 'Started', 'Booted', 'a9')], reread(read(1, 1, 'a9'))).facts),
  ).toHaveLength(1)
})

test('a machine defined and started at once is stopped first', () => {
  const facts = apply(
    place,
    [event(T0 + 1_000, 'Defined', 'Added'), event(T0 + 1_300, 'Started', 'Booted')],
    reread(read(1)),
  ).facts
  expect(told(facts)).toEqual(['45:01.000 defined: stopped', '45:01.300 started: running'])
})

test('a wake-up after a suspend in the guest is no new process', () => {
  start(read(7))
  const woken = apply(place, [event(T0 + 1_000, 'Started', 'Event wakeup')], reread(read(1)))
  expect(woken.started.size).toBe(0)
  expect(told(woken.facts)).toEqual(['45:01.000 woken: running'])
})

test('a listing never contradicts an event: it says what was at its own instant', () => {
  start(read(1))
  const at_ms = T0 + 10_000
  // the listing began, then the machine stopped, and virsh read it after that
  apply(place, [event(at_ms + 20, 'Stopped', 'Destroyed')], reread(read(5)))
  const listed = list(place, at_ms, rows(read(5)), new Set([UUID]))
  expect(listed.contents.get(UUID)?.state).toBe('running')
  // the machine stopped just before the listing began; its event came late
  apply(place, [event(at_ms + 30, 'Started', 'Booted')], reread(read(1)))
  apply(place, [event(at_ms + 990, 'Stopped', 'Destroyed')], reread(read(5)))
  expect(list(place, at_ms + 1_000, rows(read(5)), new Set([UUID])).contents.get(UUID)?.state).toBe('stopped')
})

test('a machine defined after a listing began isn’t in it, and stays known', () => {
  apply(place, [event(T0 + 5_010, 'Defined', 'Added')], reread(read(5)))
  expect(list(place, T0 + 5_000, rows(read(5)), new Set([UUID]))).toMatchObject({ certain: true, contents: new Map() })
  expect(list(place, T0 + 6_000, rows(read(5)), new Set()).contents.size).toBe(1)
})

test('a first look into the middle of a change makes no complete listing', () => {
  place = placement('fresh')
  expect(list(place, T0, rows(read(3, 2)), new Set()).certain).toBe(false)
  place = placement('fresh')
  apply(place, [event(T0 + 10, 'Stopped', 'Destroyed')], reread(read(5)))
  expect(list(place, T0, rows(read(5)), new Set([UUID])).certain).toBe(false)
})

test('a change that libvirt tells nobody of shows at the next listing', () => {
  start(read(1))
  const row = read(1)
  const grown = { ...row, stats: new Map([...row.stats, ['vcpu.current', '2']]) }
  expect(list(place, T0 + 10_000, rows(grown), new Set()).contents.get(UUID)?.size.vcpu_count).toBe(2)
})

test('a device that is added is told with its instant', () => {
  start(read(1))
  const row = read(1)
  const disk = {
    target: 'vdb',
    device: 'disk',
    bus: 'virtio',
    source: '/x',
    format: 'raw',
    read_only: false,
    alias: 'virtio-disk1',
  }
  const grown: Read = {
    domain: { ...row.domain, disks: [...row.domain.disks, disk] },
    stats: new Map([...row.stats, ['block.1.name', 'vdb'], ['block.1.capacity', '16777216']]),
  }
  const added: LibvirtEvent = { at_ms: T0 + 1_000, domain: 'a', type: 'added', what: '', detail: 'virtio-disk1' }
  const outcome = apply(place, [added], reread(grown))
  expect(outcome.added.get(UUID)).toEqual(new Map([['disk/vdb', T0 + 1_000]]))
  expect(outcome.facts).toMatchObject([
    { change: 'device added', content: { size: { disk_bytes: 83886080 + 16777216 } } },
  ])
})
