import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createUser } from '@nats-io/nkeys'
import { connect } from '@nats-io/transport-node'
import { connectionOptions } from '#agent/connection.ts'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { emptyDatabase, ownNats, ownPostgres, Suite } from '../setup/stack.ts'

let suite: Suite
beforeAll(() => {
  suite = new Suite()
})
afterAll(() => suite.end())

const open = (url: string) => postgres(url, { max: 1, onnotice: () => {} })

test('the owner of the database is no superuser, may create roles and the extension btree_gist', async () => {
  const { ownerUrl } = await emptyDatabase(suite)
  const sql = open(ownerUrl)
  const [role] = await sql`select rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = current_user`
  expect(role).toEqual({ rolsuper: false, rolbypassrls: false, rolcreaterole: true })
  await sql`create extension btree_gist`
  await sql.end()
})

test('a wrong password is refused on loopback', async () => {
  const url = new URL(inject('postgresUrl'))
  url.password = 'wrong'
  const sql = open(url.toString())
  await expect(sql`select 1`).rejects.toMatchObject({ code: '28P01' })
  await sql.end()
})

test('PostgreSQL killed with -9 starts again on its data, though its lock file names a living process', async () => {
  const { server, child } = await ownPostgres(suite)
  const sql = open(server.ownerUrl)
  await sql`create table kept (id int)`
  await sql`insert into kept values (7)`
  await sql.end()
  process.kill(child.pid ?? 0, 'SIGKILL')
  while (!child.ended) await Bun.sleep(20)
  const lockFile = join(server.data, 'postmaster.pid')
  const [, ...rest] = readFileSync(lockFile, 'utf8').split('\n')
  const other = Bun.spawn(['sleep', '60'])
  writeFileSync(lockFile, [other.pid, ...rest].join('\n'))
  await child.start()
  await child.whenReady(server.ready, 30_000)
  other.kill()
  const again = open(server.ownerUrl)
  expect(await again`select id from kept`).toEqual([{ id: 7 }])
  await again.end()
})

test('an agent reports and hears replies, but can neither listen to other reports nor reach JetStream', async () => {
  const { server } = await ownNats(suite)
  const plane = await connect(await server.login('plane'))
  plane.subscribe('v1.report.*', { callback: (_error, message) => void message.respond('stored') })
  await plane.flush()
  const key = createUser()
  const { jwt } = await server.authority.issue('a1', key.getPublicKey(), 60, Date.now())
  const identity = { agent_id: 'a1', seed: new TextDecoder().decode(key.getSeed()), nats_url: server.url }
  const agent = await connect(connectionOptions(identity, () => jwt))
  expect((await agent.request('v1.report.a1', 'x', { timeout: 2_000 })).string()).toBe('stored')
  await expect(agent.request('$JS.API.INFO', '', { timeout: 1_000 })).rejects.toThrow()
  const refused = new Promise((resolve) => {
    agent.subscribe('v1.report.>', { callback: (error) => resolve(error?.message ?? 'heard') })
  })
  expect(await refused).toMatch(/permissions violation/i)
  await Promise.all([agent.close(), plane.close()])
})
