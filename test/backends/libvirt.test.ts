/** The libvirt connector on two real hosts: what it says must be what virsh says, to the byte and the millisecond. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConnectorError, Fact, type Listing } from '#connectors/contract.ts'
import { parseEvent } from '#connectors/libvirt/events.ts'
import { Eye } from './eye.ts'
import {
  buildGuestOs,
  defineGuest,
  type Hosts,
  inGuest,
  migrate,
  readDisk,
  rebootGuest,
  recordEvents,
  type Recording,
  recordingVirsh,
  sendFrames,
  startGuest,
  startHosts,
  until,
  virsh,
  whyNoLibvirt,
} from './libvirt.ts'

const whyNot = whyNoLibvirt()
if (whyNot !== undefined) console.warn(`skipped: ${whyNot}`)

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
const READ = 'disk_read_bytes/vda'
const vms = (listings: Listing[]) => listings.flatMap(({ resources }) => resources.filter(({ kind }) => kind === 'vm'))
const find = (listings: Listing[], uuid: string) => vms(listings).filter((vm) => vm.external_id === uuid)
const number = (table: string, name: string) => BigInt(new RegExp(`^${name}:? +(\\d+)`, 'm').exec(table)?.[1] ?? '-1')

describe.skipIf(whyNot !== undefined)('two hosts, three guests', () => {
  const dir = mkdtempSync(join(tmpdir(), 'atalaya-libvirt-'))
  const guests = join(dir, 'guests')
  const eye = new Eye()
  const uuids: Record<string, string> = {}
  const recordings: Recording[] = []
  const path = process.env['PATH'] ?? ''
  let hosts: Hosts
  let heard: ReturnType<typeof recordingVirsh>
  let one = ''
  let two = ''
  const a = () => uuids['a'] ?? ''

  /** What the connector's own virsh told of a guest, as `Stopped Migrated` → instants. */
  const instants = (uri: string, guest: string, words: string) =>
    heard.lines(uri).flatMap((line) => {
      const event = parseEvent(line)
      return event?.domain === guest && `${event.what} ${event.detail}`.trim() === words ? event.at_ms : []
    })
  const lastInstant = (uri: string, guest: string, words: string) => instants(uri, guest, words).at(-1)
  const told = (from: number) =>
    eye
      .events(a(), from)
      .map((fact) => [fact.change, fact.content?.state ?? null, fact.seen_at_ms, fact.scope.external_id])
  const hostId = (host: number) => `00000000-0000-4000-8000-${(0x1000 + host).toString(16).padStart(12, '0')}`
  const settled = () => sleep(1_500)

  beforeAll(async () => {
    const [os, started] = await Promise.all([buildGuestOs(), startHosts(dir, 18_500)])
    hosts = started
    ;[one, two] = hosts.uris as [string, string]
    heard = recordingVirsh(dir)
    process.env['PATH'] = `${heard.path}:${path}`
    for (const uri of hosts.uris) recordings.push(await recordEvents(uri))
    await defineGuest(one, 'a', guests, os, { options: ['maxvcpus=2', 'maxmem=160'] })
    await defineGuest(one, 'b', guests, os)
    await defineGuest(two, 'c', guests, os)
    for (const [name, uri] of Object.entries({ a: one, b: one, c: two }))
      uuids[name] = (await virsh(uri, 'domuuid', name)).trim()
    await virsh(one, 'vol-create-as', 'default', 'v 1.qcow2', '10M', '--format', 'qcow2')
    await eye.open(hosts.uris)
    await eye.tick()
    await Promise.all([startGuest(one, 'a', guests), startGuest(two, 'c', guests)])
    await settled()
  }, 300_000)

  afterAll(async () => {
    process.env['PATH'] = path
    await eye.close()
    for (const recording of recordings) recording.stop()
    await hosts?.stop()
    rmSync(dir, { recursive: true, force: true })
  }, 60_000)

  test('the inventory equals virsh to the byte', async () => {
    const listings = await eye.tick()
    expect(listings.map(({ scope, complete }) => [scope.external_id, complete])).toEqual([
      [hostId(1), true],
      [hostId(2), true],
    ])
    for (const [name, uri, state] of [
      ['a', one, 'running'],
      ['b', one, 'stopped'],
      ['c', two, 'running'],
    ] as const) {
      const info = await virsh(uri, 'dominfo', name)
      const disk = await virsh(uri, 'domblkinfo', name, 'vda')
      const [vm] = find(listings, uuids[name] ?? '')
      expect(vm).toMatchObject({
        name,
        state,
        size: {
          vcpu_count: Number(number(info, 'CPU\\(s\\)')),
          memory_bytes: Number(number(info, 'Used memory') * 1024n),
          disk_bytes: Number(number(disk, 'Capacity')),
        },
        attributes: { memory_maximum_bytes: Number(number(info, 'Max memory') * 1024n) },
      })
      expect(vm?.evidence?.macs).toEqual([
        /([0-9a-f]{2}:){5}[0-9a-f]{2}/.exec(await virsh(uri, 'domiflist', name))?.[0],
      ])
    }
    const host = listings[0]?.resources.find(({ kind }) => kind === 'host')
    const memory = await virsh(one, 'nodememstats')
    expect(host).toMatchObject({
      name: 'kvm-host1',
      size: {
        vcpu_count: Number(number(await virsh(one, 'nodeinfo'), 'CPU\\(s\\)')),
        memory_bytes: Number(number(memory, 'total +') * 1024n),
      },
    })
    const volume = listings[0]?.resources.find(({ kind }) => kind === 'volume')
    const capacity = number(await virsh(one, 'vol-info', '--bytes', '--pool', 'default', 'v 1.qcow2'), 'Capacity')
    expect(volume).toMatchObject({ name: 'v 1.qcow2', size: { disk_bytes: Number(capacity) } })
  })

  test('a start holds from libvirt’s instant, and its counters count from it', async () => {
    const started = eye.events(a()).find(({ change }) => change === 'started')
    expect(started).toMatchObject({
      seen_at_ms: lastInstant(one, 'a', 'Started Booted'),
      content: { state: 'running' },
    })
    expect(eye.counter(a(), 'cpu_time_ns').origin_ms).toBe(lastInstant(one, 'a', 'Started Booted'))
  })

  test('a machine resized while it runs: memory at its event’s instant, processors at the next listing', async () => {
    const from = eye.facts.length
    await virsh(one, 'setmem', 'a', '144M', '--live')
    await until('the balloon moved', () => lastInstant(one, 'a', String(144 * 1024)) !== undefined)
    await settled()
    const last = eye.events(a(), from).at(-1)
    expect(last).toMatchObject({
      seen_at_ms: lastInstant(one, 'a', String(144 * 1024)),
      content: { size: { memory_bytes: 144 * 2 ** 20 } },
    })
    await virsh(one, 'setvcpus', 'a', '2', '--live')
    const before = Date.now()
    const [vm] = find(await eye.tick(), a())
    expect(vm?.size).toMatchObject({ vcpu_count: 2, memory_bytes: 144 * 2 ** 20 })
    const listing = eye.facts.findLast((fact) => fact.type === 'listing' && fact.scope.external_id === hostId(1))
    expect(listing?.seen_at_ms).toBeGreaterThanOrEqual(before)
  })

  test('known bytes are counted exactly, and over a reboot in the same epoch', async () => {
    await eye.tick()
    const readOf = () => eye.counter(a(), READ)
    const mac = /([0-9a-f]{2}:){5}[0-9a-f]{2}/.exec(await virsh(one, 'domiflist', 'a'))?.[0]
    const sentOf = () => eye.counter(a(), `network_transmit_bytes/${mac}`)
    const [read, sent] = [readOf(), sentOf()]
    await readDisk(one, 'a', 8 * 2 ** 20 + 4096)
    await sendFrames(one, 'a', 100)
    await eye.tick()
    expect(readOf().value - read.value).toBe(8n * 2n ** 20n + 4096n)
    expect(sentOf().value - sent.value).toBe(100_000n)
    const beforeReboot = eye.facts.length
    await rebootGuest(one, 'a', guests)
    // its balloon moves until a second after that
    await settled()
    await eye.tick()
    expect(readOf().epoch).toBe(read.epoch)
    expect(readOf().value).toBeGreaterThan(read.value)
    expect(told(beforeReboot).filter(([, state]) => state !== 'running')).toEqual([])
  })

  test('a disk plugged in counts from zero at its own instant, beside its process', async () => {
    await virsh(one, 'vol-create-as', 'default', 'extra.img', '16M', '--format', 'raw')
    const from = eye.facts.length
    await virsh(one, 'attach-disk', 'a', join(dir, 'host1/images/extra.img'), 'vdb', '--live', '--subdriver', 'raw')
    await settled()
    expect(eye.events(a(), from)).toMatchObject([
      {
        change: 'device added',
        seen_at_ms: lastInstant(one, 'a', 'virtio-disk1'),
        content: { size: { disk_bytes: (64 + 16) * 2 ** 20 } },
      },
    ])
    await inGuest(one, 'a', '/bin/io', 'read', '8192', '/dev/vdb')
    await eye.tick()
    const [base, extra] = [eye.counter(a(), READ), eye.counter(a(), 'disk_read_bytes/vdb')]
    expect(extra.origin_ms).toBe(lastInstant(one, 'a', 'virtio-disk1'))
    expect(extra.epoch).not.toBe(base.epoch)
    expect(extra.value).toBeGreaterThanOrEqual(8192n)
    await virsh(one, 'detach-disk', 'a', 'vdb', '--live')
    await until('the disk is out', () => instants(one, 'a', 'virtio-disk1').length === 2)
    await settled()
    expect(eye.events(a()).at(-1)).toMatchObject({
      change: 'device removed',
      content: { size: { disk_bytes: 64 * 2 ** 20 } },
    })
  })

  test('a live migration changes the host and nothing else', async () => {
    await eye.tick()
    const [from, process, before] = [eye.facts.length, eye.counter(a(), 'cpu_time_ns').epoch, eye.counter(a(), READ)]
    // no tick comes between this and the end of the process that counted it
    await readDisk(one, 'a', 4096 * 100)
    const move = migrate(one, two, 'a', '--persistent', '--undefinesource')
    // listings in the middle of it
    for (let times = 0; times < 4; times += 1) await Promise.all([eye.tick(), sleep(300)])
    await move
    await settled()
    const listings = await eye.tick()
    expect(told(from)).toEqual([
      ['migrated', 'running', lastInstant(two, 'a', 'Resumed Migrated'), hostId(2)],
      ['migrated away', null, lastInstant(one, 'a', 'Stopped Migrated'), hostId(1)],
    ])
    expect(find(listings, a())).toMatchObject([
      { host: hostId(2), state: 'running', size: { vcpu_count: 2, memory_bytes: 144 * 2 ** 20 } },
    ])
    const states = eye.facts
      .slice(from)
      .flatMap((fact) => (fact.type === 'listing' ? find([fact], a()).map(({ state }) => state) : []))
    expect(new Set(states)).toEqual(new Set(['running']))
    expect(eye.last(a(), READ, process) - before.value).toBe(4096n * 100n)
    const arrived = eye.counter(a(), READ)
    expect(arrived.epoch).not.toBe(process)
    expect(arrived).toMatchObject({ origin_ms: lastInstant(two, 'a', 'Started Migrated') })
    await readDisk(two, 'a', 2 ** 20)
    await eye.tick()
    expect(eye.counter(a(), READ).value - arrived.value).toBe(2n ** 20n)
  })

  test('a migration that leaves the definition behind, and back: one runs, the other is stopped', async () => {
    const from = eye.facts.length
    await migrate(two, one, 'a')
    await settled()
    const listings = await eye.tick()
    expect(told(from)).toEqual([
      ['migrated', 'running', lastInstant(one, 'a', 'Resumed Migrated'), hostId(1)],
      ['migrated away', 'stopped', lastInstant(two, 'a', 'Stopped Migrated'), hostId(2)],
    ])
    expect(find(listings, a()).map(({ host, state }) => [host, state])).toEqual([
      [hostId(1), 'running'],
      [hostId(2), 'stopped'],
    ])
    const back = eye.facts.length
    await migrate(one, two, 'a')
    await settled()
    await eye.tick()
    expect(told(back)).toEqual([
      ['migrated', 'running', lastInstant(two, 'a', 'Resumed Migrated'), hostId(2)],
      ['migrated away', null, lastInstant(one, 'a', 'Stopped Migrated'), hostId(1)],
    ])
  })

  test('save and restore stop and start at libvirt’s instants, and the counters begin anew', async () => {
    await eye.tick()
    const [from, before] = [eye.facts.length, eye.counter(a(), READ)]
    await readDisk(two, 'a', 4096 * 50)
    await virsh(two, 'save', 'a', join(dir, 'a.save'))
    await settled()
    expect(find(await eye.tick(), a())).toMatchObject([{ state: 'stopped' }])
    await virsh(two, 'restore', join(dir, 'a.save'))
    await settled()
    await eye.tick()
    expect(told(from)).toEqual([
      ['suspended', 'paused', lastInstant(two, 'a', 'Suspended Paused'), hostId(2)],
      ['saved', 'stopped', lastInstant(two, 'a', 'Stopped Saved'), hostId(2)],
      ['restored', 'running', lastInstant(two, 'a', 'Started Restored'), hostId(2)],
    ])
    const restored = eye.counter(a(), READ)
    expect(restored.epoch).not.toBe(before.epoch)
    expect(eye.last(a(), READ, before.epoch) - before.value).toBe(4096n * 50n)
    expect(restored.origin_ms).toBe(lastInstant(two, 'a', 'Started Restored'))
  })

  test('an agent that restarts continues the epochs, and one that missed a restart doesn’t', async () => {
    await eye.tick()
    await eye.close()
    const [kept, missed] = [eye.counter(a(), 'cpu_time_ns'), eye.counter(uuids['c'] ?? '', 'cpu_time_ns')]
    await virsh(two, 'destroy', 'c')
    await virsh(two, 'start', 'c')
    await eye.open(hosts.uris)
    await eye.tick()
    expect(eye.counter(a(), 'cpu_time_ns')).toMatchObject({ epoch: kept.epoch, origin_ms: kept.origin_ms })
    const unseen = eye.counter(uuids['c'] ?? '', 'cpu_time_ns')
    expect(unseen.epoch).not.toBe(missed.epoch)
    expect(unseen.origin_ms).toBeUndefined()
  })

  test('destroy and undefine end the machine at libvirt’s instants', async () => {
    const from = eye.facts.length
    await virsh(two, 'destroy', 'a')
    await virsh(two, 'undefine', 'a')
    await settled()
    expect(told(from)).toEqual([
      ['destroyed', 'stopped', lastInstant(two, 'a', 'Stopped Destroyed'), hostId(2)],
      ['undefined', null, lastInstant(two, 'a', 'Undefined Removed'), hostId(2)],
    ])
    const listings = await eye.tick()
    expect(find(listings, a())).toEqual([])
    expect(listings.every(({ complete }) => complete)).toBe(true)
  })

  test('another listener heard the same events within 100 ms', () => {
    for (const [index, uri] of hosts.uris.entries()) {
      const mine = heard.lines(uri).flatMap((line) => parseEvent(line) ?? [])
      const others = (recordings[index]?.lines() ?? []).flatMap((line) => parseEvent(line) ?? [])
      for (const event of mine) {
        const near = others.filter((other) => Math.abs(other.at_ms - event.at_ms) <= 100)
        expect(near.map(({ what, detail, domain }) => `${domain} ${what} ${detail}`)).toContain(
          `${event.domain} ${event.what} ${event.detail}`,
        )
      }
    }
  })

  test('every fact is one that the wire takes', () => {
    const source = '0199b4a0-0000-7000-8000-000000000000'
    for (const fact of eye.facts) {
      if (fact.type === 'listing') continue
      const checked = Fact.safeParse({ ...fact, source, ...(fact.type === 'readings' && { interval_ms: 10_000 }) })
      expect(checked.error?.message).toBeUndefined()
    }
  })

  test('a host that dies is named, the other one goes on, and it is taken up again when it is back', async () => {
    await hosts.kill(2)
    const from = eye.facts.length
    const error = await eye.tick().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ConnectorError)
    expect(error).toMatchObject({ code: 'unreachable', message: expect.stringMatching(/1 of 2 hosts.*18502/) })
    const listed = eye.facts.slice(from).flatMap((fact) => (fact.type === 'listing' ? fact.scope.external_id : []))
    expect(listed).toEqual([hostId(1)])
    const process = eye.counter(uuids['c'] ?? '', 'cpu_time_ns').epoch
    await hosts.start(2)
    await until('host 2 is listed', async () => (await eye.tick().catch(() => [])).length === 2)
    // its guest lived on, and so does its epoch
    expect(eye.counter(uuids['c'] ?? '', 'cpu_time_ns').epoch).toBe(process)
    const before = eye.facts.length
    await until('events come again', async () => {
      await virsh(two, 'suspend', 'c')
      await virsh(two, 'resume', 'c')
      await sleep(500)
      return eye.events(uuids['c'] ?? '', before).length > 0
    })
  })

  test('a wrong URI and a missing virsh say what to do', async () => {
    const none = new Eye()
    for (const uris of [
      [],
      [''],
      ['nonsense'],
      ['http://host/system'],
      ['qemu+ext:///system?command=/bin/sh'],
      ['qemu+ssh://h/system?%63ommand=x'],
    ]) {
      await expect(none.open(uris)).rejects.toMatchObject({ code: 'bad_settings' })
    }
    const wrong = async (uri: string, code: string) => {
      const other = new Eye()
      await other.open([uri])
      await expect(other.tick()).rejects.toMatchObject({ code, message: expect.stringContaining(uri) })
      await other.close()
    }
    await wrong('qemu+tcp://127.0.0.1:18501/nowhere', 'bad_settings')
    await wrong('qemu+tcp://127.0.0.1:9/system', 'unreachable')
    const here = process.env['PATH']
    process.env['PATH'] = '/nonexistent'
    const lost = new Eye()
    await lost.open([one])
    await expect(lost.tick()).rejects.toMatchObject({
      code: 'missing_tool',
      remedy: expect.stringContaining('libvirt-clients'),
    })
    await lost.close()
    process.env['PATH'] = here
  })
})
