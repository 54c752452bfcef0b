/** Pods sold by the larger of what they ask for and use, and the idle cost of their node: from a cluster to a proven bill, held against sums made by hand. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { setTimeout as sleep } from 'node:timers/promises'
import { Listings } from '#agent/listing.ts'
import { createKey } from '#control-plane/accounts/index.ts'
import { NewApiKey } from '#control-plane/accounts/contract.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import type { CostBook } from '#control-plane/catalog/contract.ts'
import type { IdleCosts } from '#control-plane/margins/contract.ts'
import { Eye } from '../connectors/k8s/eye.ts'
import { endPod, namespace, pendingPod, runningPod, startPod } from '../connectors/k8s/objects.ts'
import { KubernetesRig } from '../connectors/kubernetes.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, vm } from './agent.ts'
import { apiOf, type Call } from './http.ts'
import { draftOf, market, resourceId, sell, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'
import { findingsIn, issue } from './transit.ts'

const START = Date.parse('2026-11-10T08:00:00.000Z')
const MINUTE = 60_000
const EVERY = 5
const at = (minutes: number): number => START + minutes * MINUTE
let suite: Suite
let world: Prepared
let call: Call
let rig: KubernetesRig
let eye: Eye
let agent: Agent
/** the minute that the cluster's eye sees */
let minute = 0
const listings = new Listings()

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(START - HOUR_MS))
  const pod = { kind: 'pod', effective_at: iso(START - HOUR_MS) } as const
  // 1 for a core in a minute, 1 ÷ 1,280 for a MiB
  await sell(world, { ...pod, meter: 'cpu_allocated_millicores', unit: 'core', amount: '60' })
  await sell(world, { ...pod, meter: 'memory_allocated_bytes', unit: 'GiB', amount: '48' })
  await sell(world, { kind: 'kubernetes_cluster', meter: 'instance', unit: 'instance', amount: '1' })
  rig = await new KubernetesRig(undefined, { bookmark_ms: 20 }).start()
  eye = new Eye(() => rig.settings(), rig.realm, EVERY * MINUTE)
  eye.now = () => at(minute)
  agent = await enrolledAgent(world, rig.realm)
  call = await apiOf(suite, world)
})
afterAll(async () => {
  await eye.close()
  await rig.end()
  await suite.end()
})

/** One tick, reported as the agent reports it. */
async function tick(): Promise<void> {
  // a watch that heard nothing for so long would be opened anew
  await sleep(100)
  const { source } = agent
  const interval_ms = EVERY * MINUTE
  const facts = (await eye.tick()).flatMap((one): unknown[] => {
    if (one.type === 'listing') return listings.cut({ id: source, interval_ms }, one)
    return [{ source, ...(one.type === 'readings' && { interval_ms }), ...one }]
  })
  world.clock.now = at(minute)
  const reply = await agent.send(facts)
  if (!reply.ok) throw new Error(reply.message)
}
/** What metrics.k8s.io says of `web` at a minute; null: it gives no answer. */
const USED: Record<number, { cpu: string; memory: string } | null> = {
  0: { cpu: '100m', memory: '64Mi' },
  5: { cpu: '400m', memory: '64Mi' },
  10: { cpu: '900000001n', memory: '512Mi' },
  15: { cpu: '901m', memory: '64Mi' },
  20: { cpu: '200m', memory: '64Mi' },
  50: { cpu: '300m', memory: '64Mi' },
  55: { cpu: '299m', memory: '64Mi' },
  60: { cpu: '300m', memory: '64Mi' },
}
function measure(): void {
  const usage = USED[minute]
  const metadata = { name: 'web', namespace: 'shop' }
  const pods = usage
    ? [{ metadata, timestamp: iso(at(minute)), window: '60s', containers: [{ name: 'main', usage }] }]
    : []
  rig.server.metrics = { nodes: [], pods }
  rig.server.trouble = usage
    ? {}
    : {
        instead: (ask) =>
          ask?.group === 'metrics.k8s.io' ? new Response('service unavailable', { status: 503 }) : undefined,
      }
}

