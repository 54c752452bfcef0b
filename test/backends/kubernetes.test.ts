/** The connector for Kubernetes on a real API server: what it says must be what is there, over pages, breaks, restarts and forgotten versions. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Eye, ids, listings, ranFor, timeline } from '#test/connectors/k8s/eye.ts'
import { STRANGE } from '#test/connectors/certificates.ts'
import { Kube, TOKENS, whyNoKube } from './kube-api.ts'

const whyNot = whyNoKube()
if (whyNot !== undefined) console.warn(`skipped: ${whyNot}`)
const PODS = 1_200
const AT_ONCE = 16
/** of a pod that nobody sees in a listing; in whole seconds, as Kubernetes tells them */
const LIVES_MS = 3_000
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
const second = (at_ms: number) => new Date(Math.floor(at_ms / 1_000) * 1_000).toISOString().replace('.000', '')

/** As the README of the connector gives it. */
const ROLE = {
  metadata: { name: 'atalaya' },
  rules: [
    {
      apiGroups: [''],
      resources: ['nodes', 'namespaces', 'pods', 'persistentvolumes', 'persistentvolumeclaims', 'services'],
      verbs: ['get', 'list', 'watch'],
    },
    { apiGroups: ['apps'], resources: ['deployments', 'statefulsets', 'daemonsets'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: ['batch'], resources: ['jobs', 'cronjobs'], verbs: ['get', 'list', 'watch'] },
  ],
}
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const allowed = (user: string) => ({
  metadata: { name: user },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'atalaya' },
  subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
})

const container = (name: string, cpu: string, memory: string) => ({
  name,
  image: 'registry.example/web:1.27',
  resources: { requests: { cpu, memory } },
})

