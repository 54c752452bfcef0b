/** Whole ticks against a cluster that lives, with watches that break at the worst moment: no change is lost, none is invented. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { KubernetesRig } from '#test/connectors/kubernetes.ts'
import { Eye, ids, listings, ranFor, readings, timeline } from '#test/connectors/k8s/eye.ts'
import { endPod, namespace, pendingPod, runningPod, startPod } from '#test/connectors/k8s/objects.ts'
import type { World } from '#test/connectors/k8s/world.ts'

let rig: KubernetesRig
let world: World
let eye: Eye
beforeEach(async () => {
  rig = await new KubernetesRig().start()
  world = rig.world
  eye = new Eye(() => rig.settings(), rig.realm)
})
afterEach(async () => {
  await eye.close()
  await rig.end()
})

const SECOND = 1_000
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const REQUESTS = { cpu: '250m', memory: '64Mi' }

/** Made, begun, ended after 20 seconds and taken away, all in the past of a clock that is ahead. */
function brief(name: string): string {
  const born_ms = Math.floor(eye.now() / SECOND) * SECOND + 2 * SECOND
  eye.offset_ms += 30 * SECOND
  const id = pendingPod(world, { namespace: 'shop', name, requests: REQUESTS, created_ms: born_ms })
  startPod(world, id, born_ms + SECOND)
  endPod(world, id, born_ms + SECOND, born_ms + 21 * SECOND)
  world.remove('/pods', id)
  return id
}
const failure = async (): Promise<{ code: string; message: string; remedy: string }> => {
  try {
    await eye.tick()
  } catch (error) {
    return error as { code: string; message: string; remedy: string }
  }
  throw new Error('the tick went well')
}

describe('pods that live for seconds', () => {
  test('one that is made and gone between two ticks is metered for the 20 seconds of its container', async () => {
    await eye.tick()
    const id = brief('job-1')
    expect(ids(await eye.tick(), 'pod')).toEqual([])
    expect(ranFor(eye.facts, id)).toBe(20 * SECOND)
    const run = timeline(eye.facts, 'pod', id).find(({ state }) => state === 'running')
    expect(run?.size).toEqual({ cpu_millicores: 250, memory_bytes: 64 * 2 ** 20 })
  })

  test('one whose life fell into a break of the watch is metered as well', async () => {
    await eye.tick()
    rig.server.trouble = { instead: (ask) => (ask?.verb === 'watch' ? new Response('no', { status: 503 }) : undefined) }
    rig.server.drop()
    const id = brief('job-2')
    await sleep(100)
    rig.server.calm()
    await eye.tick()
    expect(ranFor(eye.facts, id)).toBe(20 * SECOND)
  })

  test('one whose life fell into a restart of the agent is metered as well, and nothing is told twice', async () => {
    const stays = runningPod(world, { namespace: 'shop', name: 'stays' })
    await eye.tick()
    await eye.close()
    const id = brief('job-3')
    eye.offset_ms += 60 * SECOND
    await eye.tick()
    expect(ranFor(eye.facts, id)).toBe(20 * SECOND)
    expect(timeline(eye.facts, 'pod', stays).filter(({ state }) => state === 'running')).toHaveLength(1)
  })

  test('one that ended and is still there bears its own instants, also where nobody had watched', async () => {
    await eye.tick()
    rig.server.drop()
    const born_ms = Math.floor(eye.now() / SECOND) * SECOND + 2 * SECOND
    eye.offset_ms += 40 * SECOND
    const id = pendingPod(world, { namespace: 'shop', name: 'done', created_ms: born_ms })
    startPod(world, id, born_ms)
    endPod(world, id, born_ms, born_ms + 20 * SECOND, 'Failed')
    world.forget()
    await eye.tick()
    expect(ranFor(eye.facts, id)).toBe(20 * SECOND)
    expect(timeline(eye.facts, 'pod', id).at(-1)).toMatchObject({ state: 'failed', to: null })
  })

  test('what is heard of after a listing that lacked it lives on after that listing', async () => {
    await eye.tick()
    const id = runningPod(world, { namespace: 'shop', name: 'late', at_ms: Date.now() - 5 * SECOND })
    await eye.tick()
    const lives = timeline(eye.facts, 'pod', id).filter(({ state }) => state === 'running')
    expect(lives[0]?.from).toBeLessThan(Date.now() - 4 * SECOND)
    expect(lives.at(-1)?.to).toBeNull()
    // at most for its own millisecond does that listing hold
    expect((lives.at(-1)?.from ?? 0) - (lives.at(-2)?.to ?? lives[0]?.from ?? 0)).toBeLessThanOrEqual(1)
  })
})

