/** From a real hypervisor to the invoices of two accounts, against a calculation by hand from libvirt's own instants. */
import { Big } from 'big.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseEvent } from '#connectors/libvirt/events.ts'
import type { Account } from '#control-plane/accounts/contract.ts'
import type { Draft, Invoice } from '#control-plane/billing/contract.ts'
import type { Resource } from '#control-plane/inventory/contract.ts'
import { freshDatabase, ownNats, startAgent, startControlPlane, type ControlPlane, Suite } from '../setup/stack.ts'
import {
  agentUp,
  buildGuestOs,
  defineGuest,
  type Hosts,
  migrate,
  readDisk,
  rebootGuest,
  recordingVirsh,
  sendFrames,
  startGuest,
  startHosts,
  until,
  virsh,
  whyNoLibvirt,
} from './libvirt.ts'

const whyNot = whyNoLibvirt()
if (whyNot !== undefined) console.warn(`skipped: ${whyNot}`)

const READ_BYTES = 12_288_000
const FRAMES = 700
const FRAME_BYTES = 1_000
/** 1.50 EUR a second for each vCPU, 2.00 a second for a machine, 0.01 for each byte. */
const PER_SECOND = { vcpu: '1.5', instance: '2' } as const

describe.skipIf(whyNot !== undefined)('bills of guests that were resized, moved, sold and destroyed', () => {
  const suite = new Suite()
  const path = process.env['PATH'] ?? ''
  const guests = `${suite.folder}/guests`
  let [hosts, plane, heard]: [Hosts, ControlPlane, ReturnType<typeof recordingVirsh>] = [] as never
  let [one, two] = ['', '']
  let accounts: Account[] = []

  async function ask<T>(path_: string, body?: unknown): Promise<T> {
    const answer = await plane.api(path_, body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${path_}: HTTP ${answer.status} ${text}`)
    return JSON.parse(text) as T
  }
  const resources = async (name: string) =>
    (await ask<{ items: Resource[] }>(`/resources?kind=vm&ended=all&q=${name}`)).items.filter((r) => r.name === name)
  const resource = async (name: string) => (await resources(name))[0]!
  const instants = (uri: string, guest: string, words: string) =>
    heard.lines(uri).flatMap((line) => {
      const event = parseEvent(line)
      return event?.domain === guest && `${event.what} ${event.detail}`.trim() === words ? event.at_ms : []
    })
  const price = (meter: string, model: string, per: string, unit: string, amount: string) =>
    ask('/prices', { kind: 'vm', meter, model, per, unit, amount })
  const draftOf = (account: Account) => ask<Draft>(`/accounts/${account.id}/draft`)
  const lineOf = (lines: Draft['lines'], name: string, meter: string) =>
    lines.find((line) => line.resource.name === name && line.meter === meter)
  const own = (name: string, account: Account, effective_at?: number) =>
    resource(name).then((r) =>
      ask(`/resources/${r.id}/assignments`, {
        account_id: account.id,
        ...(effective_at && { effective_at: new Date(effective_at).toISOString() }),
      }),
    )
  /** What the hypervisor itself counts of a guest now. */
  async function counters(uri: string, name: string) {
    const stats = await virsh(uri, 'domstats', name)
    const at = (key: string) => BigInt(new RegExp(`${key.replaceAll('.', '\\.')}=(\\d+)`).exec(stats)?.[1] ?? '0')
    return { read: at('block.0.rd.bytes'), sent: at('net.0.tx.bytes') }
  }

  beforeAll(async () => {
    const [os, started] = await Promise.all([buildGuestOs(), startHosts(`${suite.folder}/hosts`, 18_620)])
    hosts = started
    suite.atEnd(() => hosts.stop())
    ;[one, two] = hosts.uris as [string, string]
    heard = recordingVirsh(suite.folder)
    process.env['PATH'] = `${heard.path}:${path}`
    const nats = await ownNats(suite)
    plane = await startControlPlane(suite, await freshDatabase(suite), nats.server)
    await startAgent(suite, plane)
    const first = (await ask<{ items: Account[] }>('/accounts')).items[0]!
    accounts = [first, await ask<Account>('/accounts', { name: 'Second customer' })]
    const agents = async () => (await ask<{ items: { id: string; connectors: string[] }[] }>('/agents')).items
    await until('the agent says what it can host', async () =>
      (await agents()).some((each) => each.connectors.includes('libvirt')),
    )
    const [agent] = await agents()
    await ask('/sources', {
      agent: agent!.id,
      connector: 'libvirt',
      realm: 'lab',
      settings: { uris: hosts.uris },
      interval_ms: 2_000,
    })
    await price('vcpu', 'per_unit', 'hour', 'vCPU', new Big(PER_SECOND.vcpu).times(3600).toFixed())
    await price('instance', 'flat', 'hour', 'instance', new Big(PER_SECOND.instance).times(3600).toFixed())
    await price('disk_read_bytes', 'per_unit', 'quantity', 'B', '0.01')
    await price('network_transmit_bytes', 'per_unit', 'quantity', 'B', '0.01')
    // prices of the host itself keep its account's bill free of what has no price
    await ask('/prices', { kind: 'host', meter: 'instance', model: 'flat', per: 'hour', unit: 'instance', amount: '0' })
    const hypervisor = async () => (await ask<{ items: Resource[] }>('/resources?kind=host')).items.length
    await until('both hypervisors are listed', async () => (await hypervisor()) >= 3)
    await defineGuest(one, 'a', guests, os, { options: ['maxvcpus=2'] })
    await defineGuest(one, 'b', guests, os)
    await defineGuest(two, 'c', guests, os)
    await until('all guests are known', async () =>
      (await Promise.all(['a', 'b', 'c'].map(resources))).every((found) => found.length === 1),
    )
  })
  afterAll(async () => {
    process.env['PATH'] = path
    await suite.end()
  })

  test('inventory equals virsh to the byte', async () => {
    for (const [name, uri] of Object.entries({ a: one, b: one, c: two })) {
      const seen = await resource(name)
      const info = await virsh(uri, 'dominfo', name)
      expect(seen.external_id).toBe((await virsh(uri, 'domuuid', name)).trim())
      expect(seen.size.vcpu_count).toBe(Number(/CPU\(s\):\s+(\d+)/.exec(info)?.[1]))
      expect(seen.size.memory_bytes).toBe(Number(/Used memory:\s+(\d+) KiB/.exec(info)?.[1]) * 1024)
      expect(String(seen.size.disk_bytes)).toBe(
        /Capacity:\s+(\d+)/.exec(await virsh(uri, 'domblkinfo', name, 'vda'))?.[1],
      )
      expect(seen.host?.name).toBeTruthy()
    }
  })

  test('a guest resized, migrated, transferred and destroyed is one resource, billed to the cent', async () => {
    const [seller, buyer] = accounts as [Account, Account]
    await own('a', seller, instants(one, 'a', 'Defined Added')[0]! - 1)
    await startGuest(one, 'a', guests)
    await virsh(one, 'destroy', 'a')
    await virsh(one, 'setvcpus', 'a', '2', '--config')
    await startGuest(one, 'a', guests)
    const first = (await resource('a')).host?.id
    await migrate(one, two, 'a', '--persistent', '--undefinesource')
    await until('the guest is seen on the second host', async () => {
      const now = (await resource('a')).host?.id
      return now !== undefined && now !== null && now !== first
    })
    const transferred = Date.now()
    await own('a', buyer, transferred)
    await new Promise((wake) => setTimeout(wake, 2_500))
    await virsh(two, 'destroy', 'a')
    await virsh(two, 'undefine', 'a')
    await until('its end is known', async () => (await resource('a')).ended_at !== null)

    expect(await resources('a')).toHaveLength(1)
    const at = (uri: string, words: string, index = 0) => instants(uri, 'a', words)[index]!
    const [defined, began, stopped] = [
      at(one, 'Defined Added'),
      at(one, 'Started Booted'),
      at(one, 'Stopped Destroyed'),
    ]
    const [resumed, destroyed, undefined_] = [
      at(one, 'Started Booted', 1),
      at(two, 'Stopped Destroyed'),
      at(two, 'Undefined Removed'),
    ]
    const money = (per_second: string, ms: number) =>
      new Big(per_second).times(ms).div(1000).round(2, Big.roundHalfUp).toFixed(2)
    const expected = [
      {
        vcpu: money(PER_SECOND.vcpu, stopped - began + 2 * (transferred - resumed)),
        instance: money(PER_SECOND.instance, transferred - defined),
      },
      {
        vcpu: money(PER_SECOND.vcpu, 2 * (destroyed - transferred)),
        instance: money(PER_SECOND.instance, undefined_ - transferred),
      },
    ]
    for (const [index, account] of accounts.entries()) {
      await until(
        'a reading after the end has come',
        async () => Date.parse((await draftOf(account)).period.to) > undefined_ + 4_000,
      )
      const invoice = await ask<Invoice>('/invoices', { account_id: account.id })
      expect({
        vcpu: lineOf(invoice.lines, 'a', 'vcpu')?.net,
        instance: lineOf(invoice.lines, 'a', 'instance')?.net,
      }).toEqual(expected[index])
    }
    expect((await ask<{ findings: unknown[] }>('/verification', {})).findings).toEqual([])
  })

  test('known bytes are billed exactly over a reboot, a save and restore, and a migration', async () => {
    const buyer = accounts[1]!
    const from = instants(one, 'b', 'Defined Added')[0]! - 1
    await own('b', buyer, from)
    await startGuest(one, 'b', guests)
    const done: { read: bigint; sent: bigint }[] = []
    const use = async (uri: string) => {
      const before = await counters(uri, 'b')
      await readDisk(uri, 'b', READ_BYTES)
      await sendFrames(uri, 'b', FRAMES, FRAME_BYTES - 42)
      const after = await counters(uri, 'b')
      expect(after.read - before.read).toBe(BigInt(READ_BYTES))
      expect(after.sent - before.sent).toBeGreaterThanOrEqual(BigInt(FRAMES * FRAME_BYTES))
    }
    await use(one)
    await rebootGuest(one, 'b', guests)
    await use(one)
    done.push(await counters(one, 'b'))
    const file = `${suite.folder}/b.save`
    await virsh(one, 'save', 'b', file)
    await virsh(one, 'restore', file)
    await agentUp(one, 'b')
    await use(one)
    done.push(await counters(one, 'b'))
    await migrate(one, two, 'b', '--persistent', '--undefinesource')
    await agentUp(two, 'b')
    await use(two)
    done.push(await counters(two, 'b'))
    const total = (key: 'read' | 'sent') => done.reduce((sum, epoch) => sum + epoch[key], 0n).toString()
    const billed = async (meter: string) => lineOf((await draftOf(buyer)).lines, 'b', meter)?.quantity
    await until(
      'all of it has been read',
      async () =>
        (await billed('disk_read_bytes')) === total('read') &&
        (await billed('network_transmit_bytes')) === total('sent'),
      20_000,
    ).catch(async () =>
      expect({ read: await billed('disk_read_bytes'), sent: await billed('network_transmit_bytes') }).toEqual({
        read: total('read'),
        sent: total('sent'),
      }),
    )
    await virsh(two, 'destroy', 'b')
    const line = lineOf((await draftOf(buyer)).lines, 'b', 'disk_read_bytes')!
    expect(line.net).toBe(new Big(total('read')).times('0.01').toFixed(2))
  })
})