/** An hour of a cluster of one node with four pods, as it is looked at every five minutes. */
async function hour(): Promise<void> {
  const { world: cluster } = rig
  namespace(cluster, 'labs')
  const shop = { namespace: 'shop', requests: { cpu: '250m', memory: '256Mi' } }
  runningPod(cluster, { ...shop, name: 'web', at_ms: START })
  runningPod(cluster, { namespace: 'labs', name: 'big', requests: { cpu: '8', memory: '32Gi' }, at_ms: START })
  for (minute = 0; minute <= 60; minute += EVERY) {
    if (minute === 10) {
      const requests = { cpu: '3', memory: '192Mi' }
      const id = pendingPod(cluster, { ...shop, name: 'brief', requests, created_ms: at(6) })
      startPod(cluster, id, at(6))
      endPod(cluster, id, at(6), at(6) + 20_000)
      cluster.remove('/pods', id)
    }
    if (minute === 25) {
      const id = pendingPod(cluster, { namespace: 'labs', name: 'batch', requests: { cpu: '1' }, created_ms: at(21) })
      startPod(cluster, id, at(21))
    }
    if (minute === 35) endPod(cluster, 'labs/batch', at(21), at(33))
    measure()
    await tick()
  }
  await settled(world)
}

test('each pod is billed for the larger of request and usage, to the instant, and what nobody measured is a gap', async () => {
  await hour()
  const { lines } = await draftOf(world, world.account_id)
  const of = (name: string) =>
    lines
      .filter(({ resource }) => resource.name === name)
      .map(({ component, net, unobserved_ms }) => [component.replace('pod.', ''), net, unobserved_ms])
  const unseen = 15 * MINUTE
  // web: 250m for 5 min, 400m for 5, 901m for 10 (a nanocore above 900m counts as a whole millicore), 250m until 15 min after the
  // last measurement at 20, and from 50 on 300m: 1.25 + 2 + 9.01 + 3.75 + 3
  expect(of('web')).toEqual([
    ['cpu_allocated_millicores', '19.01', unseen],
    // 256 MiB, and 512 for 5 min: 10 × 256 + 5 × 512 + 5 × 256 + 15 × 256 + 10 × 256 = 12,800
    ['memory_allocated_bytes', '10.00', unseen],
  ])
  // 3 cores and 192 MiB for 20 s
  expect(of('brief')).toEqual([
    ['cpu_allocated_millicores', '1.00', 0],
    ['memory_allocated_bytes', '0.05', 0],
  ])
  // a core for the 12 minutes in which its container ran, though its last reading would hold on, and nothing is missed since
  expect(of('batch')).toEqual([['cpu_allocated_millicores', '12.00', 0]])
  // never measured: what it asks for, but for the time in which nobody knew
  expect(of('big')).toEqual([
    ['cpu_allocated_millicores', '360.00', unseen],
    ['memory_allocated_bytes', '1152.00', unseen],
  ])
})

test('issued, it is proven by other arithmetic', async () => {
  await issue(world, world.account_id, at(60))
  expect(await findingsIn(world)).toEqual([])
})

async function asked(query = ''): Promise<IdleCosts> {
  const { status, body, text } = await call('GET', `/margins/idle?month=2026-11${query}`)
  expect([status, text]).toEqual([200, text])
  return body as unknown as IdleCosts
}

test('without any price of a node none is shown as idle, and it says which', async () => {
  expect(await asked()).toMatchObject({ nodes: [], namespaces: [], totals: [], to: iso(at(60)) })
  expect((await asked()).unknown.map(({ name }) => name)).toEqual(['node-1'])
  expect((await asked('&realm=another')).unknown).toEqual([])
})

test('at standard prices a node is split by its dominant resource, and says that this is no cost', async () => {
  await sell(world, {
    kind: 'node',
    meter: 'instance',
    unit: 'instance',
    amount: '100',
    effective_at: iso(START - HOUR_MS),
    correction: true,
    reason: 'a price of nodes',
  })
  const { nodes } = await asked()
  // of 32 cores × 60 min 512.01 are allocated, 26.667 %, and of 125.8 GiB 25.635 %: the processors say what is left
  expect(nodes).toMatchObject([
    { basis: 'list', cost: '100.00', allocated: '26.67', idle: '73.33', cpu_percent: '26.67', memory_percent: '25.63' },
  ])
})

