/** The API of that cluster as Proxmox VE's own schema has it: paths, parameters, privileges, and what is refused in which words. */
import type { Guest, World } from './world.ts'

type Query = Readonly<Record<string, string>>
type Params = Readonly<Record<string, string>>
export class Refused extends Error {
  readonly status: number
  readonly errors: Record<string, string> | undefined
  constructor(status: number, message: string, errors?: Record<string, string>) {
    super(message)
    this.status = status
    this.errors = errors
  }
}

/** Privileges by path; a path without its own has those of the path above it. */
export class Rights {
  readonly #granted = new Map<string, ReadonlySet<string>>()
  grant(path: string, ...privileges: string[]): this {
    this.#granted.set(path, new Set(privileges))
    return this
  }
  of(path: string): ReadonlySet<string> {
    for (let at = path; ; at = at.slice(0, at.lastIndexOf('/')) || '/') {
      const own = this.#granted.get(at)
      if (own) return own
      if (at === '/') return new Set()
    }
  }
  paths(): string[] {
    return [
      ...new Set([
        '/',
        '/access',
        '/access/groups',
        '/nodes',
        '/pool',
        '/sdn',
        '/storage',
        '/vms',
        ...this.#granted.keys(),
      ]),
    ]
  }
  need(path: string, ...privileges: string[]): void {
    for (const privilege of privileges)
      if (!this.of(path).has(privilege)) throw new Refused(403, `Permission check failed (${path}, ${privilege})`)
  }
}

interface Call {
  world: World
  rights: Rights
  params: Params
  query: Query
}
interface Route {
  path: RegExp
  names: readonly string[]
  /** parameters beside those of the path, and what each may be */
  takes: Readonly<Record<string, RegExp>>
  /** parameters that must be given */
  needs: readonly string[]
  answer(call: Call): unknown
}

const TEXT = /^.+$/
const WHOLE = /^\d+$/
const BOOLEAN = /^(0|1|yes|no|true|false|on|off)$/i
const FRAME = /^(hour|day|week|month|year|decade)$/

