/** Re-rating: late facts, corrected owners and corrected prices become minimal notes; what was issued stays as it is. */
import { Big } from 'big.js'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { changeLegalEntity } from '#control-plane/accounts/index.ts'
import { system } from '#control-plane/base/actor.ts'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import {
  finalise,
  getInvoice,
  issueNotes,
  openDifferences,
  readyToReRate,
  reRate,
  verify,
} from '#control-plane/billing/index.ts'
import { databaseError } from '#control-plane/db/index.ts'
import { checkNotes, type Document } from '#control-plane/billing/notes/verify.ts'
import { findInvoice, linesOfInvoice } from '#control-plane/billing/store.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, vm } from './agent.ts'
import { apiOf } from './http.ts'
import { market, sell, settled, transfer } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const START = Date.parse('2026-11-10T08:00:00.000Z')
let suite: Suite
let world: Prepared

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(START))
  await sell(world, { meter: 'vcpu', amount: '0.05' })
  await sell(world, { meter: 'network_transmit_bytes', per: 'quantity', unit: 'kB', amount: '0.003' })
})
afterAll(() => suite.end())

const actor = system('test')
const now = () => world.clock.now
async function issued(account_id: string, to: number) {
  const id = await finalise(world.db, actor, now, newId(), { account_id, to: iso(to) })
  return world.run((ctx) => getInvoice(ctx, id))
}
const invoiceOf = (id: string) => world.run((ctx) => getInvoice(ctx, id))
async function reviewed(account_id: string, at?: number) {
  const cut = await readyToReRate(world.db, actor, now, { cut: at })
  return world.run((ctx) => reRate(ctx, account_id, cut))
}
async function noted(account_id: string) {
  const { cut, digest } = await reviewed(account_id)
  const ids = await world.run((ctx) => issueNotes(ctx, account_id, { cut, digest }))
  return Promise.all(ids.map(invoiceOf))
}
const findings = async () => (await world.run(verify)).findings

/** A customer with one machine that was seen at the start, and whose counters are read each hour. */
async function customer(name = newId()): Promise<{ agent: Agent; account_id: string; machine: string }> {
  const { id } = await world.run((ctx) => openAccount(ctx, { name, tax_id: '', email: '' }))
  const agent = await enrolledAgent(world, name, id)
  await agent.send([agent.listing(START, 'h', [vm(`${name}-vm`)])])
  return { agent, account_id: id, machine: `${name}-vm` }
}

test('late facts, a corrected owner and a corrected price each become one note, with its cause', async () => {
  const [one, other] = [await customer(), await customer()]
  const read = (at: number, value: number) =>
    one.agent.readings(at, one.machine, { 'network_transmit_bytes/eth0': value })
  await one.agent.send([read(START, 0), read(START + HOUR_MS, 100_000)])
  world.clock.now = START + 10 * HOUR_MS
  const first = await issued(one.account_id, START + 10 * HOUR_MS)
  const second = await issued(other.account_id, START + 10 * HOUR_MS)
  expect([first.totals.net, second.totals.net]).toEqual(['1.30', '1.00'])
  expect((await reviewed(one.account_id)).documents).toEqual([])

  // late: its network went on
  await one.agent.send([read(START + 2 * HOUR_MS, 200_000)])
  const [late] = await noted(one.account_id)
  expect(late).toMatchObject({
    document_type: 'debit_note',
    number: 'A-2026-DN-000001',
    corrects: { invoice_id: first.id, number: first.number },
    totals: { net: '0.30', tax: '0.07', total: '0.37' },
  })
  expect(late!.lines.map((line) => [line.component, line.net, line.correction])).toMatchObject([
    ['vm.network_transmit_bytes', '0.30', { billed: '0.30', due: '0.60', causes: ['late_facts'] }],
  ])

  // it belonged to the other from the fourth hour on
  world.clock.now += HOUR_MS
  await transfer(world, one.machine, other.account_id, START + 4 * HOUR_MS, 'sold earlier')
  const [credit] = await noted(one.account_id)
  expect(credit).toMatchObject({ document_type: 'credit_note', number: 'A-2026-CN-000001', totals: { net: '0.60' } })
  expect(credit!.lines[0]!.correction).toMatchObject({ billed: '1.00', due: '0.40', causes: ['corrected_owner'] })
  const [debit] = await noted(other.account_id)
  expect(debit).toMatchObject({
    document_type: 'debit_note',
    totals: { net: '0.60' },
    corrects: { invoice_id: second.id },
  })

  world.clock.now += HOUR_MS
  await sell(world, {
    meter: 'vcpu',
    amount: '0.04',
    effective_at: iso(START - 9 * HOUR_MS),
    correction: true,
    reason: 'mistyped',
  })
  const [cheaper] = await noted(one.account_id)
  expect(cheaper!.lines[0]!.correction).toMatchObject({ billed: '0.40', due: '0.32', causes: ['corrected_price'] })
  expect(await noted(one.account_id)).toEqual([])
  const after = await invoiceOf(first.id)
  const credited = [late, credit, cheaper]
    .filter((note) => note!.document_type === 'credit_note')
    .reduce((sum, note) => sum.plus(note!.totals.total), new Big(0))
  const open = new Big(first.totals.total).minus(credited)
  expect(after.settlement).toMatchObject({ credited: credited.toFixed(2), open: open.toFixed(2) })
  expect(after).toEqual({
    ...first,
    settlement: after.settlement,
    notes: [late, credit, cheaper].map((note) => ({
      invoice_id: note!.id,
      number: note!.number,
      issued_at: note!.issued_at,
      document_type: note!.document_type,
      total: note!.totals.total,
    })),
  })
  expect(await findings()).toEqual([])
})

