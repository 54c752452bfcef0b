/** A cluster through the whole product: pods are metered by what they ask for, to the millisecond, and stand on their nodes and machines. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Listings } from '#agent/listing.ts'
import { rows } from '#control-plane/db/index.ts'
import { getResource } from '#control-plane/inventory/index.ts'
import { Eye } from '../connectors/k8s/eye.ts'
import { endPod, pendingPod, runningPod, startPod } from '../connectors/k8s/objects.ts'
import { KubernetesRig } from '../connectors/kubernetes.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, vm } from './agent.ts'
import { NO_EXTRAS } from './http.ts'
import { draftOf, market, resourceId, sell, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const SECOND = 1_000
const INTERVAL_MS = 30_000
let suite: Suite
let world: Prepared
let rig: KubernetesRig
let eye: Eye
let agent: Agent
const listings = new Listings()

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, new Date(Date.now() - 3_600_000).toISOString())
  await sell(world, { kind: 'pod', meter: 'cpu', unit: 'core', amount: '3600' })
  await sell(world, { kind: 'pod', meter: 'memory', unit: 'MiB', amount: '36' })
  rig = await new KubernetesRig().start()
  eye = new Eye(() => rig.settings(), rig.realm)
  agent = await enrolledAgent(world, rig.realm)
})
afterAll(async () => {
  await eye.close()
  await rig.end()
  await suite.end()
})

/** One tick, reported as the agent reports it. */
async function tick(): Promise<void> {
  const { source } = agent
  const facts = (await eye.tick()).flatMap((one): unknown[] => {
    if (one.type === 'listing') return listings.cut({ id: source, interval_ms: INTERVAL_MS }, one)
    return [{ source, ...(one.type === 'readings' && { interval_ms: INTERVAL_MS }), ...one }]
  })
  world.clock.now = eye.now() + SECOND
  const reply = await agent.send(facts)
  if (!reply.ok) throw new Error(reply.message)
  await settled(world)
}

test('a pod that lived for 20 seconds between two looks is billed for 20 seconds of what it asked for', async () => {
  await tick()
  const born_ms = Math.floor(eye.now() / SECOND) * SECOND + 3 * SECOND
  eye.offset_ms += 60 * SECOND
  const id = pendingPod(rig.world, {
    namespace: 'shop',
    name: 'brief',
    requests: { cpu: '250m', memory: '64Mi' },
    created_ms: born_ms,
  })
  startPod(rig.world, id, born_ms + SECOND)
  endPod(rig.world, id, born_ms + SECOND, born_ms + 21 * SECOND)
  rig.world.remove('/pods', id)
  await tick()
  const { lines } = await draftOf(world, world.account_id)
  const own = lines.filter(({ resource }) => resource.name === 'brief')
  // a quarter of a core for 20 s at 3,600 an hour is 5; 64 MiB for 20 s at 36 an hour is 12.80
  expect(own.map(({ component, net }) => [component, net])).toEqual([
    ['pod.cpu', '5.00'],
    ['pod.memory', '12.80'],
  ])
})

test('a pod stands on its node, the node shows its pods, and is the machine that a hypervisor sees', async () => {
  runningPod(rig.world, { namespace: 'shop', name: 'web', requests: { cpu: '1' } })
  const node = rig.world.sure('/nodes', 'node-1')
  const { systemUUID } = (node.status ?? {})['nodeInfo'] as { systemUUID: string }
  const hypervisor = await enrolledAgent(world, 'hypervisors')
  await tick()
  await hypervisor.send([
    hypervisor.listing(eye.now(), 'hv-1', [vm('vm-1', { evidence: { smbios_uuid: systemUUID } })]),
  ])
  await tick()
  const get = async (id: string) => world.run(async (ctx) => getResource(ctx, await resourceId(world, id), NO_EXTRAS))
  expect((await get('shop/web')).host).toMatchObject({ name: 'node-1' })
  expect((await get('node-1')).placed_here.map(({ name }) => name)).toContain('web')
  const covers = await rows<{ eye: string; billed: string; evidence: string }>(
    world.db,
    sql`select c.external_id as eye, b.external_id as billed, s.evidence
        from same_as s join resource c on c.id = s.resource_id join resource b on b.id = s.billed_id where s.cut_to is null`,
  )
  expect(covers).toEqual([{ eye: 'node-1', billed: 'vm-1', evidence: 'smbios_uuid' }])
})
