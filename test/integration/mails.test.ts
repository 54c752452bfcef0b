/** Documents by mail: one to each recipient, whatever the server says and whoever is killed; what nobody can know is said, never sent again. */
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { changeAccount, changeLegalEntity } from '#control-plane/accounts/index.ts'
import { newId } from '#control-plane/base/id.ts'
import { iso } from '#control-plane/base/time.ts'
import { finalise, getInvoice, letterWriter, sendDocument } from '#control-plane/billing/index.ts'
import { finaliseClose, mailClose, openClose, workOnCloses } from '#control-plane/closing/index.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import type { Context } from '#control-plane/db/index.ts'
import { rows } from '#control-plane/db/index.ts'
import { system } from '#control-plane/base/actor.ts'
import { confirmArrival, createPost, LEASE_MS, listMails, queueMails, sendMails } from '#control-plane/mails/index.ts'
import { endsWithUs } from '../../deploy/process.ts'
import { Dice } from '../chaos/dice.ts'
import { openPostOffice, type PostOffice, readable } from '../setup/post-office.ts'
import { Suite } from '../setup/stack.ts'
import { enrolledAgent, vm } from './agent.ts'
import { urlsFor } from './http.ts'
import { market, sell } from './ledger.ts'
import type { Prepared } from './prepared.ts'
import { raised } from '../setup/raised.ts'

const DAY = 86_400_000
const BEGIN = Date.parse('2026-07-10T00:00:00.000Z')
let suite: Suite
let world: Prepared
let office: PostOffice
const run = <T>(verb: (ctx: Context) => Promise<T>) => world.run(verb)
const lost: unknown[] = []

/** One look at the queue, as the background task does it. */
const look = (url = office.url) =>
  sendMails({
    db: world.db,
    now: () => world.clock.now,
    post: createPost(url, 'Atalaya <post@installation.example>'),
    compose: letterWriter({ publicUrl: 'https://bills.example', from: 'post@installation.example' }),
    onLost: (error) => lost.push(error),
  })
const mailsOf = async (subject_id: string) => (await run((ctx) => listMails(ctx, { subject_id, limit: 50 }))).items
const arrived = (number: string) => office.arrivals.filter(({ text }) => text.includes(`${number}.pdf`))

let count = 0
async function invoiced(email: string, language: 'en' | 'es' = 'en') {
  const name = `customer-${(count += 1)}`
  const { id } = await run((ctx) => openAccount(ctx, { name, tax_id: '', email, zone: 'UTC', language }))
  const agent = await enrolledAgent(world, name, id)
  const machines = [vm(`${name}-vm`)]
  await agent.send([{ ...agent.listing(world.clock.now, name, machines), interval_ms: DAY }])
  world.clock.now += DAY
  await agent.send([{ ...agent.listing(world.clock.now, name, machines), interval_ms: DAY }])
  const invoice_id = await finalise(world.db, system('test'), () => world.clock.now, newId(), { account_id: id })
  return { account_id: id, invoice: await run((ctx) => getInvoice(ctx, invoice_id)) }
}
const send_automatically = (is: boolean) =>
  run((ctx) => changeLegalEntity(ctx, world.legal_entity_id, { send_automatically: is }))

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(BEGIN))
  await sell(world, { meter: 'vcpu', amount: '0.05' })
  await run((ctx) =>
    changeLegalEntity(ctx, world.legal_entity_id, { name: 'Seller Ñ', email: 'billing@seller.example' }),
  )
  office = await openPostOffice(suite)
})
afterAll(() => suite.end())