function route(pattern: string, takes: Route['takes'], answer: Route['answer'], needs: readonly string[] = []): Route {
  const names = [...pattern.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')
  return { path: new RegExp(`^${pattern.replaceAll(/\{\w+\}/g, '([^/]+)')}$`), names, takes, needs, answer }
}

/** The guest that is meant, if it may be seen and is on that node: Proxmox VE checks in this order. */
function guestOf({ world, rights, params }: Call, type: Guest['type']): Guest {
  rights.need(`/vms/${params['vmid']}`, 'VM.Audit')
  nodeOf(world, params)
  const guest = world.guests.get(Number(params['vmid']))
  const folder = type === 'qemu' ? 'qemu-server' : 'lxc'
  if (!guest || guest.type !== type || guest.node !== params['node'])
    throw new Refused(
      500,
      `Configuration file 'nodes/${params['node']}/${folder}/${params['vmid']}.conf' does not exist`,
    )
  return guest
}

function nodeOf(world: World, params: Params) {
  const node = world.nodes.get(params['node'] ?? '')
  if (!node) throw new Refused(500, `hostname lookup '${params['node']}' failed - failed to get address info`)
  if (!node.online) throw new Refused(595, 'No route to host')
  if (node.mute) throw new Refused(595, 'Connection refused')
  return node
}

function resources({ world, rights, query }: Call): unknown[] {
  const want = (type: string) => query['type'] === undefined || query['type'] === type
  const found: unknown[] = []
  if (want('vm'))
    for (const { vmid, type, node, pool, tags, lock } of world.guests.values()) {
      if (!rights.of(`/vms/${vmid}`).has('VM.Audit')) continue
      const row = { id: `${type}/${vmid}`, vmid, type, node, ...world.stats(vmid) }
      found.push({
        ...row,
        ...(pool && { pool }),
        ...(tags.length > 0 && { tags: tags.join(';') }),
        ...(lock && { lock }),
      })
    }
  if (want('node'))
    for (const { name, online, booted_ms } of world.nodes.values()) {
      const row = { id: `node/${name}`, type: 'node', node: name, status: online ? 'online' : 'offline' }
      if (!rights.of(`/nodes/${name}`).has('Sys.Audit')) found.push(row)
      else if (!online) found.push({ ...row, level: '' })
      else {
        const size = { maxcpu: 16, maxmem: 64 * 2 ** 30, maxdisk: 10 ** 12 }
        const uptime = Math.floor((Date.now() - booted_ms) / 1_000)
        found.push({ ...row, ...size, level: '', uptime, cpu: 0.125, mem: 2 ** 33, disk: 10 ** 10, 'cgroup-mode': 2 })
      }
    }
  if (want('storage')) found.push(...storageRows(world, rights))
  return found
}

function storageRows(world: World, rights: Rights): unknown[] {
  return [...world.stores.values()]
    .filter(({ name }) => rights.of(`/storage/${name}`).has('Datastore.Audit'))
    .flatMap(({ name, shared, type, content }) =>
      [...world.nodes.values()].map((node) => {
        const row = { id: `storage/${node.name}/${name}`, type: 'storage', storage: name, node: node.name }
        const kind = { plugintype: type, shared: shared ? 1 : 0, content }
        if (!node.online) return { ...row, ...kind, status: 'unknown' }
        return { ...row, ...kind, status: 'available', maxdisk: 10 ** 12, disk: 10 ** 11 }
      }),
    )
}

function backupsOf({ world, rights, params, query }: Call): unknown[] {
  rights.need(`/storage/${params['storage']}`, 'Datastore.Audit')
  nodeOf(world, params)
  const store = world.stores.get(params['storage'] ?? '')
  if (!store) throw new Refused(500, `storage '${params['storage']}' does not exist`)
  if (query['content'] !== 'backup') return []
  const all = rights.of(`/storage/${store.name}`)
  // left out without a word
  const shown = store.backups.filter(
    ({ vmid }) => all.has('Datastore.AllocateSpace') && rights.of(`/vms/${vmid}`).has('VM.Backup'),
  )
  return shown.map(({ volid, ctime, size, vmid }) => ({
    volid,
    ctime,
    size,
    vmid,
    content: 'backup',
    format: 'vma.zst',
    subtype: 'qemu',
  }))
}

function tasksOf({ world, rights, params, query }: Call): unknown[] {
  const { name } = nodeOf(world, params)
  if (!rights.of(`/nodes/${name}`).has('Sys.Audit')) return []
  const since = Number(query['since'] ?? 0)
  const own = world.tasks.filter((task) => task.node === name && task.endtime !== undefined && task.starttime >= since)
  const start = Number(query['start'] ?? 0)
  return own.slice(start, start + Number(query['limit'] ?? 50))
}

/** Each node tells its latest tasks only. */
const TASKS_TOLD = 25
function recentTasks({ world, rights }: Call): unknown[] {
  if (!rights.of('/').has('Sys.Audit')) return []
  return [...Map.groupBy(world.tasks, (task) => task.node).values()].flatMap((own) => own.slice(0, TASKS_TOLD))
}

function permissions({ rights }: Call): unknown {
  const shown = rights.paths().flatMap((path) => {
    const own = [...rights.of(path)]
    return own.length > 0 ? [[path, Object.fromEntries(own.map((privilege) => [privilege, 1]))] as const] : []
  })
  return Object.fromEntries(shown)
}

function statusOf({ world, rights }: Call): unknown[] {
  rights.need('/', 'Sys.Audit')
  const nodes = [...world.nodes.values()].map(({ name, online, ip }, at) => {
    const row = { type: 'node', id: `node/${name}`, name, ip, nodeid: at + 1, level: '' }
    return { ...row, online: online ? 1 : 0, local: at === 0 ? 1 : 0 }
  })
  const { name, quorate } = world
  return [{ type: 'cluster', id: 'cluster', name, version: 3, nodes: nodes.length, quorate: quorate ? 1 : 0 }, ...nodes]
}

const snapshotsOf = (guest: Guest) => [
  ...guest.snapshots.map((one) => ({ ...one, description: '', vmstate: 0 })),
  { name: 'current', description: 'You are here!', digest: 'd', running: guest.status === 'running' ? 1 : 0 },
]

function agentAddresses(call: Call): unknown {
  const guest = guestOf(call, 'qemu')
  if (!call.rights.of(`/vms/${guest.vmid}`).has('VM.Monitor'))
    call.rights.need(`/vms/${guest.vmid}`, 'VM.GuestAgent.Audit')
  if (guest.ips.length === 0) throw new Refused(500, 'QEMU guest agent is not running')
  const addresses = guest.ips.map((ip) => ({ 'ip-address': ip, 'ip-address-type': 'ipv4', prefix: 24 }))
  return { result: [{ name: 'eth0', 'hardware-address': guest.macs[0]?.toLowerCase(), 'ip-addresses': addresses }] }
}

const GUEST = { current: BOOLEAN, snapshot: TEXT }
const RRD = { timeframe: FRAME, cf: /^(AVERAGE|MAX)$/, ds: TEXT }
const typed = (type: Guest['type']): Route[] => [
  route(`/nodes/{node}/${type}/{vmid}/config`, GUEST, (call) => call.world.config(guestOf(call, type).vmid)),
  route(`/nodes/{node}/${type}/{vmid}/snapshot`, {}, (call) => snapshotsOf(guestOf(call, type))),
  route(`/nodes/{node}/${type}/{vmid}/status/current`, {}, (call) => call.world.stats(guestOf(call, type).vmid)),
  route(`/nodes/{node}/${type}/{vmid}/rrddata`, RRD, (call) => (guestOf(call, type), call.world.records), [
    'timeframe',
  ]),
]

const ROUTES: readonly Route[] = [
  route('/version', {}, ({ world }) => ({
    version: world.version,
    release: world.version.slice(0, 3),
    repoid: '761609f7',
  })),
  route('/access/permissions', { path: TEXT, userid: TEXT }, permissions),
  route('/cluster/status', {}, statusOf),
  route('/cluster/resources', { type: /^(vm|storage|node|sdn)$/ }, resources),
  route('/cluster/tasks', {}, recentTasks),
  route('/cluster/sdn/zones', { type: TEXT, pending: BOOLEAN, running: BOOLEAN }, ({ world, rights }) =>
    rights.of('/sdn').has('SDN.Audit') ? world.zones : [],
  ),
  route('/cluster/sdn/vnets', { pending: BOOLEAN, running: BOOLEAN }, ({ world, rights }) =>
    rights.of('/sdn').has('SDN.Audit') ? world.vnets : [],
  ),
  route(
    '/cluster/ha/resources',
    { type: /^(ct|vm)$/ },
    ({ world, rights }) => (rights.need('/', 'Sys.Audit'), world.ha),
  ),
  route('/cluster/replication', {}, ({ world }) => world.replication),
  route('/pools', { poolid: TEXT, type: /^(qemu|lxc|storage)$/ }, ({ world, rights }) =>
    [...world.pools].filter((name) => rights.of(`/pool/${name}`).has('Pool.Audit')).map((poolid) => ({ poolid })),
  ),
  route('/nodes/{node}/status', {}, ({ world, rights, params }) => {
    rights.need(`/nodes/${params['node']}`, 'Sys.Audit')
    nodeOf(world, params)
    const cpuinfo = { model: 'Test CPU', sockets: 1, cores: 8, cpus: 16 }
    return {
      pveversion: `pve-manager/${world.version}/0`,
      kversion: 'Linux 6.8.12-4-pve',
      cpuinfo,
      loadavg: ['0.10', '0.20', '0.30'],
    }
  }),
  route('/nodes/{node}/network', { type: TEXT }, ({ world, params }) => {
    nodeOf(world, params)
    const bridge = {
      iface: 'vmbr0',
      type: 'bridge',
      active: '1',
      bridge_ports: 'eno1',
      autostart: 1,
      families: ['inet'],
    }
    return [{ iface: 'eno1', type: 'eth', exists: null }, bridge]
  }),
  route('/nodes/{node}/rrddata', RRD, ({ world, params }) => (nodeOf(world, params), world.records), ['timeframe']),
  route(
    '/nodes/{node}/tasks',
    {
      errors: BOOLEAN,
      limit: WHOLE,
      since: WHOLE,
      source: /^(archive|active|all)$/,
      start: WHOLE,
      statusfilter: TEXT,
      typefilter: TEXT,
      until: WHOLE,
      userfilter: TEXT,
      vmid: WHOLE,
    },
    tasksOf,
  ),
  route('/nodes/{node}/storage/{storage}/content', { content: TEXT, vmid: WHOLE }, backupsOf),
  ...typed('qemu'),
  ...typed('lxc'),
  route('/nodes/{node}/lxc/{vmid}/interfaces', {}, (call) =>
    guestOf(call, 'lxc').ips.map((ip, at) => ({
      name: `eth${at}`,
      hwaddr: guestOf(call, 'lxc').macs[at],
      inet: `${ip}/24`,
    })),
  ),
  route('/nodes/{node}/qemu/{vmid}/agent/network-get-interfaces', {}, agentAddresses),
]

/** What the API says to a call; refuses as Proxmox VE does. */
export function answer(world: World, rights: Rights, method: string, path: string, query: Query): unknown {
  const found = ROUTES.find((one) => one.path.test(path))
  if (!found || method !== 'GET') throw new Refused(501, `Method '${method} ${path}' not implemented`)
  const values = (found.path.exec(path) ?? []).slice(1).map(decodeURIComponent)
  const params = Object.fromEntries(found.names.map((name, at) => [name, values[at] ?? '']))
  verify(found, query)
  return found.answer({ world, rights, params, query })
}

function verify({ takes, needs }: Route, query: Query): void {
  const errors: Record<string, string> = {}
  for (const [key, value] of Object.entries(query)) {
    const form = takes[key]
    if (!form) errors[key] = 'property is not defined in schema and the schema does not allow additional properties'
    else if (!form.test(value)) errors[key] = `value '${value}' does not match the schema`
  }
  for (const key of needs) if (query[key] === undefined) errors[key] = 'property is missing and it is not optional'
  if (Object.keys(errors).length > 0) throw new Refused(400, 'Parameter verification failed.', errors)
}
