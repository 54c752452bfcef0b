/** The Rig of Proxmox VE: a small cluster of its own behind an API that takes and refuses what the vendor's does. */
import { connector } from '#connectors/proxmox/index.ts'
import { Rights } from './pve/api.ts'
import { Server, TOKEN } from './pve/server.ts'
import { World } from './pve/world.ts'
import type { Rig, Trouble } from './rig.ts'
import { type Shown, STRANGE, TRUSTED } from './certificates.ts'

export const AUDITOR = ['Datastore.Audit', 'Mapping.Audit', 'Pool.Audit', 'SDN.Audit', 'Sys.Audit', 'VM.Audit'] as const
const BACKUPS = ['Datastore.AllocateSpace', 'VM.Backup'] as const

/** An auditor who also may see backups. */
export const auditor = (): Rights => new Rights().grant('/', ...AUDITOR, ...BACKUPS)

export class ProxmoxRig implements Rig {
  readonly connector = connector
  readonly realm = 'pve-test'
  readonly kind = 'vm' as const
  readonly counter = 'network_receive_bytes'
  readonly cannot = {}
  readonly world = new World()
  server: Server
  #strange: Server | undefined

  constructor(certificate: Shown = TRUSTED) {
    this.server = new Server(this.world, auditor(), certificate)
  }

  settings(): Record<string, unknown> {
    const urls = [(this.#strange ?? this.server).url]
    return { urls, token_id: TOKEN.id, token_secret: TOKEN.secret, ca: TRUSTED.ca }
  }
  async add(name: string): Promise<string> {
    return `${this.world.add(name).vmid}`
  }
  async label(external_id: string, customer: string): Promise<void> {
    this.world.guest(Number(external_id)).tags.push(customer)
  }
  async remove(external_id: string): Promise<void> {
    this.world.destroy(Number(external_id))
  }
  async reuse(external_id: string): Promise<void> {
    this.world.add(`again-${external_id}`, { vmid: Number(external_id) })
  }
  async use(external_id: string, amount: bigint): Promise<void> {
    this.world.guest(Number(external_id)).netin += amount
  }
  async reset(external_id: string): Promise<void> {
    this.world.restart(Number(external_id))
  }

  async trouble(kind: Trouble): Promise<void> {
    const { server, world } = this
    const last = [...world.nodes.values()].at(0)
    if (kind === 'incomplete' && last) last.online = false
    else if (kind === 'changes_between_pages') this.#churn()
    else if (kind === 'rate_limited')
      server.trouble = { instead: () => new Response('slow down', { status: 429, headers: { 'retry-after': '60' } }) }
    else if (kind === 'hangs') server.trouble = { hangs: true }
    else if (kind === 'expired_credential') server.tokenIsValid = false
    else if (kind === 'untrusted_tls') this.#strange = new Server(world, auditor(), STRANGE)
    else if (kind === 'missing_right') server.rights = auditor().grant('/vms', 'VM.Backup')
    else if (kind === 'garbled')
      server.trouble = { instead: (path) => (path === '/cluster/resources' ? new Response('<html>proxy') : undefined) }
  }
  /** While the guests' configurations are read one by one, one is born and one dies. */
  #churn(): void {
    let born: number | undefined
    this.server.trouble = {
      instead: (path) => {
        if (!path.endsWith('/config')) return undefined
        if (born !== undefined) this.world.destroy(born)
        born = this.world.add('passer-by').vmid
        return undefined
      },
    }
  }
  async calm(): Promise<void> {
    const first = [...this.world.nodes.values()].at(0)
    if (first) first.online = true
    this.server.trouble = {}
    this.server.tokenIsValid = true
    this.server.rights = auditor()
    await this.#strange?.stop()
    this.#strange = undefined
  }
  async end(): Promise<void> {
    await this.#strange?.stop()
    await this.server.stop()
  }
}
