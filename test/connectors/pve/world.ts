/** A small Proxmox VE cluster: what is in it, and what its people do to it. */
import { randomInt, randomUUID } from 'node:crypto'

export interface Guest {
  vmid: number
  type: 'qemu' | 'lxc'
  node: string
  name: string
  template: boolean
  status: 'running' | 'stopped' | 'paused'
  started_ms: number
  cores: number
  memory_mib: number
  disks: Record<string, string>
  macs: string[]
  uuid: string
  ctime_s: number
  pool: string
  tags: string[]
  lock: string
  ips: string[]
  snapshots: { name: string; snaptime: number; parent?: string }[]
  netin: bigint
  netout: bigint
  diskread: bigint
  diskwrite: bigint
}
export interface Node {
  name: string
  online: boolean
  /** its API is down, though corosync sees it */
  mute: boolean
  booted_ms: number
  ip: string
}
export interface Store {
  name: string
  shared: boolean
  type: string
  content: string
  backups: { volid: string; ctime: number; size: number; vmid: number; node: string }[]
}
export interface Task {
  upid: string
  node: string
  type: string
  id: string
  user: string
  starttime: number
  endtime?: number
  status?: string
}

const GIB = 2 ** 30
const mac = () =>
  ['BC', '24', '11', ...[0, 0, 0].map(() => randomInt(256).toString(16).padStart(2, '0').toUpperCase())].join(':')

export class World {
  name = 'test-cluster'
  quorate = true
  version = '8.4-1'
  nodes = new Map<string, Node>()
  guests = new Map<number, Guest>()
  stores = new Map<string, Store>()
  pools = new Set<string>()
  tasks: Task[] = []
  zones = [{ zone: 'lab', type: 'vxlan', ipam: 'pve' }]
  vnets = [{ vnet: 'green', type: 'vnet', zone: 'lab', tag: 10, alias: 'green net' }]
  ha: { sid: string; state: string; group: string }[] = []
  replication: { id: string; guest: number; target: string; schedule: string }[] = []
  records: Record<string, unknown>[] = []
  /** what pvestatd told last, where it is held; else it tells at each look */
  #told: Map<number, Record<string, unknown>> | undefined
  #pid = 4_096

  constructor(nodes = ['pve1', 'pve2', 'pve3']) {
    for (const [index, name] of nodes.entries())
      this.nodes.set(name, {
        name,
        online: true,
        mute: false,
        booted_ms: Date.now() - 86_400_000,
        ip: `192.0.2.${index + 1}`,
      })
    this.stores.set('local', { name: 'local', shared: false, type: 'dir', content: 'iso,vztmpl', backups: [] })
    this.stores.set('ceph', { name: 'ceph', shared: true, type: 'rbd', content: 'images,rootdir', backups: [] })
    this.stores.set('nas', { name: 'nas', shared: true, type: 'nfs', content: 'backup', backups: [] })
  }

  add(name: string, more: Partial<Guest> = {}): Guest {
    const vmid = more.vmid ?? Math.max(99, ...this.guests.keys()) + 1
    const type = more.type ?? 'qemu'
    const guest: Guest = {
      vmid,
      type,
      node: 'pve1',
      name,
      template: false,
      status: 'running',
      started_ms: Date.now() - 5_000,
      cores: 2,
      memory_mib: 2_048,
      disks:
        type === 'qemu' ? { scsi0: `ceph:vm-${vmid}-disk-0,size=32G` } : { rootfs: `ceph:vm-${vmid}-disk-0,size=8G` },
      macs: [mac()],
      uuid: randomUUID(),
      ctime_s: Math.floor(Date.now() / 1_000) - randomInt(1_000_000),
      pool: '',
      tags: [],
      lock: '',
      ips: [],
      snapshots: [],
      netin: 0n,
      netout: 0n,
      diskread: 0n,
      diskwrite: 0n,
      ...more,
    }
    this.guests.set(vmid, guest)
    return guest
  }
  guest(vmid: number): Guest {
    const guest = this.guests.get(vmid)
    if (!guest) throw new Error(`there is no guest ${vmid}`)
    return guest
  }

  task(
    guest: Pick<Guest, 'type' | 'node' | 'vmid'>,
    verb: string,
    seconds = 0,
    status = 'OK',
    end_ms = Date.now(),
  ): Task {
    const endtime = Math.floor(end_ms / 1_000)
    const starttime = endtime - seconds
    const type = /^(vz|qm)/.test(verb) ? verb : `${guest.type === 'qemu' ? 'qm' : 'vz'}${verb}`
    const hex = (value: number) => value.toString(16).toUpperCase().padStart(8, '0')
    const upid = `UPID:${guest.node}:${hex((this.#pid += 1))}:00000001:${hex(starttime)}:${type}:${guest.vmid}:root@pam:`
    const task = { upid, node: guest.node, type, id: `${guest.vmid}`, user: 'root@pam', starttime, endtime, status }
    this.tasks.unshift(task)
    return task
  }

