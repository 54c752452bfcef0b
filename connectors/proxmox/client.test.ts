/** What the API refuses, and what a person is told then: by the double, which refuses as Proxmox VE does. */
import { auditor, ProxmoxRig } from '#test/connectors/proxmox.ts'
import { Rights } from '#test/connectors/pve/api.ts'
import { Server, TOKEN } from '#test/connectors/pve/server.ts'
import { STRANGE, TRUSTED } from '#test/connectors/certificates.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ConnectorError } from '#connectors/wire.ts'
import { Client, statusOf } from './client.ts'

let rig: ProxmoxRig
beforeEach(() => void (rig = new ProxmoxRig()))
afterEach(() => rig.end())

const options = { signal: new AbortController().signal, timeout_ms: 2_000 }
const client = (urls = [rig.server.url], secret: string = TOKEN.secret) =>
  new Client({ urls, token_id: TOKEN.id, token_secret: secret, trust: { ca: TRUSTED.ca } })
async function refusal(path: string, query = {}, by = client()) {
  const error: unknown = await by.get(path, query, options).then(
    () => 'it answered',
    (reason: unknown) => reason,
  )
  if (!(error instanceof ConnectorError)) throw new Error(`${path}: ${String(error)}`)
  expect(`${error.message} ${error.remedy}`).not.toContain(TOKEN.secret)
  return { status: statusOf(error), code: error.code, message: error.message, remedy: error.remedy }
}

test('an unknown path is 501, an unknown or wrong parameter 400 with its name', async () => {
  expect(await refusal('/cluster/nothing')).toMatchObject({ status: 501, code: 'bad_answer' })
  const unknown = await refusal('/cluster/resources', { kind: 'vm' })
  expect(unknown).toMatchObject({ status: 400 })
  expect(unknown.message).toContain('"kind":"property is not defined in schema')
  expect(await refusal('/cluster/resources', { type: 'pool' })).toMatchObject({ status: 400 })
  expect((await refusal('/nodes/pve1/rrddata')).message).toContain('"timeframe":"property is missing')
})

test('what isn’t asked by GET is refused', async () => {
  const headers = { authorization: `PVEAPIToken=${TOKEN.id}=${TOKEN.secret}` }
  const post = await fetch(`${rig.server.url}/api2/json/cluster/status`, {
    method: 'POST',
    headers,
    tls: { ca: TRUSTED.ca },
  })
  expect(post.status).toBe(501)
})

test('a wrong token is told without the token, and another node isn’t asked to refuse it again', async () => {
  const second = new Server(rig.world, auditor(), TRUSTED)
  const refused = await refusal('/version', {}, client([rig.server.url, second.url], 'wrong'))
  expect(refused).toMatchObject({ status: 401, code: 'refused' })
  expect(refused.message).toContain('invalid token value!')
  expect(refused.remedy).toContain('USER@REALM!NAME')
  expect(second.asked).toEqual([])
  await second.stop()
})

test('a missing right names the path and the privilege', async () => {
  rig.world.add('one', { vmid: 100 })
  rig.server.rights = new Rights().grant('/', 'Sys.Audit')
  const refused = await refusal('/nodes/pve1/qemu/100/config')
  expect(refused).toMatchObject({ status: 403, code: 'refused' })
  expect(refused.message).toContain('Permission check failed (/vms/100, VM.Audit)')
  expect(refused.remedy).toContain('Grant VM.Audit on /vms/100')
  rig.server.rights = new Rights().grant('/vms', 'VM.Audit')
  expect((await refusal('/cluster/status')).remedy).toContain('Grant Sys.Audit on /,')
})

test('a node that is off is 595 by the one that was asked; a guest that isn’t there is told', async () => {
  rig.world.add('one', { vmid: 100 })
  expect((await refusal('/nodes/pve2/qemu/100/config')).message).toContain(
    "'nodes/pve2/qemu-server/100.conf' does not exist",
  )
  for (const node of rig.world.nodes.values()) node.online = false
  const off = await refusal('/nodes/pve1/status')
  expect(off).toMatchObject({ status: 595, code: 'unreachable' })
  expect(off.message).toContain('No route to host')
})

test('a node that doesn’t answer, or shows a strange certificate, hands over to the next, which goes on being asked', async () => {
  const strange = new Server(rig.world, auditor(), STRANGE)
  const gone = new Server(rig.world, auditor(), TRUSTED)
  const { url } = gone
  await gone.stop()
  const by = client([url, strange.url, rig.server.url])
  expect(await by.get('/version', {}, options)).toMatchObject({ version: '8.4-1' })
  expect(await by.get('/version', {}, options)).toMatchObject({ version: '8.4-1' })
  expect([strange.asked, rig.server.asked]).toEqual([[], ['/version', '/version']])
  await strange.stop()
  await rig.server.stop()
  expect((await refusal('/version', {}, by)).code).toBe('unreachable')
})

test('what isn’t Proxmox VE’s JSON is a bad answer', async () => {
  for (const body of ['<html>', '', '[]', '{"x":1}', '{"data":[{"a":1}']) {
    rig.server.trouble = { instead: () => new Response(body) }
    expect(await refusal('/version')).toMatchObject({ code: 'bad_answer' })
  }
})

test('a clock that goes wrong is known by the header of the answers', async () => {
  const by = client()
  const date = (ms: number) => ({ date: new Date(Date.now() + ms).toUTCString() })
  rig.server.trouble = { instead: () => Response.json({ data: {} }, { headers: date(-600_000) }) }
  await by.get('/version', {}, options)
  expect(Math.abs(by.behind_ms - 600_000)).toBeLessThan(5_000)
})