describe('watches that break', () => {
  test('no change is lost, whatever broke it, and each is told once', async () => {
    await eye.tick()
    const all: string[] = []
    for (const [n, how] of (['break', 'close', 'break', 'close'] as const).entries()) {
      all.push(runningPod(world, { namespace: 'shop', name: `web-${n}` }))
      rig.server.drop(how)
      all.push(runningPod(world, { namespace: 'shop', name: `api-${n}` }))
      if (n % 2 === 1) world.remove('/pods', all.shift() ?? '')
    }
    const told = await eye.tick()
    expect(ids(told, 'pod')).toEqual(all.toSorted())
    for (const id of all) expect(timeline(eye.facts, 'pod', id).at(-1)).toMatchObject({ state: 'running', to: null })
    const starts = eye.facts.flatMap((fact) => (fact.type === 'event' && fact.change === 'started' ? [fact] : []))
    expect(new Set(starts.map(({ resource }) => resource.external_id)).size).toBe(8)
  })

  test('a version that is forgotten makes it list anew: what is gone ends, what is new begins', async () => {
    const goes = runningPod(world, { namespace: 'shop', name: 'goes' })
    await eye.tick()
    rig.server.trouble = { instead: (ask) => (ask?.verb === 'watch' ? new Response('no', { status: 503 }) : undefined) }
    rig.server.drop()
    world.remove('/pods', goes)
    const comes = runningPod(world, { namespace: 'shop', name: 'comes' })
    world.forget()
    rig.server.calm()
    expect(ids(await eye.tick(), 'pod')).toEqual([comes])
    expect(timeline(eye.facts, 'pod', goes).at(-1)?.to).not.toBeNull()
    expect(ranFor(eye.facts, comes, eye.now())).toBeGreaterThanOrEqual(0)
  })

  test('a server that was restored from a backup is listed anew: no watch goes on from a version that is still to come', async () => {
    const goes = runningPod(world, { namespace: 'shop', name: 'goes' })
    await eye.tick()
    rig.server.trouble = { mute: true }
    world.remove('/pods', goes)
    const comes = runningPod(world, { namespace: 'shop', name: 'comes' })
    world.revision -= 500
    expect(await failure()).toMatchObject({ code: 'unreachable', message: expect.stringContaining('an older state') })
    rig.server.calm()
    expect(ids(await eye.tick(), 'pod')).toEqual([comes])
  })

  test('a bookmark keeps the place: after a break nothing is listed anew, though much was forgotten', async () => {
    await eye.close()
    await rig.end()
    rig = await new KubernetesRig(undefined, { bookmark_ms: 20 }).start()
    world = rig.world
    eye = new Eye(() => rig.settings(), rig.realm)
    await eye.tick()
    for (let n = 0; n < 10; n += 1) namespace(world, `other-${n}`)
    await sleep(80)
    world.forget()
    rig.server.drop()
    const before = rig.server.asked.length
    await eye.tick()
    expect(rig.server.asked.slice(before).filter((path) => path.includes('pods?limit=500'))).toEqual([])
  })

  test('a watch that is dead without a word is found out: nothing is said of what it lacks, and the next tick is right', async () => {
    await eye.tick()
    rig.server.trouble = { mute: true }
    const id = runningPod(world, { namespace: 'shop', name: 'unheard' })
    const { code, message } = await failure()
    expect(code).toBe('timeout')
    expect(message).toContain('the watch of pods is behind')
    const shop = listings(eye.facts).filter(({ scope }) => scope.external_id === 'shop')
    expect(shop).toHaveLength(1)
    rig.server.calm()
    expect(ids(await eye.tick(), 'pod')).toEqual([id])
  })

  test('what stays miscounted is listed anew, and with a server that never counts as it lists it goes on', async () => {
    const pods = ['one', 'two'].map((name) => runningPod(world, { namespace: 'shop', name }))
    await eye.tick()
    const listed = () => rig.server.asked.filter((path) => path.startsWith('/api/v1/pods?limit=500')).length
    const before = listed()
    rig.server.api.miscounted = 'pods'
    const went: string[] = []
    for (const tick of ['a', 'b', 'c', 'd', 'e']) {
      // the version of the cluster goes on
      namespace(world, tick)
      went.push(
        await eye.tick().then(
          () => 'well',
          (error: unknown) => String(error),
        ),
      )
    }
    expect(went.slice(0, 2)).toEqual([1, 2].map(() => expect.stringContaining('the watch of pods is behind')))
    expect(listed()).toBeGreaterThan(before)
    expect(went.at(-1)).toBe('well')
    expect(ids(await eye.tick(), 'pod').toSorted()).toEqual(pods.toSorted())
  }, 30_000)

  test('a line of a watch that is no JSON is not passed over: the watch begins again where it was', async () => {
    await eye.tick()
    rig.server.trouble = { garbles: true }
    const garbled = pendingPod(world, { namespace: 'shop', name: 'garbled' })
    rig.server.calm()
    const after = pendingPod(world, { namespace: 'shop', name: 'then' })
    await sleep(300)
    expect(ids(await eye.tick(), 'pod')).toEqual([garbled, after])
  })
})