  /** A new process: counters begin at zero. */
  #begin(guest: Guest): void {
    Object.assign(guest, {
      status: 'running',
      started_ms: Date.now(),
      netin: 0n,
      netout: 0n,
      diskread: 0n,
      diskwrite: 0n,
    })
  }
  start(vmid: number): void {
    const guest = this.guest(vmid)
    this.#begin(guest)
    this.task(guest, 'start')
  }
  stop(vmid: number): void {
    const guest = this.guest(vmid)
    guest.status = 'stopped'
    this.task(guest, 'stop')
  }
  /** From within a container or by Proxmox VE: without a task that says so. */
  restart(vmid: number): void {
    this.#begin(this.guest(vmid))
  }
  migrate(vmid: number, to: string): void {
    const guest = this.guest(vmid)
    this.task(guest, guest.type === 'qemu' ? 'qmigrate' : 'vzmigrate', 3)
    guest.node = to
    if (guest.status === 'running') this.#begin(guest)
  }
  /** HA starts it elsewhere, when its node is gone. */
  recover(vmid: number, to: string): void {
    this.guest(vmid).node = to
    this.start(vmid)
  }
  destroy(vmid: number): void {
    this.task(this.guest(vmid), 'destroy')
    this.guests.delete(vmid)
  }
  backup(vmid: number, size: number): void {
    const guest = this.guest(vmid)
    const ctime = Math.floor(Date.now() / 1_000)
    const volid = `nas:backup/vzdump-${guest.type}-${vmid}-${ctime}.vma.zst`
    this.stores.get('nas')?.backups.push({ volid, ctime, size, vmid, node: guest.node })
    this.task(guest, 'vzdump', 12)
  }

  /** pvestatd stands still: what it told last goes on being shown. */
  hold(): void {
    this.#told = new Map([...this.guests.keys()].map((vmid) => [vmid, this.stats(vmid)]))
  }
  release(): void {
    this.#told = undefined
  }

  /** What pvestatd tells of a guest, in the types that Proxmox VE gives. */
  stats(vmid: number): Record<string, unknown> {
    const held = this.#told?.get(vmid)
    if (held) return held
    const guest = this.guest(vmid)
    const runs = guest.status !== 'stopped'
    const count = (value: bigint) => (runs ? value : 0n)
    return {
      name: guest.name,
      status: guest.status,
      template: guest.template ? 1 : 0,
      uptime: runs ? Math.floor((Date.now() - guest.started_ms) / 1_000) : 0,
      maxcpu: guest.cores,
      cpu: runs ? 0.25 : 0,
      maxmem: guest.memory_mib * 2 ** 20,
      mem: runs ? guest.memory_mib * 2 ** 19 : 0,
      maxdisk: guest.type === 'qemu' ? 32 * GIB : 8 * GIB,
      disk: 0,
      netin: count(guest.netin),
      netout: count(guest.netout),
      diskread: count(guest.diskread),
      diskwrite: count(guest.diskwrite),
    }
  }

  config(vmid: number): Record<string, unknown> {
    const { type, name, cores, memory_mib, disks, macs, tags, uuid, ctime_s, lock, ips, template } = this.guest(vmid)
    const nets = macs.map((address, at) =>
      type === 'qemu'
        ? [`net${at}`, `virtio=${address},bridge=vmbr0,firewall=1`]
        : [`net${at}`, `name=eth${at},bridge=vmbr0,hwaddr=${address},ip=${ips[at] ?? 'dhcp'},type=veth`],
    )
    const common = { ...disks, ...Object.fromEntries(nets), cores, memory: `${memory_mib}`, digest: 'd' }
    const optional = {
      ...(tags.length > 0 && { tags: tags.join(';') }),
      ...(lock && { lock }),
      ...(template && { template: 1 }),
    }
    if (type === 'lxc')
      return { ...common, ...optional, hostname: name, arch: 'amd64', ostype: 'debian', unprivileged: 1 }
    return {
      ...common,
      ...optional,
      name,
      sockets: 1,
      ostype: 'l26',
      agent: '1',
      smbios1: `uuid=${uuid}`,
      meta: `creation-qemu=9.0.2,ctime=${ctime_s}`,
      ide2: 'none,media=cdrom',
      ...(ips[0] && { ipconfig0: `ip=${ips[0]}/24,gw=192.0.2.254` }),
    }
  }
}
