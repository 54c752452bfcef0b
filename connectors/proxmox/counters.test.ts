/** Which counters belong together, counted as bills count them: nothing twice, and what is unknown is not made up. */
import { describe, expect, test } from 'vitest'
import { advance, type Epoch, guestReadings, type Sight, sightOf } from './counters.ts'
import { type Guest, parseResources } from './map.ts'

const START = 1_700_000_000_000
const sight = (at_s: number, more: Partial<Omit<Sight, 'counters'>> & { netin?: bigint; netout?: bigint }): Sight => {
  const { netin = 0n, netout = 0n, ...rest } = more
  const counters = { network_receive_bytes: netin, network_transmit_bytes: netout }
  return { seen_ms: START + at_s * 1_000, node: 'a', uptime_s: 0, node_uptime_s: 100_000 + at_s, counters, ...rest }
}
/** Epochs of sights in turn; the cluster was looked at a minute before the first. */
function course(sights: Sight[], looked_ms = START - 60_000): Epoch[] {
  const found: Epoch[] = []
  for (const one of sights) found.push(advance(found.at(-1), one, found.length > 0 ? one.seen_ms - 30_000 : looked_ms))
  return found
}
const ids = (epochs: Epoch[]) => [...new Set(epochs.map(({ id }) => id))]

describe('one process', () => {
  test('keeps its epoch while its age is told late, early, and rounded', () => {
    const ages = [10, 40, 55, 98, 130, 152, 190, 215]
    const found = course(ages.map((uptime_s, at) => sight(at * 30, { uptime_s, netin: BigInt(at * 1_000) })))
    expect(ids(found)).toHaveLength(1)
    expect(new Set(found.map(({ origin_ms }) => origin_ms))).toEqual(new Set([START - 10_000]))
  })

  test('is the same after a step of our clock, for the node’s own clock tells', () => {
    const before = sight(0, { uptime_s: 500, netin: 7n })
    const after = { ...sight(30, { uptime_s: 530, netin: 9n }), seen_ms: START + 3_630_000 }
    expect(ids(course([before, after]))).toHaveLength(1)
  })

  test('is the same after an outage of hours in which it went on', () => {
    const found = course([sight(0, { uptime_s: 50, netin: 1n }), sight(7_200, { uptime_s: 7_245, netin: 5n })])
    expect(ids(found)).toHaveLength(1)
  })

  test('that lost a device counts on under another epoch, whose zero nobody knows', () => {
    const found = course([sight(0, { uptime_s: 500, netin: 900n }), sight(30, { uptime_s: 530, netin: 20n })])
    expect(ids(found)).toHaveLength(2)
    expect(found[1]?.origin_ms).toBeUndefined()
  })
})

describe('another process', () => {
  test('after a restart between two looks counts from zero, from its start', () => {
    const found = course([sight(0, { uptime_s: 500, netin: 900n }), sight(30, { uptime_s: 12, netin: 20n })])
    expect(found[1]).toMatchObject({ origin_ms: START + 18_000 })
    expect(ids(found)).toHaveLength(2)
  })

  test('after a migration: the old numbers shown under the new node are still those of the old process', () => {
    const found = course([
      sight(0, { uptime_s: 500, netin: 900n }),
      sight(30, { uptime_s: 528, netin: 950n, node: 'b', node_uptime_s: 7 }),
      sight(60, { uptime_s: 31, netin: 4n, node: 'b', node_uptime_s: 37 }),
    ])
    expect(found[1]?.id).toBe(found[0]?.id)
    expect(found[2]).toMatchObject({ origin_ms: START + 29_000 })
  })

  test('that outlived the outage longer than the one before it is told by the node’s clock', () => {
    const found = course([sight(0, { uptime_s: 60, netin: 900n }), sight(7_200, { uptime_s: 3_600, netin: 4_000n })])
    expect(ids(found)).toHaveLength(2)
    expect(found[1]?.origin_ms).toBe(START + 3_600_000)
  })

  test('on another node, known by our clock alone, doesn’t say when it was zero: that could count twice', () => {
    const later = sight(7_200, { uptime_s: 3_600, netin: 4_000n, node: 'b' })
    const found = course([sight(0, { uptime_s: 60, netin: 900n }), later])
    expect(ids(found)).toHaveLength(2)
    expect(found[1]?.origin_ms).toBeUndefined()
  })
})

test('a process that is met for the first time says when it was zero only if it began under our eyes', () => {
  const old = sight(0, { uptime_s: 500, netin: 9n })
  expect(advance(undefined, old, 0).origin_ms).toBeUndefined()
  expect(advance(undefined, old, START - 30_000).origin_ms).toBeUndefined()
  const young = sight(0, { uptime_s: 12, netin: 9n })
  expect(advance(undefined, young, START - 30_000).origin_ms).toBe(START - 12_000)
  expect(advance(undefined, young, 0).origin_ms).toBeUndefined()
})

describe('readings', () => {
  const guestOf = (row: Record<string, unknown>): Guest => {
    const all = parseResources([{ type: 'qemu', vmid: 100, node: 'a', status: 'running', maxcpu: 4, ...row }])
    const guest = all.guests.get('100')
    if (!guest) throw new Error('no guest')
    return guest
  }

  test('say counters exactly and gauges in cores and bytes, from the guest’s side', () => {
    const guest = guestOf({
      uptime: '60',
      netin: '18446744073709551615',
      netout: 5,
      cpu: '0.25',
      mem: 1_024,
      diskread: 7.5,
    })
    const seen = sightOf(guest, undefined, START)
    if (!seen) throw new Error('not seen')
    const [reading] = guestReadings(guest, 'i', seen, undefined, advance(undefined, seen, 0))
    expect(reading).toMatchObject({
      resource: { kind: 'vm', external_id: '100', incarnation: 'i' },
      counters: { network_receive_bytes: '18446744073709551615', network_transmit_bytes: 5 },
      gauges: { cpu_used_cores: 1, memory_used_bytes: 1_024, uptime_seconds: 60 },
    })
    // half a byte is no number of bytes
    expect(reading?.counters).not.toHaveProperty('disk_read_bytes')
  })

  test('are not repeated while pvestatd stands still: the spread of what comes after is then known to be estimated', () => {
    const guest = guestOf({ uptime: 60, netin: 5 })
    const [first, again] = [sightOf(guest, undefined, START), sightOf(guest, undefined, START + 30_000)]
    if (!first || !again) throw new Error('not seen')
    const epoch = advance(undefined, first, 0)
    expect(guestReadings(guest, '', again, epoch, advance(epoch, again, START))).toEqual([])
  })

  test('come from nothing that is stopped', () => {
    expect(sightOf(guestOf({ status: 'stopped', uptime: 0, netin: 0 }), undefined, START)).toBeUndefined()
    expect(sightOf(guestOf({ uptime: undefined }), undefined, START)).toBeUndefined()
  })
})