describe('pages', () => {
  test('more than a page is read page by page, each object once', async () => {
    for (let n = 0; n < 1_203; n += 1) pendingPod(world, { namespace: 'shop', name: `web-${n}` })
    const told = ids(await eye.tick(), 'pod')
    expect(new Set(told).size).toBe(1_203)
    const pages = rig.server.asked.filter((path) => path.startsWith('/api/v1/pods?limit=500'))
    expect(pages).toHaveLength(3)
  })

  test('a token that expires between pages begins the list anew: nothing of half a list is said', async () => {
    for (let n = 0; n < 700; n += 1) pendingPod(world, { namespace: 'shop', name: `web-${n}` })
    let once = true
    rig.server.trouble = {
      instead: (_ask, path) => {
        if (once && path === '/api/v1/pods' && rig.server.asked.at(-1)?.includes('continue=')) {
          once = false
          rig.server.api.expireTokens()
        }
        return undefined
      },
    }
    const told = await eye.tick()
    expect(once).toBe(false)
    expect(new Set(ids(told, 'pod')).size).toBe(700)
    for (const { complete } of listings(told)) expect(complete).toBe(true)
  })
})

describe('rights', () => {
  test('a right that is missing is named by verb, resource and place, with the rule that gives it', async () => {
    for (const verb of ['list', 'watch']) {
      rig.server.api.rights = (ask) => ask.resource !== 'pods' || ask.verb !== verb
      const { code, message, remedy } = await failure()
      expect(code).toBe('refused')
      expect(message).toContain(`may not ${verb} pods at the cluster scope (403)`)
      expect(remedy).toContain('resources: ["pods"], verbs: ["get", "list", "watch"]')
      await eye.close()
      eye.memory = undefined
    }
    expect(listings(eye.facts).some(({ scope }) => scope.kind === 'namespace')).toBe(false)
    expect(ids(eye.facts, 'node')).toContain('node-1')
  })

  test('who may nothing is told of every kind, in the order of kinds', async () => {
    rig.server.api.rights = () => false
    const kinds = [...(await failure()).message.matchAll(/may not list ([a-z]+)/g)].map(([, kind]) => kind)
    expect(kinds.slice(0, 4)).toEqual(['namespaces', 'nodes', 'persistentvolumes', 'pods'])
  })

  test('a group is named with its resource', async () => {
    rig.server.api.rights = ({ resource }) => resource !== 'deployments'
    const { message, remedy } = await failure()
    expect(message).toContain('may not list deployments.apps at the cluster scope')
    expect(remedy).toContain('apiGroups: ["apps"]')
  })

  test('with single namespaces nothing else is asked for, and rights there are enough', async () => {
    namespace(world, 'other')
    runningPod(world, { namespace: 'other', name: 'hidden' })
    const seen = runningPod(world, { namespace: 'shop', name: 'seen' })
    rig.server.api.rights = (ask) => ask.namespace === 'shop' || (ask.resource === 'namespaces' && ask.name === 'shop')
    const narrow = new Eye(() => ({ ...rig.settings(), namespaces: ['shop'] }), 'a-name')
    const told = await narrow.tick()
    expect(ids(told, 'pod')).toEqual([seen])
    expect(ids(told, 'namespace')).toEqual(['shop'])
    expect(listings(told).map(({ scope, complete }) => [scope.external_id, complete])).toEqual([['shop', true]])
    await narrow.close()
  })
})

