/** What happens to guests, and what they count: migrations, stops, freed numbers, restarts, outages, each told once and at its instant. */
import type { Collected } from '#connectors/contract.ts'
import { ProxmoxRig } from '#test/connectors/proxmox.ts'
import { counters, events, Eye, find, kinds, listings } from '#test/connectors/pve/eye.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

let rig: ProxmoxRig
let eye: Eye
beforeEach(() => {
  rig = new ProxmoxRig()
  eye = new Eye(rig)
})
afterEach(async () => {
  await eye.restart()
  await rig.end()
})

describe('what happens to guests', () => {
  beforeEach(() => void rig.world.add('a', { vmid: 100, node: 'pve1', started_ms: Date.now() - 90_000 }))

  test('a migration keeps the guest one and tells the instant of its move', async () => {
    const [before] = find(await eye.tick(), '100')
    rig.world.migrate(100, 'pve2')
    const facts = await eye.tick()
    expect(find(facts, '100')).toMatchObject([{ scope: 'pve2', host: 'pve2', incarnation: before?.incarnation }])
    const at = (rig.world.tasks[0]?.endtime ?? 0) * 1_000
    expect(events(facts)).toMatchObject([
      { change: 'qmigrate begun', seen_at_ms: at - 3_000, scope: { external_id: 'pve1' }, content: {} },
      { change: 'qmigrate', seen_at_ms: at, scope: { external_id: 'pve2' }, content: { host: 'pve2' } },
      { change: 'qmigrate', seen_at_ms: at, scope: { external_id: 'pve1' }, content: null },
    ])
    expect(events(await eye.tick())).toEqual([])
  })

  test('HA starts it elsewhere while its node is gone: it left the node that can’t be listed', async () => {
    await eye.tick()
    const node = rig.world.nodes.get('pve1')
    if (node) node.online = false
    rig.world.recover(100, 'pve3')
    const facts = await eye.tick()
    expect(find(facts, '100')).toMatchObject([{ scope: 'pve3', state: 'running' }])
    expect(events(facts).map(({ change, scope, content }) => [change, scope.external_id, content])).toContainEqual([
      'moved',
      'pve1',
      null,
    ])
  })

  test('a stop and a start are told to the second, and a list that lags behind doesn’t undo them', async () => {
    await eye.tick()
    rig.world.hold()
    rig.world.stop(100)
    const facts = await eye.tick()
    const at = (rig.world.tasks[0]?.endtime ?? 0) * 1_000
    expect(events(facts)).toMatchObject([{ change: 'qmstop', seen_at_ms: at, content: { state: 'stopped' } }])
    expect(find(facts, '100')).toMatchObject([{ state: 'stopped' }])
    rig.world.release()
    rig.world.start(100)
    expect(find(await eye.tick(), '100')).toMatchObject([{ state: 'running' }])
    // what nobody ordered shows in the list alone
    eye.passed_ms += 60_000
    rig.world.guest(100).status = 'paused'
    expect(find(await eye.tick(), '100')).toMatchObject([{ state: 'paused' }])
  })

  test('another guest under a freed number is another one, a VM as well as a container that has nothing to tell it by', async () => {
    rig.world.add('box', { vmid: 101, type: 'lxc' })
    const first = await eye.tick()
    for (const vmid of [100, 101]) rig.world.destroy(vmid)
    rig.world.add('again', { vmid: 100, ctime_s: 1_600_000_000 })
    rig.world.add('again', { vmid: 101, type: 'lxc' })
    const second = await eye.tick()
    for (const id of ['100', '101']) {
      const [[old], [young]] = [find(first, id), find(second, id)]
      expect(young?.incarnation).not.toBe(old?.incarnation)
      const gone = events(second).filter(({ resource }) => resource.external_id === id)
      expect(gone).toMatchObject([{ resource: { incarnation: old?.incarnation }, content: null }])
    }
    await eye.restart()
    expect(find(await eye.tick(), '101')).toMatchObject([{ incarnation: find(second, '101')[0]?.incarnation }])
  })

  test('a failed task changes nothing and is told; a backup has a beginning and an end', async () => {
    await eye.tick()
    rig.world.task(rig.world.guest(100), 'stop', 0, 'got timeout')
    rig.world.backup(100, 9)
    const facts = await eye.tick()
    expect(events(facts).map(({ change, content }) => [change, content])).toEqual(
      expect.arrayContaining([
        ['qmstop failed', {}],
        ['vzdump begun', {}],
        ['vzdump', {}],
      ]),
    )
    expect(listings(facts).get('nas')?.resources).toHaveLength(1)
  })

  test('hundreds of tasks between two looks are all read, each told once', async () => {
    await eye.tick()
    for (let at = 0; at < 600; at += 1) rig.world.task(rig.world.guest(100), 'snapshot')
    expect(events(await eye.tick())).toHaveLength(600)
    expect(events(await eye.tick())).toEqual([])
    // a node that can't be asked for the rest stops no look
    for (let at = 0; at < 30; at += 1) rig.world.task(rig.world.guest(100), 'snapshot')
    const node = rig.world.nodes.get('pve1')
    if (node) node.mute = true
    expect(events(await eye.tick())).toHaveLength(25)
  })

  test('what was done while a look failed is told by the next one', async () => {
    await eye.tick()
    rig.world.stop(100)
    await rig.trouble('garbled')
    expect(events(await eye.tick())).toEqual([])
    expect(eye.error).toMatchObject({ code: 'bad_answer' })
    await rig.calm()
    expect(events(await eye.tick())).toMatchObject([{ change: 'qmstop', content: { state: 'stopped' } }])
  })

  test('what was done while the agent was away is told when it is back', async () => {
    await eye.tick()
    await eye.restart()
    rig.world.stop(100)
    expect(events(await eye.tick())).toMatchObject([{ change: 'qmstop', content: { state: 'stopped' } }])
  })

  test('a guest that is gone ends with the list of its node; a node that left the cluster holds nothing', async () => {
    rig.world.add('b', { vmid: 101, node: 'pve3' })
    await eye.tick()
    rig.world.guests.clear()
    rig.world.nodes.delete('pve3')
    const facts = await eye.tick()
    expect(eye.error).toBeUndefined()
    expect(listings(facts).get('pve1')).toMatchObject({ complete: true })
    expect(kinds(listings(facts).get('pve1'))).not.toContain('vm 100')
    expect(listings(facts).get('pve3')).toMatchObject({ complete: true, resources: [] })
    expect(listings(await eye.tick()).has('pve3')).toBe(false)
  })
})

