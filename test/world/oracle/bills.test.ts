import { expect, test } from 'vitest'
import type { Machine, Truth } from '../truth.ts'
import { expected } from './index.ts'
import { at, DAY, HOUR, KEY, look, looks, machine, MINUTE, price, stretch, T0, tick, truth } from './small.ts'

const always = { machines: [machine([stretch(T0 - DAY, null)])], looks: looks(T0 - DAY, T0 + DAY) }
const draft = (parts: Partial<Truth>, account = 'acme') => {
  const bill = expected(truth({ ...always, ...parts })).drafts[account]
  if (!bill) throw new Error(`no draft for ${account}`)
  return bill
}

test('a line is rounded once and taxed on the whole', () => {
  const bill = draft({ decisions: [price('0.0123')] })
  // 24 h × 0.0123 = 0.2952; 21 % of 0.30 = 0.063
  expect(bill.lines).toEqual([
    {
      machine: KEY,
      component: 'vm.instance',
      price_from: T0 - 300 * DAY,
      quantity: '86400000',
      exact: '369/1250',
      net: '0.30',
      unobserved_ms: 0,
      estimated: false,
      gaps: [],
      gaps_more: 0,
    },
  ])
  expect(bill).toMatchObject({ period: { from: T0, to: T0 + DAY }, net: '0.30', tax: '0.06', total: '0.36' })
})

test('half a minor unit goes away from zero, in each currency at its own place', () => {
  const decisions = [price('0.0125', { per: 'hour' })]
  const one = { decisions, end: T0 + HOUR }
  expect(draft({ ...one, currency: 'EUR' }).net).toBe('0.01')
  expect(draft({ ...one, currency: 'KWD' }).net).toBe('0.013')
  expect(draft({ ...one, currency: 'JPY', decisions: [price('0.5')] }).net).toBe('1')
})

test('a monthly price is whole for a whole month, whatever the clocks do in it', () => {
  const march = { from: at('2026-02-28T23:00:00Z'), to: at('2026-03-31T22:00:00Z') }
  const parts = {
    end: march.to + DAY,
    accounts: [{ key: 'acme', zone: 'Europe/Madrid', contract_from: march.from }],
    looks: looks(T0, march.to + DAY),
    decisions: [price('743', { per: 'month' }), price('1', { meter: 'instance_running' })],
  }
  const bill = draft(parts)
  expect(bill.period).toEqual(march)
  expect(bill.lines.map((line) => line.net)).toEqual(['743.00', '743.00'])
})

test('stopped machines hold their disks and no processor', () => {
  const life = [stretch(T0, T0 + 6 * HOUR), stretch(T0 + 6 * HOUR, null, 'h1', 'stopped')]
  const decisions = [price('1'), price('0.5', { meter: 'vcpu', unit: 'vCPU' })]
  const bill = draft({ machines: [machine(life)], looks: looks(T0, T0 + DAY), decisions })
  expect(bill.lines.map(({ component, net }) => [component, net])).toEqual([
    ['vm.instance', '24.00'],
    ['vm.vcpu', '6.00'],
  ])
})

test('each part of a period has the price of its time, a flat one whatever the size', () => {
  const decisions = [
    price('1', { meter: 'vcpu', unit: 'vCPU' }),
    price('5', { meter: 'vcpu', unit: 'vCPU', model: 'flat', effective_at: T0 + 20 * HOUR, at: T0 }),
  ]
  const nets = draft({ decisions }).lines.map((line) => [line.price_from, line.net])
  expect(nets).toEqual([
    [T0 - 300 * DAY, '40.00'],
    [T0 + 20 * HOUR, '20.00'],
  ])
})

test('a correction changes the next bill and never one that was issued', () => {
  const finalise = { type: 'finalise', account: 'acme', as_of: T0 + 10 * HOUR, at: T0 + 11 * HOUR } as const
  const correction = price('3', { at: T0 + 12 * HOUR, effective_at: T0, correction: true, reason: 'wrong' })
  const out = expected(truth({ ...always, decisions: [price('1'), finalise, correction] }))
  expect(out.invoices['acme 1']).toMatchObject({ period: { from: T0, to: T0 + 10 * HOUR }, net: '10.00' })
  expect(out.drafts['acme']).toMatchObject({ period: { from: T0 + 10 * HOUR, to: T0 + DAY }, net: '42.00' })
  const replaced = price('4', { at: T0 + 12 * HOUR, correction: true, reason: 'wrong' })
  expect(draft({ decisions: [price('1'), replaced] }).net).toBe('96.00')
})