describe.skipIf(whyNot !== undefined)('a real API server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'atalaya-kube-'))
  const eyes: Eye[] = []
  let kube: Kube
  let realm: string

  beforeAll(async () => {
    kube = await Kube.start(join(folder, 'kube'), 17_643)
    const { metadata } = await kube.sure('GET', '/api/v1/namespaces/kube-system')
    realm = (metadata as { uid: string }).uid
    await kube.sure('POST', `${RBAC}/clusterroles`, ROLE)
    for (const user of ['atalaya', 'certified']) await kube.sure('POST', `${RBAC}/clusterrolebindings`, allowed(user))
    await kube.sure('POST', '/api/v1/namespaces', { metadata: { name: 'shop', labels: { customer: 'c-1' } } })
    await kube.sure('POST', '/api/v1/nodes', { metadata: { name: 'node-1' }, spec: {} })
    await kube.sure('PATCH', '/api/v1/nodes/node-1/status', {
      status: {
        capacity: { cpu: '32', memory: '131923456Ki', pods: '250' },
        allocatable: { cpu: '31500m', memory: '129826304Ki', pods: '250' },
        conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
        addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
      },
    })
  })
  afterEach(async () => {
    await Promise.all(eyes.splice(0).map((eye) => eye.close()))
  })
  afterAll(async () => {
    await kube?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  function look(credential: Record<string, unknown> = { token: TOKENS.reader }, ca = kube.ca): Eye {
    const eye = new Eye(() => ({ server: kube.url, ca, ...credential }), realm)
    eyes.push(eye)
    return eye
  }
  const make = (name: string, spec: object = {}) =>
    kube.sure('POST', '/api/v1/namespaces/shop/pods', {
      metadata: { name, labels: { app: 'web' } },
      spec: { nodeName: 'node-1', containers: [container('main', '250m', '256Mi')], ...spec },
    })
  const state = (name: string, status: object) =>
    kube.sure('PATCH', `/api/v1/namespaces/shop/pods/${name}/status`, { status })
  const running = (name: string, at_ms: number) =>
    state(name, {
      phase: 'Running',
      startTime: second(at_ms),
      containerStatuses: [
        {
          name: 'main',
          image: 'registry.example/web:1.27',
          imageID: '',
          restartCount: 0,
          ready: true,
          state: { running: { startedAt: second(at_ms) } },
        },
      ],
    })
  const ended = (name: string, began_ms: number, ended_ms: number) =>
    state(name, {
      phase: 'Succeeded',
      containerStatuses: [
        {
          name: 'main',
          image: 'registry.example/web:1.27',
          imageID: '',
          restartCount: 0,
          ready: false,
          state: {
            terminated: {
              exitCode: 0,
              reason: 'Completed',
              startedAt: second(began_ms),
              finishedAt: second(ended_ms),
            },
          },
        },
      ],
    })
  const remove = (name: string) =>
    kube.sure('DELETE', `/api/v1/namespaces/shop/pods/${name}`, { gracePeriodSeconds: 0 })
  const there = async (): Promise<string[]> => {
    const { items } = (await kube.sure('GET', '/api/v1/pods')) as {
      items: { metadata: { namespace: string; name: string } }[]
    }
    return items.map(({ metadata: { namespace, name } }) => `${namespace}/${name}`).toSorted()
  }
  /** Ticks until the listing is what the server holds. */
  async function settled(eye: Eye): Promise<string[]> {
    for (let left = 20; ; left -= 1) {
      const said = ids(await eye.tick(), 'pod')
      if (JSON.stringify(said) === JSON.stringify(await there())) return said
      if (left === 0)
        throw new Error(`after 20 looks ${said.length} pods are listed, ${(await there()).length} are there`)
      await sleep(250)
    }
  }

  test('what is there is listed, with what a pod holds, by a token and by a client certificate', async () => {
    await make('one', {
      initContainers: [container('first', '1', '64Mi')],
      containers: [container('main', '250m', '256Mi'), container('side', '0.1', '1e6')],
    })
    await kube.sure('POST', '/apis/apps/v1/namespaces/shop/deployments', {
      metadata: { name: 'web' },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [container('main', '1', '1Gi')] } },
      },
    })
    await kube.sure('POST', '/api/v1/namespaces/shop/persistentvolumeclaims', {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '5Gi' } } },
    })
    const { cert, key } = kube.person('certified')
    for (const credential of [{ token: TOKENS.reader }, { client_certificate: cert, client_key: key }]) {
      const facts = await look(credential).tick()
      expect(ids(facts, 'pod')).toEqual(await there())
      expect(ids(facts, 'node')).toEqual(['node-1'])
      expect(ids(facts, 'workload')).toContain('shop/Deployment/web')
      expect(ids(facts, 'persistent_volume_claim')).toEqual(['shop/data'])
      expect(ids(facts, 'namespace')).toEqual(
        expect.arrayContaining(['default', 'kube-node-lease', 'kube-public', 'kube-system', 'shop']),
      )
      expect(listings(facts).every(({ complete }) => complete)).toBe(true)
      const pod = listings(facts)
        .flatMap(({ resources }) => resources)
        .find(({ kind }) => kind === 'pod')
      // the larger of the first container and of both that follow it
      expect(pod?.size).toMatchObject({ cpu_millicores: 1_000, memory_bytes: 256 * 2 ** 20 + 1_000_000 })
    }
  })

  test('who may not is told which verb on which resource; a stranger and a strange authority are refused', async () => {
    await expect(look({ token: TOKENS.nobody }).tick()).rejects.toThrow(
      /may not list pods at the cluster scope \(403\)/,
    )
    await expect(look({ token: 'unknown' }).tick()).rejects.toThrow(/doesn't accept the credential \(401\)/)
    await expect(look({ token: TOKENS.reader }, STRANGE.ca).tick()).rejects.toThrow(/certificate/i)
  })

  test('more pods than a page holds are listed whole, and changes come by watching', async () => {
    const names = Array.from({ length: PODS }, (_, n) => `many-${n}`)
    const left = [...names]
    const maker = async () => {
      for (let name = left.pop(); name !== undefined; name = left.pop()) await make(name)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, maker))
    const eye = look()
    const facts = await eye.tick()
    expect(ids(facts, 'pod')).toEqual(await there())
    expect(ids(facts, 'pod').length).toBeGreaterThanOrEqual(PODS)
    for (const name of names.slice(0, 20)) await remove(name)
    await make('late')
    const said = await settled(eye)
    expect(said).toContain('shop/late')
    expect(said).not.toContain('shop/many-0')
  })

  test('a pod that lives between two looks is metered for its own seconds', async () => {
    const eye = look()
    await eye.tick()
    await make('brief')
    await sleep(1_000)
    const began_ms = Date.now()
    await running('brief', began_ms)
    await sleep(LIVES_MS)
    await ended('brief', began_ms, began_ms + LIVES_MS)
    await remove('brief')
    for (let left = 20; left > 0 && ranFor(eye.facts, 'shop/brief') !== LIVES_MS; left -= 1) {
      await sleep(250)
      await eye.tick()
    }
    expect(ranFor(eye.facts, 'shop/brief')).toBe(LIVES_MS)
    expect(timeline(eye.facts, 'pod', 'shop/brief').at(-1)?.to).not.toBeNull()
  })

  test('over a restart of the API server, and over versions that it has forgotten, nothing is lost or kept too long', async () => {
    const eye = look()
    await eye.tick()
    await remove('many-20')
    await kube.restart()
    await make('after-restart')
    await settled(eye)
    await eye.close()
    // what happens while nobody looks is forgotten by etcd before the agent is back
    await remove('many-21')
    await make('unseen')
    await sleep(12_000)
    await settled(eye)
    const [gone] = timeline(eye.facts, 'pod', 'shop/many-21').slice(-1)
    expect(gone?.to).not.toBeNull()
    expect(timeline(eye.facts, 'pod', 'shop/unseen').length).toBeGreaterThan(0)
  })

  test('a name that is used again is another pod', async () => {
    const eye = look()
    await make('again')
    await settled(eye)
    await remove('again')
    await make('again')
    await settled(eye)
    const seen = listings(eye.facts)
      .flatMap(({ resources }) => resources)
      .filter(({ external_id }) => external_id === 'shop/again')
    expect(new Set(seen.map(({ incarnation }) => incarnation)).size).toBe(2)
  })
})