test('nothing goes by itself unless the company says so; then one mail goes, with the PDF, in the language of the account', async () => {
  const quiet = await invoiced('quiet@customer.example')
  await look()
  expect([await mailsOf(quiet.invoice.id), office.arrivals]).toEqual([[], []])
  await send_automatically(true)
  const { invoice } = await invoiced('ana@customer.example', 'es')
  expect(await mailsOf(invoice.id)).toMatchObject([{ state: 'queued', recipient: 'ana@customer.example', copy: 0 }])
  for (let n = 0; n < 3; n += 1) await look()
  const [mail, ...more] = arrived(invoice.number)
  expect(more).toEqual([])
  expect([mail!.to, mail!.from]).toEqual(['ana@customer.example', 'post@installation.example'])
  const text = readable(mail!.text)
  expect(text).toMatch(/^From: .*Seller Ñ.*<billing@seller\.example>/m)
  expect(text).toMatch(/^Sender: post@installation\.example/m)
  expect(text).toContain(`Factura ${invoice.number} de Seller Ñ`)
  expect(text).toContain(`Total: ${invoice.totals.total.replace('.', ',')} EUR`)
  expect(text).toContain(`Vencimiento: ${invoice.due_at.slice(0, 10).split('-').toReversed().join('/')}`)
  expect(text).toContain(`https://bills.example/invoices/${invoice.id}`)
  const encoded = /filename=.*?\r\n\r\n([\s\S]*?)\r\n--/.exec(mail!.text)?.[1] ?? ''
  expect(Buffer.from(encoded, 'base64').subarray(0, 5).toString()).toBe('%PDF-')
  const [row] = await mailsOf(invoice.id)
  expect(row).toMatchObject({ state: 'sent', attempts: 1, reason: '', message_id: mail!.message_id })
  expect(row!.answer).toMatch(/^250 /)
  expect(row!.message_id).toMatch(/@seller\.example>$/)
})

test('a server that asks to come back later is asked again after a while, and gets it once', async () => {
  office.behave('later')
  const { invoice } = await invoiced('grey@customer.example')
  await look()
  expect(await mailsOf(invoice.id)).toMatchObject([{ state: 'queued', attempts: 1, is_open: false }])
  expect((await mailsOf(invoice.id))[0]!.reason).toContain('greylisted')
  office.behave('take')
  await look()
  expect(arrived(invoice.number)).toEqual([])
  world.clock.now += 61_000
  await look()
  await look()
  expect(arrived(invoice.number)).toHaveLength(1)
  expect(await mailsOf(invoice.id)).toMatchObject([{ state: 'sent', attempts: 2 }])
})

test('what is refused for good fails with what the server said, and goes by hand to the corrected address', async () => {
  office.behave('refuse')
  const { invoice, account_id } = await invoiced('gone@customer.example')
  await look()
  world.clock.now += DAY
  await look()
  expect(await mailsOf(invoice.id)).toMatchObject([{ state: 'failed', attempts: 1, is_open: true }])
  expect((await mailsOf(invoice.id))[0]!.reason).toContain('550')
  office.behave('take')
  await look()
  expect(arrived(invoice.number)).toEqual([])
  await run((ctx) => changeAccount(ctx, account_id, { email: 'here@customer.example' }))
  await run((ctx) => sendDocument(ctx, invoice.id, undefined))
  // while it is under way it is not sent once more
  await expect(run((ctx) => sendDocument(ctx, invoice.id, undefined))).rejects.toMatchObject({ code: 'conflict' })
  await look()
  expect(arrived(invoice.number).map(({ to }) => to)).toEqual(['here@customer.example'])
  expect((await mailsOf(invoice.id)).map(({ state, is_open }) => [state, is_open]).toSorted()).toEqual([
    ['failed', false],
    ['sent', false],
  ])
})

test('without a server, or with a wrong password, it waits; no password is told', async () => {
  const { invoice } = await invoiced('patient@customer.example')
  await look('smtp://us:hunter2@127.0.0.1:1')
  expect((await mailsOf(invoice.id))[0]).toMatchObject({ state: 'queued', attempts: 1 })
  world.clock.now += 61_000
  office.behave('no_entry')
  await look()
  const [row] = await mailsOf(invoice.id)
  expect(row).toMatchObject({ state: 'queued', attempts: 2 })
  expect(row!.reason).toContain('535')
  const kept = await rows(
    world.db,
    sql`select coalesce(string_agg(m::text, ''), '') || (select coalesce(string_agg(e::text, ''), '') from event e) as all from mail m`,
  )
  expect(JSON.stringify(kept)).not.toContain('hunter2')
  office.behave('take')
  world.clock.now += DAY
  await look()
  expect(arrived(invoice.number)).toHaveLength(1)
})