describe('counters', () => {
  const last = (facts: Collected[], id = '100') => counters(facts, id).at(-1)
  beforeEach(() => void rig.world.add('a', { vmid: 100, started_ms: Date.now() - 9_000, netin: 500n }))

  test('go on over a restart of the agent, and begin anew with a new process', async () => {
    const first = last(await eye.tick())
    expect(first?.epoch).not.toHaveProperty('origin_ms')
    await eye.restart()
    // the list lags behind: by our clock alone it began later
    eye.passed_ms += 7_000
    rig.world.guest(100).netin += 100n
    const second = last(await eye.tick())
    expect([second?.epoch?.id, second?.counters?.['network_receive_bytes']]).toEqual([first?.epoch?.id, 600])
    rig.world.restart(100)
    rig.world.guest(100).netin += 40n
    const third = last(await eye.tick())
    expect(third?.epoch?.id).not.toBe(first?.epoch?.id)
    expect(third?.epoch?.origin_ms).toBeGreaterThan(0)
    expect(third?.counters?.['network_receive_bytes']).toBe(40)
  })

  test('of a guest that was born under our eyes count from zero', async () => {
    await eye.tick()
    rig.world.add('young', { vmid: 101, netin: 12n })
    expect(last(await eye.tick(), '101')?.epoch?.origin_ms).toBeGreaterThan(0)
  })

  test('above 2⁵³ come exactly', async () => {
    rig.world.guest(100).netin = 2n ** 60n + 1n
    expect(last(await eye.tick())?.counters?.['network_receive_bytes']).toBe('1152921504606846977')
  })

  test('after an outage, records fill the picture as history and never as usage', async () => {
    await eye.tick()
    await eye.restart()
    const now_s = Math.floor(Date.now() / 1_000)
    rig.world.records = [
      { time: now_s - 60, maxcpu: 4, cpu: 0.5, mem: 100, netin: 9_999 },
      { time: now_s + 300, maxcpu: 4, cpu: 0.5, mem: 1_024, netin: 9_999.5 },
      { time: now_s + 360, maxcpu: 4 },
    ]
    eye.passed_ms = 900_000
    const filled = counters(await eye.tick(), '100').filter(({ metered }) => metered === false)
    expect(filled).toMatchObject([
      { seen_at_ms: (now_s + 300) * 1_000, gauges: { cpu_used_cores: 2, memory_used_bytes: 1_024 } },
    ])
    expect(filled[0]).not.toHaveProperty('counters')
  })
})