test('a small difference is carried until it has grown over the threshold, and then settled whole', async () => {
  const { agent, account_id, machine } = await customer()
  const read = (hours: number, value: number) =>
    agent.readings(START + hours * HOUR_MS, machine, { 'network_transmit_bytes/eth0': value })
  await agent.send([read(0, 0)])
  await issued(account_id, START + 10 * HOUR_MS)
  await world.run((ctx) => changeLegalEntity(ctx, world.legal_entity_id, { note_threshold: 100 }))
  await agent.send([read(1, 200_000)])
  expect((await reviewed(account_id)).documents).toMatchObject([{ outcome: 'carried', totals: { net: '0.60' } }])
  expect(await noted(account_id)).toEqual([])
  await agent.send([read(2, 400_000)])
  expect(await noted(account_id)).toMatchObject([{ totals: { net: '1.20' } }])
  await world.run((ctx) => changeLegalEntity(ctx, world.legal_entity_id, { note_threshold: 0 }))
})

test('what was reviewed is what is issued: once, whoever asks at once, and never at a cut that notes have overtaken', async () => {
  const { agent, account_id, machine } = await customer()
  const read = (hours: number, value: number) =>
    agent.readings(START + hours * HOUR_MS, machine, { 'network_transmit_bytes/eth0': value })
  await agent.send([read(0, 0)])
  await issued(account_id, START + 10 * HOUR_MS)
  await agent.send([read(1, 1_000_000)])
  const first = await reviewed(account_id)
  await agent.send([read(2, 2_000_000)])
  const second = await reviewed(account_id)
  expect([first, second].map(({ documents }) => documents[0]!.totals.net)).toEqual(['3.00', '6.00'])
  // later facts change nothing of an earlier cut
  expect(await reviewed(account_id, first.cut)).toEqual(first)
  const issue = (review: typeof first) => world.run((ctx) => issueNotes(ctx, account_id, { cut: review.cut }))
  const made = await Promise.all([issue(second), issue(second), issue(second)])
  expect(made.flat()).toHaveLength(1)
  expect(await issue(second)).toEqual([])
  await expect(issue(first)).rejects.toMatchObject({ code: 'stale_review' })
  const { cut, digest } = second
  await expect(world.run((ctx) => issueNotes(ctx, account_id, { cut, digest }))).rejects.toMatchObject({
    code: 'stale_review',
  })
  await expect(world.run((ctx) => issueNotes(ctx, account_id, { cut: 2_000_000 }))).rejects.toMatchObject({
    code: 'invalid',
  })
})

test('a month that was passed over and was used after all gets an invoice of its own, at today’s tax; a note has its invoice’s', async () => {
  const name = newId()
  const { id } = await world.run((ctx) =>
    openAccount(ctx, { name, tax_id: '', email: '', contract_from: '2026-10-01T00:00:00.000Z' }),
  )
  const agent = await enrolledAgent(world, name, id)
  await agent.send([agent.listing(START, 'h', [vm(`${name}-vm`)])])
  const first = await issued(id, START + 10 * HOUR_MS)
  expect(first.period.from).toBe('2026-10-31T23:00:00.000Z')
  await world.run((ctx) => changeLegalEntity(ctx, world.legal_entity_id, { tax_rate: '10.00' }))
  await sell(world, {
    meter: 'vcpu',
    amount: '0.05',
    effective_at: '2026-10-01T00:00:00.000Z',
    correction: true,
    reason: 'sold since October',
  }).catch(() => {})
  // a listing of October comes late: it was there already
  const october = Date.parse('2026-10-30T23:00:00.000Z')
  await agent.send([agent.listing(october, 'h', [vm(`${name}-vm`)])])
  const made = await noted(id)
  expect(made.map((one) => [one.document_type, one.content.taxes[0]!.rate])).toEqual([
    ['debit_note', '21.00'],
    ['invoice', '10.00'],
  ])
  expect(made[1]!.period).toEqual({ from: '2026-10-01T00:00:00.000Z', to: '2026-10-31T23:00:00.000Z' })
  expect(made[1]!.totals.net).toBe('2.40')
  expect((await reviewed(id)).documents).toEqual([])
  expect(await findings()).toEqual([])
  const listed = await world.run((ctx) => openDifferences(ctx, { limit: 50 }))
  expect(listed.items.filter(({ account }) => account.id === id)).toEqual([])
  await world.run((ctx) => changeLegalEntity(ctx, world.legal_entity_id, { tax_rate: '21.00' }))
})