test('a server that breaks off before it has the letter gets it again; one that breaks off after it, never by itself', async () => {
  office.behave('deaf')
  const first = await invoiced('deaf@customer.example')
  await look()
  expect(await mailsOf(first.invoice.id)).toMatchObject([{ state: 'queued', attempts: 1 }])
  office.behave('take')
  world.clock.now += 61_000
  await look()
  office.behave('mute')
  const second = await invoiced('mute@customer.example')
  await look()
  office.behave('take')
  world.clock.now += 2 * DAY
  await look()
  const [deaf] = await mailsOf(first.invoice.id)
  expect([deaf!.state, deaf!.attempts, arrived(first.invoice.number).length]).toEqual(['sent', 2, 1])
  const [mute] = await mailsOf(second.invoice.id)
  expect(mute).toMatchObject({ state: 'unknown', is_open: true, attempts: 1 })
  expect(arrived(second.invoice.number)).toHaveLength(1)
  await run((ctx) => confirmArrival(ctx, mute!.id))
  expect(await mailsOf(second.invoice.id)).toMatchObject([{ state: 'sent', is_open: false }])
  await expect(run((ctx) => confirmArrival(ctx, mute!.id))).rejects.toMatchObject({ code: 'conflict' })
})

test('several addresses get one each; what is no address, and an account without one, stand in the queue of what failed', async () => {
  const several = await invoiced('one@customer.example; TWO@customer.EXAMPLE, one@customer.example, nobody')
  const none = await invoiced('')
  await look()
  expect(
    arrived(several.invoice.number)
      .map(({ to }) => to)
      .toSorted(),
  ).toEqual(['TWO@customer.EXAMPLE', 'one@customer.example'])
  const open = await run((ctx) => listMails(ctx, { open: 'true', limit: 50 }))
  expect(open.items.filter(({ subject }) => subject.id === several.invoice.id)).toMatchObject([{ recipient: 'nobody' }])
  expect(open.items.filter(({ subject }) => subject.id === none.invoice.id)).toMatchObject([
    { recipient: '', reason: expect.stringContaining('no billing address') },
  ])
})

test('what a close issued is sent at once, and a second time nothing is', async () => {
  await send_automatically(false)
  const { id } = await run((ctx) =>
    openAccount(ctx, { name: 'monthly', tax_id: '', email: 'm@customer.example', zone: 'Europe/Madrid' }),
  )
  const agent = await enrolledAgent(world, 'monthly', id)
  for (const end = Date.parse('2026-09-02T00:00:00.000Z'); world.clock.now < end; world.clock.now += 7 * DAY)
    await agent.send([{ ...agent.listing(world.clock.now, 'monthly', [vm('monthly-vm')]), interval_ms: DAY }])
  await agent.send([{ ...agent.listing(world.clock.now, 'monthly', [vm('monthly-vm')]), interval_ms: DAY }])
  const close = await run((ctx) => openClose(ctx, { month: '2026-08', grace_hours: 0 }))
  await workOnCloses(world.db, () => world.clock.now, raised)
  await run((ctx) => finaliseClose(ctx, close.id, { early: true }))
  await workOnCloses(world.db, () => world.clock.now, raised)
  const issued = (
    await rows<{ n: string }>(
      world.db,
      sql`select count(*) as n from period_close_account, jsonb_array_elements(invoices) where close_id = ${close.id}`,
    )
  )[0]!
  expect(Number(issued.n)).toBeGreaterThan(0)
  expect(await run((ctx) => mailClose(ctx, close.id))).toEqual({ queued: Number(issued.n) })
  expect(await run((ctx) => mailClose(ctx, close.id))).toEqual({ queued: 0 })
  const before = office.arrivals.length
  await look()
  const to = office.arrivals.slice(before).filter((one) => one.to === 'm@customer.example')
  expect(to.length).toBeGreaterThan(0)
  expect(new Set(to.map(({ message_id }) => message_id)).size).toBe(to.length)
})

