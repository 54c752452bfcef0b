import { expect, test } from 'vitest'
import type { Content, Kind } from '#connectors/contract.ts'
import { type Decided, type Eye, heldOver, keysOf, matched, proofsOf, silences } from './rules.ts'

const U = '4c4c4544-0058-4b10-8034-b8c04f325432'
const SWAPPED = '44454c4c-5800-104b-8034-b8c04f325432'
const M = '0123456789abcdef0123456789abcdef'

interface Shown {
  kind?: Kind
  realm?: string
  from?: number
  to?: number | null
  running?: boolean
  evidence?: Content['evidence']
}
const eye = (
  id: string,
  { kind = 'host', realm = id, from = 0, to = null, running = true, evidence = {} }: Shown,
): Eye => ({
  id,
  realm,
  kind,
  identity: `${realm}\n${kind}\n${id}\n`,
  seen: [{ from, to, running, proofs: proofsOf(evidence) }],
})
const vm = (id: string, shown: Shown) => eye(id, { kind: 'vm', ...shown })
const plain = (eyes: Eye[], decided: Decided[] = []) =>
  matched(eyes, decided).map(({ resource_id, billed_id, evidence, from, to }) => [
    resource_id,
    billed_id,
    evidence,
    from,
    to,
  ])

test('an SMBIOS UUID is one in any case, spelling and byte order', () => {
  const key = keysOf(proofsOf({ smbios_uuid: U }))
  for (const spelled of [U.toUpperCase(), U.replaceAll('-', ''), `{${U}}`, SWAPPED])
    expect(keysOf(proofsOf({ smbios_uuid: spelled }))).toEqual(key)
})

test('what firmware and images leave in place of an identity is no proof', () => {
  for (const smbios_uuid of [
    '00000000-0000-0000-0000-000000000000',
    'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
    '03000200-0400-0500-0006-000700080009',
    '00020003-0004-0005-0006-000700080009',
    'Not Settable',
  ])
    expect(proofsOf({ smbios_uuid })).toEqual({})
  expect(proofsOf({ machine_id: 'uninitialized', macs: ['00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff'] })).toEqual({})
})

test('the eye outside is billed, else the one that saw first', () => {
  const evidence = { smbios_uuid: U }
  expect(plain([eye('a', { evidence }), vm('v', { evidence, from: 10 })])).toEqual([
    ['a', 'v', 'smbios_uuid', 10, null],
  ])
  expect(plain([eye('a', { evidence, from: 5 }), eye('b', { evidence })])).toEqual([['a', 'b', 'smbios_uuid', 5, null]])
  expect(plain([eye('b', { evidence }), eye('a', { evidence })])).toEqual([['b', 'a', 'smbios_uuid', 0, null]])
})

test('the strongest proof that both show decides: a cloned machine-id under another UUID is another machine', () => {
  const [one, clone] = [
    { smbios_uuid: U, machine_id: M },
    { smbios_uuid: U.replace('4c4c', '5d5d'), machine_id: M },
  ]
  expect(plain([vm('v', { evidence: one }), eye('a', { evidence: clone })])).toEqual([])
  expect(plain([vm('v', { evidence: one }), eye('a', { evidence: { machine_id: M } })])).toHaveLength(1)
  const macs = ['52:54:00:aa:bb:cc']
  expect(plain([vm('v', { evidence: { macs } }), eye('a', { evidence: { macs: ['5254.00AA.BBCC'] } })])).toHaveLength(1)
  expect(
    plain([vm('v', { evidence: { macs } }), eye('a', { evidence: { macs: [...macs, '02:42:00:00:00:01'] } })]),
  ).toEqual([])
})

test('two of one realm are never one; a third goes to the one that runs, and is billed with it', () => {
  const evidence = { smbios_uuid: U }
  const twins = [vm('v', { realm: 'r', evidence, running: false }), vm('w', { realm: 'r', evidence })]
  expect(plain(twins)).toEqual([])
  expect(plain([...twins, eye('a', { evidence })])).toEqual([['a', 'w', 'smbios_uuid', 0, null]])
})

test('an agent in a container is the container, though it shows the UUID of the host around it', () => {
  const macs = ['52:54:00:aa:bb:cc']
  const around = eye('h', { realm: 'cluster', evidence: { smbios_uuid: U } })
  const container = eye('c', { kind: 'container', realm: 'cluster', evidence: { macs } })
  const inside = eye('a', { from: 5, evidence: { smbios_uuid: U, macs } })
  // firmware's word is the stronger one: it is billed once, as the host
  expect(plain([around, container, inside])).toEqual([['a', 'h', 'smbios_uuid', 5, null]])
  expect(plain([around, container, inside], [{ a: 'a', b: 'h', same: false }])).toEqual([['a', 'c', 'macs', 5, null]])
})

test('a proof that more than eight show at once is a default of the factory', () => {
  const evidence = { smbios_uuid: U }
  const fleet = (count: number) => Array.from({ length: count }, (_, n) => eye(`h${n}`, { evidence }))
  expect(plain(fleet(8))).toHaveLength(7)
  expect(plain(fleet(9))).toEqual([])
})

test('a person’s word holds against the evidence, and joins through others', () => {
  const evidence = { smbios_uuid: U }
  const [v, a, b] = [vm('v', { evidence }), eye('a', { evidence }), eye('b', {})]
  expect(plain([v, a], [{ a: 'v', b: 'a', same: false }])).toEqual([])
  expect(plain([v, a, b], [{ a: 'b', b: 'a', same: true }])).toEqual([
    ['a', 'v', 'smbios_uuid', 0, null],
    ['b', 'v', 'hand', 0, null],
  ])
})

test('a set holds while its eyes see; after the outside eye saw the end the inside one must be heard again', () => {
  const evidence = { smbios_uuid: U }
  const eyes = [vm('v', { evidence, to: 100 }), eye('a', { evidence, from: 20 })]
  const covers = matched(eyes, [])
  expect(covers.map(({ from, to }) => [from, to])).toEqual([[20, 100]])
  expect(silences(covers, eyes)).toEqual([{ resource_id: 'a', at: 100 }])
  const held = (heard: [string, number][]) =>
    heldOver(covers, eyes, new Map(heard)).map(({ to, held_from }) => [to, held_from])
  expect(held([])).toEqual([[null, 100]])
  expect(held([['a/100', 130]])).toEqual([[130, 100]])
})
