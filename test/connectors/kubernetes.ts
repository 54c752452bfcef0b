/** The Rig of Kubernetes: a small cluster of its own behind an API server that takes and refuses what the real one does. */
import { connector } from '#connectors/kubernetes/index.ts'
import { namespace, node, pendingPod, runningPod } from './k8s/objects.ts'
import { type Options, Server, TOKEN } from './k8s/server.ts'
import { World } from './k8s/world.ts'
import type { Rig, Trouble } from './rig.ts'
import { type Shown, STRANGE, TRUSTED } from './certificates.ts'

export class KubernetesRig implements Rig {
  readonly connector = connector
  readonly kind = 'pod' as const
  /** metrics.k8s.io tells averages, no counters */
  readonly counter = null
  readonly cannot = {}
  readonly world = new World()
  readonly server: Server
  #strange: Server | undefined

  constructor(certificate: Shown = TRUSTED, options: Options = {}) {
    this.server = new Server(this.world, certificate, options)
    namespace(this.world, 'shop', { customer: 'c-1' })
    node(this.world, 'node-1')
  }
  async start(): Promise<this> {
    await this.server.start()
    return this
  }
  get realm(): string {
    return this.world.uid
  }

  settings(): Record<string, unknown> {
    return { server: (this.#strange ?? this.server).url, ca: TRUSTED.ca, token: TOKEN }
  }
  async add(name: string): Promise<string> {
    const requests = { cpu: '100m', memory: '64Mi' }
    return runningPod(this.world, { namespace: 'shop', name: name.replaceAll(/[^a-z0-9.-]/g, '-'), requests })
  }
  async label(external_id: string, customer: string): Promise<void> {
    const { labels } = this.world.sure('/pods', external_id).metadata
    this.world.change('/pods', external_id, { metadata: { labels: { ...labels, customer } } })
  }
  async remove(external_id: string): Promise<void> {
    this.world.remove('/pods', external_id)
  }
  async reuse(external_id: string): Promise<void> {
    const [place = '', name = ''] = external_id.split('/')
    runningPod(this.world, { namespace: place, name })
  }
  async use(): Promise<void> {
    throw new Error('there is no counter')
  }
  async reset(): Promise<void> {
    throw new Error('there is no counter')
  }
  requests(): number {
    return this.server.asked.length
  }

  async trouble(kind: Trouble): Promise<void> {
    const { server } = this
    const overloaded = () =>
      new Response('{"kind":"Status","code":429,"message":"too many requests"}', {
        status: 429,
        headers: { 'retry-after': '60' },
      })
    if (kind === 'incomplete')
      server.trouble = {
        instead: (ask) =>
          ask?.resource === 'pods' ? new Response('etcdserver: leader changed', { status: 500 }) : undefined,
      }
    else if (kind === 'changes_between_pages') this.#churn()
    else if (kind === 'rate_limited') server.trouble = { instead: overloaded }
    else if (kind === 'hangs') server.trouble = { hangs: true }
    else if (kind === 'expired_credential') server.tokenIsValid = false
    else if (kind === 'untrusted_tls') this.#strange = await new Server(this.world, STRANGE).start()
    else if (kind === 'missing_right') server.api.rights = ({ resource }) => resource !== 'pods'
    else if (kind === 'garbled')
      server.trouble = { instead: (ask) => (ask?.resource === 'pods' ? new Response('<html>proxy') : undefined) }
  }
  /** Each tick finds its watch cut and its version forgotten: all is listed anew, while one is born and one dies. */
  #churn(): void {
    const { server, world } = this
    let born: string | undefined
    let count = 0
    const turn = () => {
      if (born !== undefined) world.remove('/pods', born)
      born = pendingPod(world, { namespace: 'shop', name: `passer-by-${(count += 1)}` })
    }
    server.api.betweenPages = turn
    server.trouble = {
      instead: (ask, path) => {
        if (path === '/version' || ask?.resource !== 'pods' || ask.verb !== 'list') return undefined
        turn()
        world.forget()
        server.drop('break', 'pods')
        return undefined
      },
    }
  }
  async calm(): Promise<void> {
    this.server.calm()
    this.server.api.betweenPages = undefined
    this.server.tokenIsValid = true
    this.server.api.rights = () => true
    await this.#strange?.stop()
    this.#strange = undefined
  }
  async end(): Promise<void> {
    await this.#strange?.stop()
    await this.server.stop()
  }
}