test('what arrived after an invoice was asked for is not on it', () => {
  const finalise = { type: 'finalise', account: 'acme', as_of: T0 + HOUR, at: T0 + 2 * HOUR } as const
  const late = looks(T0 - DAY, T0 + DAY).map((one) => ({ ...one, stored_at: T0 + 3 * HOUR }))
  const out = expected(truth({ ...always, looks: late, decisions: [price('1'), finalise] }))
  expect(out.invoices).toEqual({})
  expect(out.drafts['acme']?.net).toBe('24.00')
  const life = [stretch(T0 - DAY, T0 + 30 * MINUTE), stretch(T0 + 30 * MINUTE, null, 'h1', 'stopped')]
  const partly = looks(T0 - DAY, T0 + HOUR).map((one) =>
    one.seen_at < T0 + 30 * MINUTE ? one : { ...one, stored_at: T0 + 3 * HOUR },
  )
  const decisions = [price('1', { meter: 'instance_running' }), finalise]
  const issued = expected(truth({ machines: [machine(life)], looks: partly, decisions })).invoices
  expect(issued['acme 1']).toMatchObject({ net: '1.00', lines: [{ unobserved_ms: 35 * MINUTE }] })
})

test('a transfer divides at its instant and leaves the past', () => {
  const accounts = ['acme', 'bolt'].map((key) => ({ key, zone: 'UTC', contract_from: T0 }))
  const transfer = { type: 'transfer', machine: KEY, account: 'bolt', reason: '' } as const
  const decisions = [price('1'), { ...transfer, at: T0 + 9 * HOUR, effective_at: T0 + 9 * HOUR }]
  expect(draft({ accounts, decisions }).net).toBe('9.00')
  expect(draft({ accounts, decisions }, 'bolt').net).toBe('15.00')
  const corrected = [...decisions, { ...transfer, at: T0 + 12 * HOUR, effective_at: T0 + 4 * HOUR, reason: 'sold' }]
  expect(draft({ accounts, decisions: corrected }).net).toBe('4.00')
  const back = { ...transfer, account: 'acme', at: T0 + 13 * HOUR, effective_at: T0 + 6 * HOUR, reason: 'not sold' }
  expect(draft({ accounts, decisions: [...decisions, back] }).net).toBe('24.00')
})

test('a silence is billed as inferred and said', () => {
  const silent = looks(T0 - DAY, T0 + DAY).filter(({ seen_at }) => seen_at <= T0 + HOUR || seen_at >= T0 + 3 * HOUR)
  const parts = { looks: silent, decisions: [price('1')] }
  expect(draft(parts).lines[0]).toMatchObject({ net: '24.00', unobserved_ms: 2 * HOUR })
  const partial = looks(T0 + HOUR, T0 + 3 * HOUR).map((one) => ({ ...one, complete: false }))
  expect(draft({ ...parts, looks: [...silent, ...partial] }).lines[0]).toMatchObject({ unobserved_ms: 2 * HOUR })
  const cut = looks(T0 - DAY, T0 + 20 * HOUR)
  // the last listing was at 19:55
  expect(draft({ ...parts, looks: cut }).lines[0]).toMatchObject({ unobserved_ms: 4 * HOUR + 5 * MINUTE })
  const change = price('2', { at: T0, effective_at: T0 + 20 * HOUR })
  const divided = draft({ ...parts, looks: cut, decisions: [price('1'), change] })
  expect(divided.lines.map((line) => line.unobserved_ms)).toEqual([5 * MINUTE, 4 * HOUR])
})