test('the database refuses a second note of one cut, a note on nothing, and any change of one', async () => {
  const said = (work: Promise<unknown>) =>
    work.then(
      () => '',
      (error: unknown) => databaseError(error)?.constraint ?? databaseError(error)?.code,
    )
  const copy = (change: string) =>
    world.db.execute(
      sql.raw(
        `insert into invoice select (jsonb_populate_record(i, jsonb_build_object('id', gen_random_uuid(), 'series_number', 900, 'number', 'X'${change}))).* from invoice i where corrects_id is not null limit 1`,
      ),
    )
  expect(await said(copy(''))).toBe('invoice_note_once')
  expect(await said(copy(", 'corrects_id', null"))).toBe('invoice_corrects')
  expect(await said(world.db.execute(sql`update invoice set net_minor = 0`))).toBe('42501')
})

test('a note is a document like any other: by HTTP, with its lines explained and in both languages as PDF', async () => {
  const { agent, account_id, machine } = await customer()
  const call = await apiOf(suite, world)
  const read = (hours: number, value: number) =>
    agent.readings(START + hours * HOUR_MS, machine, { 'network_transmit_bytes/eth0': value })
  await agent.send([read(0, 0)])
  await issued(account_id, START + 10 * HOUR_MS)
  await agent.send([read(1, 1_000_000)])
  await settled(world)
  const { body: open } = await call('GET', '/re-ratings?limit=50')
  expect(open['items']).toContainEqual(expect.objectContaining({ net: '3.00', document_count: 1, problem: null }))
  const { body: review } = await call('POST', `/accounts/${account_id}/re-rating`, {})
  const { status, body } = await call('POST', `/accounts/${account_id}/notes`, {
    cut: review['cut'],
    digest: review['digest'],
  })
  expect([status, body['items']]).toMatchObject([201, [{ document_type: 'debit_note', totals: { net: '3.00' } }]])
  const [note] = body['items'] as { id: string; lines: { id: string }[] }[]
  const explained = await call('GET', `/invoices/${note!.id}/lines/${note!.lines[0]!.id}/explanation`)
  expect([explained.status, explained.body['segments']]).toMatchObject([200, [{ quantity: '1000000' }]])
  for (const language of ['en', 'es'])
    expect((await call('GET', `/invoices/${note!.id}/pdf?language=${language}`)).status).toBe(200)
  expect((await call('POST', `/accounts/${newId()}/re-rating`, {})).status).toBe(404)
})

test('the verifier finds a note that was made twice, gives back more than was billed, or is taxed otherwise', async () => {
  const { account_id, machine } = await customer()
  const original = await issued(account_id, START + 10 * HOUR_MS)
  await transfer(world, machine, world.account_id, START + 4 * HOUR_MS, 'sold earlier')
  const [note] = await noted(account_id)
  const said = (change: (whole: Document) => readonly Document[]) =>
    world.run(async (ctx) => {
      const whole = async (id: string): Promise<Document> => ({
        row: (await findInvoice(ctx, id))!,
        lines: (await linesOfInvoice(ctx, id)).map((line) => line.content),
      })
      const found = new Set<string>()
      const report = (check: string, _subject: string, detail: string) => found.add(`${check}: ${detail}`)
      await checkNotes(ctx, await whole(original.id), change(await whole(note!.id)), report)
      return [...found].join(' ')
    })
  const altered = ({ row, lines }: Document, line: object, content: object = {}): Document => ({
    row: { ...row, content: { ...row.content, ...content } },
    lines: lines.map((one) => ({ ...one, ...line })),
  })
  expect(await said((whole) => [whole])).toBe('')
  expect(await said((whole) => [whole, whole])).toContain('the same was noted twice')
  const more = { net: '1.10', correction: { billed: '1.00', due: '-0.10', causes: ['late_facts'], lines: [] } }
  expect(await said((whole) => [altered(whole, more)])).toContain('It gives back more than was billed')
  expect(await said((whole) => [altered(whole, { net: '0.61' })])).toContain('not the difference')
  const tax = { tax_rate: '10.00' }
  expect(await said((whole) => [altered(whole, tax)])).toContain('Its tax is not that of')
  const taxes = { taxes: [{ category: 'S', rate: '21.00', base: '0.60', tax: '0.06' }] }
  expect(await said((whole) => [altered(whole, {}, taxes)])).toContain('does not follow from all that is billed')
  expect(await said((whole) => [{ ...whole, lines: [] }])).toContain('is not billed as it is rated at cut')
})