test('who died before the last byte went out sent nothing, and it goes; after it, it is unknown and stays so', async () => {
  const queue = async () => {
    const subject = { kind: 'invoice' as const, id: newId(), name: 'X' }
    await run((ctx) =>
      queueMails(ctx, { subject, account_id: world.account_id, to: 'x@customer.example', domain: 'x' }),
    )
    return subject.id
  }
  const [early, late] = [await queue(), await queue()]
  const at = iso(world.clock.now)
  await world.db.execute(
    sql`update mail set state = 'sending', attempts = 1, started_at = ${at} where subject_id in (${early}, ${late})`,
  )
  await world.db.execute(sql`update mail set handed_at = ${at} where subject_id = ${late}`)
  await look()
  expect((await mailsOf(early))[0]!.state).toBe('sending')
  world.clock.now += LEASE_MS + 1
  await look()
  expect((await mailsOf(early))[0]!.state).toBe('queued')
  expect((await mailsOf(late))[0]).toMatchObject({ state: 'unknown', is_open: true })
})

test('processes that are killed at random moments send every mail once, and say of each whether they know', async () => {
  const busy = await openPostOffice(suite, () => 3)
  const { work } = await urlsFor(world)
  const ids = Array.from({ length: 40 }, () => newId())
  const began = Date.now()
  world.clock.now = began
  await world.db.execute(sql`update mail set settled_at = now(), state = 'failed' where state in ('queued', 'sending')`)
  for (const id of ids)
    await run((ctx) =>
      queueMails(ctx, {
        subject: { kind: 'invoice', id, name: 'X' },
        account_id: world.account_id,
        to: 'x@customer.example',
        domain: 'seller.example',
      }),
    )
  const dice = new Dice(7, 'mails')
  const command = ['bun', join(import.meta.dirname, 'mail-worker.ts'), work, busy.url, `${began}`, '300']
  const start = () => {
    const child = Bun.spawn(endsWithUs(command), { stdout: 'pipe', stderr: 'inherit' })
    const worker = { child, works: false }
    void child.stdout
      .getReader()
      .read()
      .then(({ done }) => (worker.works = !done))
    return worker
  }
  const workers = [start(), start()]
  let kills = 0
  const waiting = async () =>
    Number(
      (
        await rows<{ n: string }>(world.db, sql`select count(*) as n from mail where state in ('queued', 'sending')`)
      )[0]!.n,
    )
  try {
    for (const end = performance.now() + 90_000; (await waiting()) > 0 && performance.now() < end;) {
      await Bun.sleep(dice.between(50, 500))
      const place = dice.between(0, 1)
      if (!workers[place]!.works) continue
      workers[place]!.child.kill('SIGKILL')
      workers[place] = start()
      kills += 1
    }
  } finally {
    for (const { child } of workers) {
      child.kill('SIGKILL')
      await child.exited
    }
  }
  expect(await waiting()).toBe(0)
  expect(kills).toBeGreaterThan(3)
  const times = Map.groupBy(busy.arrivals, ({ message_id }) => message_id)
  const wrong: string[] = []
  const states: Record<string, number> = {}
  for (const id of ids) {
    const [row] = await mailsOf(id)
    const { state, message_id } = row!
    const came = times.get(message_id)?.length ?? 0
    states[state] = (states[state] ?? 0) + 1
    if (came > 1 || (state === 'sent' && came !== 1) || (state !== 'sent' && state !== 'unknown'))
      wrong.push(`${state}, and it came ${came} times`)
  }
  expect([wrong, JSON.stringify(states)]).toEqual([[], JSON.stringify(states)])
  expect(states['sent']).toBeGreaterThan(20)
  expect(lost.length).toBe(0)
}, 150_000)