test('a consumption line says unknown and spread time, and is estimated where a bound lies in the spread', () => {
  const decisions = [price('2', { meter: 'network_transmit_bytes', per: 'quantity', unit: 'MB' })]
  const ticks = [tick(T0 + HOUR, 0n), tick(T0 + 5 * HOUR, 4_000_000n), tick(T0 + 6 * HOUR, 9n, { epoch: 'boot-2' })]
  const line = draft({ ticks, decisions }).lines[0]
  expect(line).toMatchObject({ quantity: '4000000', net: '8.00', unobserved_ms: 5 * HOUR, estimated: false })
  // sold and the sale undone: no bound any more
  const transfer = { type: 'transfer', machine: KEY, at: T0, effective_at: T0 + 2 * HOUR } as const
  const undone = [
    { ...transfer, account: 'bolt', reason: '' },
    { ...transfer, account: 'acme', reason: 'not sold' },
  ]
  expect(draft({ ticks, decisions: [...decisions, ...undone] }).lines[0]).toMatchObject({ estimated: false })
  const change = price('4', { ...decisions[0], amount: '4', at: T0, effective_at: T0 + 2 * HOUR })
  expect(
    draft({ ticks, decisions: [...decisions, change] }).lines.map(({ net, estimated }) => [net, estimated]),
  ).toEqual([
    ['2.00', true],
    ['12.00', true],
  ])
})

test('a machine seen by two eyes is billed to the outer one while both see it', () => {
  const inside: Machine = machine([stretch(T0, null, 'web.inside')], {
    key: 'machine-1|host|web.inside|',
    realm: 'machine-1',
    kind: 'host',
    smbios_uuid: 'u-1',
  })
  const guest = machine([stretch(T0, T0 + 12 * HOUR)], { smbios_uuid: 'u-1' })
  const inner = looks(T0, T0 + DAY, 'web.inside').map((one) => ({ ...one, realm: 'machine-1' }))
  const sources = ['h1', 'web.inside'].map((id) => ({ id, realm: 'cluster', account: 'acme' }))
  const bill = draft({
    machines: [guest, inside],
    sources,
    looks: [...looks(T0, T0 + DAY), ...inner],
    decisions: [price('1'), price('10', { kind: 'host' })],
  })
  expect(bill.lines.map(({ component, net }) => [component, net])).toEqual([
    ['vm.instance', '12.00'],
    ['host.instance', '120.00'],
  ])
})

test('an inner eye stays covered until it is looked at after the outer one saw it last', () => {
  const inside = machine([stretch(T0 - DAY, null, 'web.inside')], {
    key: 'machine-1|host|web.inside|',
    realm: 'machine-1',
    kind: 'host',
    external_id: 'web.inside',
    smbios_uuid: 'u-1',
  })
  const guest = machine([stretch(T0 - DAY, T0 + 12 * HOUR)], { smbios_uuid: 'u-1' })
  const bill = (inner: number[]) =>
    draft({
      machines: [guest, inside],
      looks: [
        ...looks(T0 - DAY, T0 + DAY),
        ...inner.map((time) => look(time, 'web.inside', { source: 'h1', realm: 'machine-1', interval_ms: DAY })),
      ],
      decisions: [price('1'), price('10', { kind: 'host' })],
    }).lines.map(({ component, net }) => [component, net])
  expect(bill([T0 - DAY])).toEqual([['vm.instance', '12.00']])
  expect(bill([T0 - DAY, T0 + 18 * HOUR])).toEqual([
    ['vm.instance', '12.00'],
    ['host.instance', '60.00'],
  ])
})

test('usage that has no price stops the invoice', () => {
  const finalise = { type: 'finalise', account: 'acme', as_of: T0 + 10 * HOUR, at: T0 + 11 * HOUR } as const
  const late = price('1', { meter: 'vcpu', unit: 'vCPU', at: T0, effective_at: T0 + HOUR })
  expect(expected(truth({ ...always, decisions: [price('1'), late, finalise] })).invoices).toEqual({})
  const host = machine([stretch(T0 - DAY, null)], { key: 'cluster|host|h1|', kind: 'host' })
  const machines = [...always.machines, host]
  expect(expected(truth({ ...always, machines, decisions: [price('1'), finalise] })).invoices).toEqual({})
  const both = [price('1'), price('0', { kind: 'host' }), finalise]
  expect(expected(truth({ ...always, machines, decisions: both })).invoices['acme 1']?.net).toBe('10.00')
})
