/** Names of a page are opened by one query, whoever and however many stand on it, and by nothing that was kept in memory. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '#control-plane/base/id.ts'
import { connect, type Database, rows } from '#control-plane/db/index.ts'
import { createNames } from '#control-plane/people/index.ts'
import { makeKey, sealPersonal } from '#control-plane/people/privacy/names.ts'
import { Suite } from '../setup/stack.ts'
import { urlsFor } from './http.ts'
import { type Prepared, prepared } from './prepared.ts'

let suite: Suite
let world: Prepared
const people: { id: string; name: string; sealed: string }[] = []

beforeAll(async () => {
  suite = new Suite()
  world = await prepared(suite, '2026-11-10T08:00:00.000Z')
  await world.run(async (ctx) => {
    for (let n = 0; n < 50; n += 1) {
      const [id, name] = [newId(), `Person ${n}`]
      await makeKey(ctx, id)
      people.push({ id, name, sealed: (await sealPersonal(ctx, id, { name })).name })
    }
  })
}, 120_000)
afterAll(() => suite.end())

/** The same database, and how often it was asked for anything. */
function counted(): { db: Database; asked: () => number } {
  let asked = 0
  const db = new Proxy(world.db, {
    get(target, name) {
      if (['select', 'execute', 'transaction'].includes(String(name))) asked += 1
      const found = Reflect.get(target, name) as unknown
      return typeof found === 'function' ? (found.bind(target) as unknown) : found
    },
  })
  return { db, asked: () => asked }
}
const page = () => ({ items: people.map(({ sealed }) => ({ actor: { name: sealed }, after: { created_by: sealed } })) })

test('fifty people on one page cost one query, a page without people none', async () => {
  const { db, asked } = counted()
  const names = createNames(db)
  const { items } = await names.open(page())
  expect(items.map(({ actor, after }) => [actor.name, after.created_by])).toEqual(
    people.map(({ name }) => [name, name]),
  )
  expect(asked()).toBe(1)
  await names.open({ items: [{ actor: { name: 'A key' } }] })
  expect(asked()).toBe(1)
})

test('one whose key is gone is erased with the next page; one whose text was altered or moved is told as such', async () => {
  const names = createNames(world.db)
  const [first, second, third] = people as [(typeof people)[0], (typeof people)[0], (typeof people)[0]]
  await rows(world.db, sql`delete from person_key where person_id = ${first.id}`)
  const moved = third.sealed.replace(third.id, second.id)
  expect(await names.open([first.sealed, second.sealed, moved])).toEqual([
    `erased person ${first.id.slice(-8)}`,
    second.name,
    `unreadable person ${second.id.slice(-8)}`,
  ])
  await expect(world.run((ctx) => sealPersonal(ctx, first.id, { name: 'again' }))).rejects.toThrow(/was erased/)
})

test("no connection of a tenant reads a person's key", async () => {
  const { api } = await urlsFor(world)
  const tenant = connect(api, 1)
  suite.atEnd(() => tenant.$client.end({ timeout: 1 }))
  await expect(rows(tenant, sql`select 1 from person_key`)).rejects.toMatchObject({ cause: { code: '42501' } })
})
