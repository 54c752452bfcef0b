/** Prices in the database: no two versions overlap, a closed cut keeps what it knew, and people get named errors. */
import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { newId } from '#control-plane/base/id.ts'
import { Problem } from '#control-plane/base/problem.ts'
import { fromIso, iso } from '#control-plane/base/time.ts'
import { NewPrice } from '#control-plane/catalog/contract.ts'
import { addPrice, createDefaultBook, hypothetical, listPrices, pricesAt } from '#control-plane/catalog/index.ts'
import { databaseError, rows, type Tx } from '#control-plane/db/index.ts'
import { Suite } from '../setup/stack.ts'
import { type Prepared, prepared } from './prepared.ts'

const NOW = '2026-11-10T12:00:00.000Z'
const EVER = { from: 0, to: fromIso('2040-01-01T00:00:00Z') }
let suite: Suite
let world: Prepared
let book: string

beforeAll(async () => {
  suite = new Suite()
  world = await prepared(suite, NOW)
  book = await world.run((ctx) => createDefaultBook(ctx, world.legal_entity_id))
})
afterAll(() => suite.end())
beforeEach(async () => {
  world.clock.now = fromIso(NOW)
  await world.db.execute(sql`delete from price_version`)
})

const memory = (over: Partial<NewPrice> = {}) =>
  NewPrice.parse({ kind: 'vm', meter: 'memory', model: 'per_unit', per: 'hour', unit: 'GiB', amount: '0.01', ...over })
/** Records a price from the present on, unless told otherwise. */
const add = (over: Partial<NewPrice> = {}) =>
  world.run((ctx) => addPrice(ctx, memory({ effective_at: iso(ctx.now()), ...over })))
const codeOf = (error: unknown) => (error instanceof Problem ? error.code : error)
const refusal = async (work: Promise<unknown>) =>
  codeOf(
    await work.then(
      () => 'accepted',
      (error: unknown) => error,
    ),
  )
const known = async (cut: number, interval = EVER) =>
  (await world.run((ctx) => pricesAt(ctx, book, interval, cut))).map((price) => [
    price.amount,
    iso(price.effective_at),
    price.ends_at === null ? null : iso(price.ends_at),
  ])

/** A version written past the program, as by hand in psql. */
const rawInsert = (tx: Pick<Tx, 'execute'>, effective_at: string) =>
  tx.execute(sql`insert into price_version
    (id, price_book_id, kind, meter, model, per, unit, amount, effective_at, actor, reason, recorded_at, cut_from)
    values (${newId()}, ${book}, 'vm', 'memory', 'per_unit', 'hour', 'GiB', 1, ${effective_at}::timestamptz, 'x', '', now(), 1)`)

test('the database itself refuses a version that overlaps another', async () => {
  await add()
  const error = await rawInsert(world.db, '2026-12-01T00:00:00Z').then(
    () => null,
    (cause: unknown) => cause,
  )
  expect(databaseError(error)).toEqual({ code: '23P01', constraint: 'price_version_no_overlap' })
})

test('a version that somebody else writes meanwhile is told as price_overlap', async () => {
  let adding: Promise<unknown> = Promise.resolve()
  await world.db.transaction(async (tx) => {
    await rawInsert(tx as unknown as Tx, '2026-12-01T00:00:00Z')
    adding = refusal(add())
    // The price waits for this transaction inside the constraint.
    for (let waiting = 0; waiting === 0;) {
      const [found] = await rows<{ count: string }>(
        world.db,
        sql`select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like 'insert into "price_version"%'
              and datname = current_database()`,
      )
      waiting = Number(found?.count)
      await Bun.sleep(20)
    }
  })
  expect(await adding).toBe('price_overlap')
})

test('two people who set a price at once are heard one after the other', async () => {
  await Promise.all([
    add({ amount: '1', effective_at: '2026-12-01T00:00:00Z' }),
    add({ amount: '2', effective_at: '2026-12-02T00:00:00Z' }),
  ])
  expect(await known(await world.openCut())).toEqual([
    ['1', '2026-12-01T00:00:00.000Z', '2026-12-02T00:00:00.000Z'],
    ['2', '2026-12-02T00:00:00.000Z', null],
  ])
})

test('a new version ends the current one, and one before a scheduled version ends at it', async () => {
  await add({ amount: '1' })
  await add({ amount: '3', effective_at: '2026-12-20T00:00:00+01:00' })
  await add({ amount: '2', effective_at: '2026-12-01T00:00:00Z' })
  expect(await known(await world.openCut())).toEqual([
    ['1', NOW, '2026-12-01T00:00:00.000Z'],
    ['2', '2026-12-01T00:00:00.000Z', '2026-12-19T23:00:00.000Z'],
    ['3', '2026-12-19T23:00:00.000Z', null],
  ])
  const at = (from: string, to: string) => ({ from: fromIso(from), to: fromIso(to) })
  const december = await known(await world.openCut(), at('2026-12-01T00:00:00Z', '2026-12-19T23:00:00Z'))
  expect(december.map(([amount]) => amount)).toEqual(['2'])
})