test('at a cost book it is split as processors and memory cost: pods and idle are its cost to the cent', async () => {
  const book = (await call('POST', '/cost-books', { name: 'Nodes', realm: rig.realm })).body as unknown as CostBook
  const cost = { kind: 'node', price_book_id: book.price_book_id, effective_at: iso(START - HOUR_MS) } as const
  const past = { correction: true, reason: 'known since then' } as const
  await sell(world, { ...cost, ...past, meter: 'cpu', unit: 'core', amount: '1' })
  await sell(world, { ...cost, ...past, meter: 'memory', unit: 'GiB', amount: '0.25' })
  const { nodes, namespaces, totals } = await asked()
  // 32.00 for 1,920 core-minutes, 31.45 for 7,729,890 MiB-minutes. Of web's memory the request is more than what was read of it:
  // shop 20.01 and 15,424, labs 492 and 1,966,080
  expect(nodes).toMatchObject([
    { basis: 'cost_book', cost: '63.45', allocated: '16.60', idle: '46.85', idle_percent: '73.84', pods: 4 },
  ])
  expect(namespaces.map(({ namespace: name, cost: borne, pods }) => [name, borne, pods])).toEqual([
    ['labs', '16.20', 2],
    ['shop', '0.40', 2],
    [null, '46.85', 0],
  ])
  expect(totals).toEqual([{ currency: 'EUR', cost: '63.45', allocated: '16.60', idle: '46.85', idle_percent: '73.84' }])
})

test('as CSV it says the same by node and by namespace', async () => {
  const csv = async (by: string) => (await call('GET', `/margins/idle.csv?month=2026-11&by=${by}`)).text.split('\r\n')
  expect((await csv('node'))[1]).toMatch(
    /^2026-11,[^,]+,[^,]+,node-1,EUR,cost_book,false,63\.45,16\.60,46\.85,73\.84,4,/,
  )
  expect((await csv('namespace'))[3]).toMatch(/^2026-11,[^,]+,\(idle\),EUR,46\.85,73\.84,0$/)
})

test('a node that is a machine of another source costs what that machine costs, from the whole of its time', async () => {
  const hypervisors = await enrolledAgent(world, 'hypervisors')
  const node = rig.world.sure('/nodes', 'node-1')
  const { systemUUID } = (node.status ?? {})['nodeInfo'] as { systemUUID: string }
  const machine = vm('vm-1', { evidence: { smbios_uuid: systemUUID } })
  await hypervisors.send([hypervisors.listing(START, 'hv-1', [machine])])
  await settled(world)
  const [book] = (await call('GET', '/cost-books')).body['items'] as CostBook[]
  await sell(world, {
    kind: 'vm',
    meter: 'vcpu',
    unit: 'vCPU',
    amount: '10',
    price_book_id: book!.price_book_id,
    effective_at: iso(START - HOUR_MS),
    correction: true,
    reason: 'known since then',
  })
  const { nodes, unknown } = await asked()
  expect([nodes.length, unknown.length]).toEqual([1, 0])
  expect(nodes[0]).toMatchObject({ resource: { id: await resourceId(world, 'node-1') }, cost: '20.00', pods: 4 })
  expect(nodes[0]?.idle).toBe('14.67')
})

test('costs of nodes are for those who may see margins', async () => {
  const status = async (role: 'finance' | 'support' | 'tenant_owner', account_id: string | null) => {
    const made = await world.run((ctx) => createKey(ctx, NewApiKey.parse({ name: role, role, account_id })))
    const headers = { authorization: `Bearer ${made.token}` }
    const paths = ['/margins/idle', '/margins/idle.csv']
    return Promise.all(paths.map(async (path) => (await call('GET', path, undefined, headers)).status))
  }
  expect(await status('finance', null)).toEqual([200, 200])
  expect(await status('support', null)).toEqual([403, 403])
  expect(await status('tenant_owner', world.account_id)).toEqual([403, 403])
})