describe('the cluster', () => {
  test('another cluster than the one of the realm is refused before anything of it is told', async () => {
    const other = new Eye(() => rig.settings(), '0f1e2d3c-0000-4000-8000-000000000000')
    await expect(other.tick()).rejects.toThrow(`this is the cluster ${world.uid}`)
    expect(other.facts).toEqual([])
    await other.close()
  })

  test('under a free name the first cluster met is remembered, and another one refused', async () => {
    const first = new Eye(() => rig.settings(), 'production')
    await first.tick()
    await first.close()
    const rebuilt = await new KubernetesRig().start()
    const second = new Eye(() => rebuilt.settings(), 'production')
    second.memory = first.memory
    await expect(second.tick()).rejects.toThrow(`the source is for ${world.uid}`)
    await second.close()
    await rebuilt.end()
  })

  test('a namespace that is gone is listed empty once, also after a restart', async () => {
    namespace(world, 'brief')
    await eye.tick()
    await eye.close()
    world.remove('/namespaces', 'brief')
    const empty = listings(await eye.tick()).filter(({ scope }) => scope.external_id === 'brief')
    expect(empty).toMatchObject([{ complete: true, resources: [] }])
    expect(listings(await eye.tick()).filter(({ scope }) => scope.external_id === 'brief')).toEqual([])
  })

  test('a cluster without a type goes on, and says so once', async () => {
    rig.server.trouble = {
      instead: (ask) =>
        ask?.resource === 'cronjobs' ? new Response('404 page not found\n', { status: 404 }) : undefined,
    }
    const told = await eye.tick()
    await eye.tick()
    expect(listings(told).every(({ complete }) => complete)).toBe(true)
    expect(eye.logged.filter((line) => line.includes('no cronjobs'))).toHaveLength(1)
  })
})

describe('usage', () => {
  const measured = (at_ms: number) => new Date(Math.floor(at_ms / SECOND) * SECOND).toISOString()

  test('what metrics.k8s.io says is told of nodes and pods, each measurement once', async () => {
    const id = runningPod(world, { namespace: 'shop', name: 'web' })
    const usage = { cpu: '250m', memory: '1Mi' }
    const timestamp = measured(Date.now())
    rig.server.metrics = {
      nodes: [{ metadata: { name: 'node-1' }, timestamp, window: '20s', usage: { cpu: '1500000000n', memory: '2Gi' } }],
      pods: [
        {
          metadata: { name: 'web', namespace: 'shop' },
          timestamp,
          window: '20s',
          containers: [
            { name: 'a', usage },
            { name: 'b', usage },
          ],
        },
      ],
    }
    const told = readings(await eye.tick())
    expect(told).toMatchObject([
      {
        resource: { kind: 'node', external_id: 'node-1' },
        gauges: { cpu_used_cores: 1.5, memory_used_bytes: 2 ** 31 },
      },
      { resource: { kind: 'pod', external_id: id }, gauges: { cpu_used_cores: 0.5, memory_used_bytes: 2 * 2 ** 20 } },
      {
        resource: { kind: 'pod', external_id: id },
        gauges: { cpu_allocated_millicores: 500, memory_allocated_bytes: 2 * 2 ** 20 },
      },
    ])
    expect(readings(await eye.tick())).toEqual([])
  })

  test('a pod that lived between two ticks is allocated what it asked for, from its first instant on', async () => {
    await eye.tick()
    const id = brief('job-4')
    await eye.tick()
    const run = timeline(eye.facts, 'pod', id).find(({ state }) => state === 'running')
    expect(readings(eye.facts).filter(({ resource }) => resource.external_id === id)).toMatchObject([
      { seen_at_ms: run?.from, gauges: { cpu_allocated_millicores: 250, memory_allocated_bytes: 64 * 2 ** 20 } },
    ])
  })

  test('an aggregated API that is there and does not answer makes no request of what is used, one that is not there does', async () => {
    const id = runningPod(world, { namespace: 'shop', name: 'web', requests: REQUESTS })
    const timestamp = measured(Date.now())
    const containers = [{ name: 'main', usage: { cpu: '1', memory: '1Mi' } }]
    rig.server.metrics = {
      nodes: [],
      pods: [{ metadata: { name: 'web', namespace: 'shop' }, timestamp, window: '20s', containers }],
    }
    await eye.tick()
    const told = async () =>
      readings(await eye.tick())
        .filter(({ resource }) => resource.external_id === id)
        .map(({ gauges }) => gauges?.['cpu_allocated_millicores'])
        .filter((cpu) => cpu !== undefined)
    rig.server.trouble = {
      instead: (ask) =>
        ask?.group === 'metrics.k8s.io' ? new Response('service unavailable', { status: 503 }) : undefined,
    }
    eye.offset_ms += 60 * SECOND
    expect(await told()).toEqual([])
    rig.server.calm()
    rig.server.metrics = undefined
    eye.offset_ms += 20 * SECOND
    expect(await told()).toEqual([250])
  })

  test('without metrics.k8s.io the rest is told, and that is said once', async () => {
    await eye.tick()
    await eye.tick()
    expect(eye.logged.filter((line) => line.includes('metrics.k8s.io does not answer'))).toHaveLength(1)
  })
})