test('the past changes only by a correction with a reason, and a closed cut keeps what it knew', async () => {
  await add({ amount: '1' })
  const before = await world.closeCut()
  world.clock.now += 86_400_000
  expect(await refusal(add({ amount: '2', effective_at: '2026-11-10T18:00:00Z' }))).toBe('past_price')
  expect(await refusal(add({ amount: '2', effective_at: NOW }))).toBe('price_overlap')
  expect(await refusal(add({ amount: '2', effective_at: NOW, correction: true }))).toBe('past_price')
  await add({ amount: '2', effective_at: NOW, correction: true, reason: 'typing error' })
  await add({ amount: '3', effective_at: '2026-11-10T18:00:00Z', correction: true, reason: 'agreed by telephone' })
  expect(await known(before)).toEqual([['1', NOW, null]])
  expect(await known(await world.openCut())).toEqual([
    ['2', NOW, '2026-11-10T18:00:00.000Z'],
    ['3', '2026-11-10T18:00:00.000Z', null],
  ])
})

test('the first price of a component begins with the month, later ones when they are recorded', async () => {
  await add({ amount: '1', effective_at: undefined })
  await add({ amount: '2', effective_at: undefined })
  expect(await known(await world.openCut())).toEqual([
    ['1', '2026-10-31T23:00:00.000Z', NOW],
    ['2', NOW, null],
  ])
})

test('a past in which nothing had a price may be given one, which ends where the present one begins', async () => {
  await add({ amount: '2' })
  await add({ amount: '1', effective_at: '2026-11-05T00:00:00Z' })
  expect(await known(await world.openCut())).toEqual([
    ['1', '2026-11-05T00:00:00.000Z', NOW],
    ['2', NOW, null],
  ])
})

test('a version that no closed cut knew leaves no row behind', async () => {
  await add({ amount: '1' })
  await add({ amount: '2', effective_at: NOW, correction: true, reason: 'at once' })
  const stored = await rows(world.db, sql`select amount from price_version`)
  expect(stored).toHaveLength(1)
})

test('amounts come back exactly as they were meant, without trailing zeros', async () => {
  const { amount } = await add({ amount: '0.012500' })
  expect(amount).toBe('0.0125')
  const long = await add({ amount: '123456789012345678.123456789012', effective_at: '2027-01-01T00:00:00Z' })
  expect(long.amount).toBe('123456789012345678.123456789012')
})

test('a list without history leaves out what has ended', async () => {
  await add({ amount: '1' })
  world.clock.now += 1_000
  await add({ amount: '2' })
  await add({ amount: '3', effective_at: '2027-01-01T00:00:00Z' })
  const states = async (history: boolean) =>
    (await world.run((ctx) => listPrices(ctx, { history }))).items.map((price) => `${price.amount} ${price.state}`)
  expect(await states(false)).toEqual(['3 scheduled', '2 current'])
  expect(await states(true)).toEqual(['3 scheduled', '2 current', '1 past'])
})

test('a price that is changed is told as an event, with what was before', async () => {
  await add({ amount: '1' })
  world.clock.now += 1_000
  const changed = await add({ amount: '2' })
  const [event] = await rows<{ type: string; before: { amount: string }; after: { amount: string } }>(
    world.db,
    sql`select type, before, after from event where subject_id = ${changed.id}`,
  )
  expect(event).toMatchObject({ type: 'price.added', before: { amount: '1' }, after: { amount: '2' } })
})

test('what a price would change is told before it is recorded, and nothing is written', async () => {
  await add({ amount: '1' })
  world.clock.now += 1_000
  const would = async (over: Partial<NewPrice>) =>
    (await world.run((ctx) => hypothetical(ctx, book, memory(over), EVER))).map((price) => [
      price.amount,
      iso(price.effective_at),
      price.ends_at === null ? null : iso(price.ends_at),
    ])
  const before = await known(await world.openCut())
  const told = await would({ amount: '2', effective_at: '2026-12-01T00:00:00Z' })
  const corrected = await would({ amount: '3', effective_at: NOW, correction: true })
  expect(await refusal(would({ amount: '3', unit: 'vCPU' }))).toBe('wrong_unit')
  expect(await known(await world.openCut())).toEqual(before)
  await add({ amount: '2', effective_at: '2026-12-01T00:00:00Z' })
  expect(told).toEqual(await known(await world.openCut()))
  expect(corrected).toEqual([['3', NOW, null]])
})

test('whatever is decided in whatever order, what a closed cut knew never changes', async () => {
  const step = fc.oneof(
    fc.record({ at: fc.integer({ min: -5, max: 5 }), correction: fc.boolean() }),
    fc.constant('close' as const),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 10 }), async (steps) => {
      await world.db.execute(sql`delete from price_version`)
      const remembered = new Map<number, unknown>()
      for (const [index, what] of steps.entries()) {
        if (what === 'close') {
          const cut = await world.closeCut()
          remembered.set(cut, await known(cut))
          continue
        }
        const effective_at = iso(fromIso(NOW) + what.at * 3_600_000)
        const outcome = await refusal(add({ ...what, effective_at, amount: `${index + 1}`, reason: 'because' }))
        if (typeof outcome !== 'string') throw outcome
      }
      for (const [cut, prices] of remembered) expect(await known(cut)).toEqual(prices)
    }),
    { numRuns: 25 },
  )
})
