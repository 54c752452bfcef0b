/** Connections to PostgreSQL that break at any byte: no transaction waits for ever, is done by half, or reads another's answer. */
import { sql } from 'drizzle-orm'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect, type Database, rows } from '#control-plane/db/index.ts'
import { Dice } from '../chaos/dice.ts'
import { Proxy } from '../chaos/proxy.ts'
import { freshDatabase, Suite } from '../setup/stack.ts'

const WORKERS = 8
const STORM_MS = 6_000
/** far more than a transaction takes once nothing breaks any more */
const ENDED_MS_MAX = 30_000
const PARTS = [1, 2, 3, 4]

let suite: Suite
let direct: postgres.Sql
let proxy: Proxy
let db: Database
let ownerUrl: string

beforeAll(async () => {
  suite = new Suite()
  ownerUrl = (await freshDatabase(suite)).ownerUrl
  direct = postgres(ownerUrl, { max: 1, onnotice: () => {} })
  suite.atEnd(() => direct.end({ timeout: 1 }))
  await direct.unsafe('create table done (work int4, part int4)')
  proxy = await Proxy.to(Number(new URL(ownerUrl).port))
  suite.atEnd(() => proxy.close())
  db = connect(proxy.through(ownerUrl), 4)
  suite.atEnd(() => db.$client.end({ timeout: 1 }))
}, 120_000)
afterAll(() => suite.end())

/** What is asked all at once, in savepoints too, as the product's own work does it. */
async function work(number: number): Promise<void> {
  await db.transaction(async (tx) => {
    const insert = (part: number) => tx.execute(sql`insert into done (work, part) values (${number}, ${part})`)
    const echo = async (part: number) => {
      const [row] = await rows<{ said: number }>(tx, sql`select ${number * 10 + part}::int4 as said`)
      if (row?.said !== number * 10 + part) throw new WrongAnswer(`${row?.said} instead of ${number * 10 + part}`)
    }
    await Promise.all(PARTS.slice(0, 2).map(insert))
    await Promise.all(PARTS.map(echo))
    await tx.transaction(async (inner) => {
      await inner.execute(sql`insert into done (work, part) values (${number}, ${PARTS[2]})`)
    })
    await insert(PARTS[3] as number)
  })
}
class WrongAnswer extends Error {}

function block(for_ms: number): void {
  for (const until = performance.now() + for_ms; performance.now() < until;);
}

test('a connection that breaks at any moment ends its own transaction, wholly, and no other', async () => {
  const dice = new Dice(1, 'connections')
  const storm = new AbortController()
  let next = 1
  const told = new Set<number>()
  const wrong: unknown[] = []
  const waiting = new Set<number>()
  const worker = async () => {
    while (!storm.signal.aborted) {
      const number = next++
      waiting.add(number)
      await work(number).then(
        () => told.add(number),
        (error: unknown) => {
          if (error instanceof WrongAnswer || error instanceof TypeError) wrong.push(error)
        },
      )
      waiting.delete(number)
    }
  }
  const workers = Array.from({ length: WORKERS }, worker)
  for (const until = performance.now() + STORM_MS; performance.now() < until;) {
    await Bun.sleep(dice.between(0, 40))
    if (dice.between(0, 3) === 0) await proxy.cut('half_open', dice.between(1, 20))
    else proxy.reset()
    // a process that is busy comes late to what it has to do at once
    if (dice.between(0, 4) === 0) block(dice.between(20, 120))
  }
  storm.abort()
  await Promise.race([Promise.all(workers), Bun.sleep(ENDED_MS_MAX)])
  expect([...waiting], 'transactions that never end').toEqual([])
  expect(wrong).toEqual([])

  const found = await direct<
    { work: number; parts: number }[]
  >`select work, count(*)::int4 as parts from done group by 1`
  expect(found.filter(({ parts }) => parts !== PARTS.length)).toEqual([])
  const done = new Set(found.map((row) => row.work))
  expect([...told].filter((number) => !done.has(number))).toEqual([])
  expect(told.size).toBeGreaterThan(WORKERS)
}, 120_000)

/** One connection for all: who comes next has the one that the first lost. */
const alone = (): Database => {
  const own = connect(proxy.through(ownerUrl), 1)
  suite.atEnd(() => own.$client.end({ timeout: 1 }))
  return own
}
const marks = async () =>
  (await direct<{ work: number }[]>`select work from done where part = 0`).map((row) => row.work)
const mark = (number: number) => sql`insert into done (work, part) values (${number}, 0)`

test('what a transaction still asks after its connection broke reaches no other transaction', async () => {
  const own = alone()
  const [broken, begun] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const asked = Promise.withResolvers<unknown>()
  const first = own.transaction(async (tx) => {
    await tx.execute(sql`select 1`)
    proxy.reset()
    broken.resolve()
    await begun.promise
    asked.resolve(await tx.execute(mark(1)).catch((error: unknown) => error))
  })
  first.catch(() => {})
  await broken.promise
  await own.transaction(async (tx) => {
    await tx.execute(mark(2))
    begun.resolve()
    expect(await asked.promise).toBeInstanceOf(Error)
  })
  await expect(first).rejects.toThrow()
  expect(await marks()).toEqual([2])
}, 30_000)

test('what is asked while a connection is made anew spoils it for nobody', async () => {
  await direct`delete from done`
  const own = alone()
  const [broken, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const first = own.transaction(async (tx) => {
    await tx.execute(sql`select 1`)
    proxy.hold('up', 'down')
    proxy.reset()
    broken.resolve()
    await held.promise
    await Promise.allSettled([1, 2, 3].map((number) => tx.execute(mark(number))))
  })
  first.catch(() => {})
  await broken.promise
  const others = [10, 20, 30].map((number) => own.transaction((tx) => tx.execute(mark(number))))
  await Bun.sleep(300)
  held.resolve()
  await Bun.sleep(300)
  proxy.release()
  await Promise.all(others)
  await expect(first).rejects.toThrow()
  expect((await marks()).toSorted((a, b) => a - b)).toEqual([10, 20, 30])
}, 30_000)
