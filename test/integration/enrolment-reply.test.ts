/** The reply to an enrolment is lost on the way: sent again it gives the same agent, and takes nothing more of its token. */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { enrol } from '#agent/enrol.ts'
import { loadIdentity } from '#agent/identity.ts'
import { type ControlPlane, freshDatabase, ownNats, startControlPlane, Suite } from '../setup/stack.ts'

let suite: Suite
let plane: ControlPlane
/** by way of a proxy that cuts the line at the first byte of an answer, as often as it is told */
let url: string
let cuts = 0

beforeAll(async () => {
  suite = new Suite()
  const { server } = await ownNats(suite)
  plane = await startControlPlane(suite, await freshDatabase(suite), server)
  const { port } = new URL(plane.origin)
  const proxy = createServer((client) => {
    const inner = connect(Number(port), '127.0.0.1')
    const end = () => [client, inner].forEach((one) => one.destroy())
    for (const one of [client, inner]) one.on('error', end).on('close', end)
    client.on('data', (data) => inner.write(data))
    inner.on('data', (data) => {
      if (cuts === 0) return client.write(data)
      cuts -= 1
      return end()
    })
  })
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done))
  suite.atEnd(() => void proxy.close())
  const address = proxy.address()
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}, 120_000)
afterAll(() => suite.end())

const asked = async <T>(path: string, body?: unknown): Promise<T> => {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  return (await plane.api(path, body === undefined ? {} : init)).json() as Promise<T>
}
const agents = async () => (await asked<{ items: { id: string; name: string }[] }>('/agents')).items

test('a lost reply makes one agent of one token', async () => {
  const { token } = await asked<{ token: string }>('/enrolments', { uses: 1 })
  const state = mkdtempSync(join(suite.folder, 'state-'))
  const wanted = { url, token, name: 'behind a bad line', state, machine_id: 'm-1' }
  cuts = 1
  await expect(enrol(wanted)).rejects.toThrow(/didn't answer/)
  expect(cuts).toBe(0)
  const [made] = await agents()
  expect(made).toMatchObject({ name: 'behind a bad line' })
  expect(loadIdentity(state)).toBeNull()
  // what waits for the answer holds no token, and is for its owner alone
  expect(readFileSync(join(state, 'enrolment.json'), 'utf8')).not.toContain(token)
  const identity = await enrol(wanted)
  expect(identity.agent_id).toBe(made!.id)
  expect(await agents()).toHaveLength(1)
  expect(readdirSync(state)).not.toContain('enrolment.json')
  // the token is used up, as it was after the first time
  const other = mkdtempSync(join(suite.folder, 'state-'))
  await expect(enrol({ ...wanted, state: other })).rejects.toThrow(/used|not known/)
})
