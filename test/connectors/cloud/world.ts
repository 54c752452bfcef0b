/** What stands in that cloud: projects, flavours, servers, volumes and floating IP addresses, with the fields that the services give. */
export type Row = Record<string, unknown> & { id: string }

const hex = () => crypto.randomUUID().replaceAll('-', '')
/** Keystone, Nova and Cinder write instants in three ways. */
const seconds = () => `${new Date().toISOString().slice(0, 19)}Z`
const micros = () => new Date().toISOString().replace('Z', '000')

export class World {
  readonly projects = new Map<string, Row>()
  readonly flavors = new Map<string, Row>()
  /** in no list, and still to be asked for */
  readonly deleted_flavors = new Map<string, Row>()
  readonly servers = new Map<string, Row>()
  readonly volumes = new Map<string, Row>()
  readonly ips = new Map<string, Row>()
  /** of servers of a cell that is down, nothing is known */
  readonly unreachable = new Set<string>()

  constructor() {
    this.project('shop')
    this.project('other')
    this.flavor('m1.small', { vcpus: 2, ram: 2_048, disk: 20 })
  }

  project(name: string): string {
    const id = hex()
    const more = {
      is_domain: false,
      description: '',
      domain_id: 'default',
      parent_id: 'default',
      tags: [],
      options: {},
    }
    this.projects.set(id, { id, name, enabled: true, ...more })
    return id
  }
  get own(): string {
    return [...this.projects.keys()][0] ?? ''
  }
  get other(): string {
    return [...this.projects.keys()][1] ?? ''
  }

  flavor(name: string, size: { vcpus: number; ram: number; disk: number }): string {
    const id = `${this.flavors.size + 1}`
    const more = { 'OS-FLV-EXT-DATA:ephemeral': 0, swap: '', rxtx_factor: 1, 'os-flavor-access:is_public': true }
    this.flavors.set(id, { id, name, ...size, ...more, links: [] })
    return id
  }

  server(name: string, changes: Record<string, unknown> = {}): string {
    const id = crypto.randomUUID()
    const mac = `fa:16:3e:${id.slice(0, 2)}:${id.slice(2, 4)}:${id.slice(4, 6)}`
    this.servers.set(id, {
      id,
      name,
      status: 'ACTIVE',
      tenant_id: this.own,
      user_id: hex(),
      created: seconds(),
      updated: seconds(),
      flavor: { id: '1', links: [] },
      image: { id: crypto.randomUUID(), links: [] },
      addresses: {
        private: [{ addr: '192.168.0.3', version: 4, 'OS-EXT-IPS:type': 'fixed', 'OS-EXT-IPS-MAC:mac_addr': mac }],
      },
      metadata: {},
      tags: [],
      hostId: hex(),
      'OS-EXT-STS:power_state': 1,
      'OS-EXT-AZ:availability_zone': 'nova',
      'OS-SRV-USG:launched_at': micros(),
      'OS-EXT-SRV-ATTR:host': 'compute1',
      'OS-EXT-SRV-ATTR:hypervisor_hostname': 'compute1.test',
      'os-extended-volumes:volumes_attached': [],
      ...changes,
    })
    return id
  }

  /** As that version of Nova shows it to that asker. */
  serverAs(row: Row, version: number, isAdmin: boolean): unknown {
    if (this.unreachable.has(row.id) && version >= 69) {
      const { id, created, tenant_id } = row
      return { id, created, tenant_id, status: 'UNKNOWN', security_groups: [], links: [] }
    }
    const shown = Object.entries(row).filter(
      ([key]) => (isAdmin || !key.startsWith('OS-EXT-SRV-ATTR')) && (version >= 26 || key !== 'tags'),
    )
    const server = Object.fromEntries(shown)
    if (version < 47) return server
    const { id } = row['flavor'] as { id: string }
    const found: Record<string, unknown> = this.flavors.get(id) ?? this.deleted_flavors.get(id) ?? {}
    const [original_name, vcpus, ram, disk] = ['name', 'vcpus', 'ram', 'disk'].map((key) => found[key])
    return { ...server, flavor: { original_name, vcpus, ram, disk, ephemeral: 0, swap: 0, extra_specs: {} } }
  }

  volume(size: number, changes: Record<string, unknown> = {}): string {
    const id = crypto.randomUUID()
    this.volumes.set(id, {
      id,
      name: null,
      size,
      status: 'available',
      attachments: [],
      availability_zone: 'nova',
      bootable: 'false',
      created_at: micros(),
      encrypted: false,
      metadata: {},
      'os-vol-tenant-attr:tenant_id': this.own,
      volume_type: 'ssd',
      ...changes,
    })
    return id
  }

  ip(address: string, changes: Record<string, unknown> = {}): string {
    const id = crypto.randomUUID()
    this.ips.set(id, {
      id,
      floating_ip_address: address,
      fixed_ip_address: null,
      floating_network_id: crypto.randomUUID(),
      port_id: null,
      router_id: null,
      status: 'DOWN',
      project_id: this.own,
      tenant_id: this.own,
      created_at: seconds(),
      port_details: null,
      tags: [],
      ...changes,
    })
    return id
  }
}
