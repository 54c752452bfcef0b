/** The rig of OpenStack: a small cloud of its own behind services that take and refuse what the vendor's do. */
import { connector } from '#connectors/openstack/index.ts'
import { APPLICATION, CloudDouble } from './cloud/cloud.ts'
import { World } from './cloud/world.ts'
import type { Rig, Trouble } from './rig.ts'
import { TRUSTED } from './certificates.ts'

const NO_COUNTERS = 'the public APIs count nothing'

export class OpenStackRig implements Rig {
  readonly connector = connector
  readonly realm = 'cloud.test/RegionOne'
  readonly kind = 'vm' as const
  readonly counter = null
  readonly cannot = {
    use: NO_COUNTERS,
    reset: NO_COUNTERS,
    hidden_reset: NO_COUNTERS,
    reuse: 'ids are UUIDs, which no service gives twice',
  }
  readonly world = new World()
  readonly cloud = new CloudDouble(this.world)

  constructor() {
    for (let n = 1; n <= 4; n += 1) this.world.server(`passer-by-${n}`)
    this.world.volume(10)
    this.world.ip('203.0.113.9')
  }
  settings = () => ({
    auth_url: `${this.cloud.url}/identity`,
    region: 'RegionOne',
    application_credential_id: APPLICATION.id,
    application_credential_secret: APPLICATION.secret,
    all_projects: true,
    ca: TRUSTED.ca,
  })
  requests = () => this.cloud.requests

  async add(name: string): Promise<string> {
    return this.world.server(name)
  }
  async label(external_id: string, customer: string): Promise<void> {
    Object.assign(this.world.servers.get(external_id) ?? {}, { metadata: { customer } })
  }
  async remove(external_id: string): Promise<void> {
    this.world.servers.delete(external_id)
  }
  async reuse(): Promise<void> {
    throw new Error(this.cannot.reuse)
  }
  async use(): Promise<void> {
    throw new Error(NO_COUNTERS)
  }
  reset = this.use

  async trouble(kind: Trouble): Promise<void> {
    const { cloud } = this
    cloud.trouble = kind
    if (kind === 'incomplete') cloud.page_rows = 3
    if (kind === 'expired_credential') cloud.tokens.clear()
    if (kind === 'missing_right') cloud.isAdmin = false
    if (kind === 'untrusted_tls') await cloud.show('strange')
    if (kind === 'changes_between_pages') {
      cloud.page_rows = 3
      cloud.between = () => this.#change()
    }
  }
  /** What a page ended with is deleted, so that the marker of the next one names nothing; and one is made at the front. */
  #change(): void {
    const first = [...this.world.servers.values()].find(({ name }) => `${name as string}`.startsWith('passer-by'))
    if (first) this.world.servers.delete(first.id)
    this.world.server('passer-by-later')
  }
  async calm(): Promise<void> {
    const { cloud } = this
    const was = cloud.trouble
    cloud.trouble = null
    cloud.page_rows = 1_000
    cloud.isAdmin = true
    cloud.between = () => {}
    cloud.release()
    if (was === 'untrusted_tls') await cloud.show('trusted')
  }
  end = () => this.cloud.end()
}
