/** One look at a cluster: what can be read within a tick, and how far it can be trusted. */
import { ConnectorError, type ObservationInput } from '#connectors/contract.ts'
import type { CallOptions, Client } from './client.ts'
import { Details, isNodeSilent, whereabouts } from './details.ts'
import { type Happened, Happenings } from './happenings.ts'
import {
  type Guest,
  guestObservation,
  incarnationOf,
  type Known,
  parseResources,
  partsOf,
  type Resources,
} from './map.ts'
import { type ClusterStatus, parseStatus } from './nodes.ts'
import type { Memory } from './memory.ts'
import { inTurn } from './parts.ts'
import { type Storage, storages } from './storage.ts'
import { maySeeBackups, missing, Survey } from './survey.ts'
import { ends, isAboutGuest } from './tasks.ts'

const PROBE_WIDTH = 8
const NODES_MAX = 32

/** A guest of which a listing may speak. */
export interface Observed {
  guest: Guest
  incarnation: string
  observation: ObservationInput
  /** its disks and snapshots */
  parts: ObservationInput[]
}
export interface Look {
  seen_ms: number
  status: ClusterStatus
  resources: Resources
  storages: Map<string, Storage>
  happened: Happened
  /** nodes that are offline, don't answer, or of which not all may be seen: what isn't shown there may be there */
  silent: Set<string>
  /** those of them that don't answer: nothing more is asked of them */
  mute: Set<string>
  known: Map<string, Observed>
  problems: ConnectorError[]
}
interface Run {
  memory: Memory
  interval_ms: number
  /** by `performance.now()` */
  until_ms: number
  now(): number
}

export class Onlooker {
  readonly survey: Survey
  readonly #client: Client
  readonly #details: Details
  readonly #happenings: Happenings
  readonly #pools: readonly string[]

  constructor(client: Client, pools: readonly string[]) {
    this.#client = client
    this.#pools = pools
    this.survey = new Survey(client)
    this.#details = new Details(client)
    this.#happenings = new Happenings(client)
  }

  async look(run: Run, options: CallOptions): Promise<Look> {
    const status = await this.#status(options)
    const isOnline = (node: string) => status.online.get(node) === true
    const happened = await this.#happenings.read(run.memory, run.now(), isOnline, options)
    const seen_ms = run.now()
    const resources = parseResources(await this.#client.get('/cluster/resources', {}, options))
    this.#narrow(resources, status)
    const look: Look = {
      seen_ms,
      status,
      resources,
      storages: storages(resources.storages),
      happened,
      silent: new Set([...resources.nodes.values()].filter((node) => !node.online).map(({ name }) => name)),
      mute: new Set(),
      known: new Map(),
      problems: [...resources.odd, ...(happened.error ? [happened.error] : [])],
    }
    if (resources.odd.length > 0) for (const name of resources.nodes.keys()) look.silent.add(name)
    this.#happenings.settle(happened.tasks, (theirs_ms) => this.ours(theirs_ms))
    this.#outdate(look, run.memory)
    await this.survey.read(seen_ms, [...resources.nodes.values()], run.until_ms, options)
    await this.#judge(look, run, options)
    await this.#readGuests(look, run, options)
    const rights = this.survey.rights.value
    if (rights && maySeeBackups(rights)) await this.survey.readBackups(seen_ms, look.storages, run.until_ms, options)
    else this.survey.backups.clear()
    return look
  }

  /** The nodes' instants by our clock. */
  ours(theirs_ms: number): number {
    return Math.max(0, Math.round(theirs_ms + this.#client.behind_ms))
  }

  /** What a node says of the cluster, if it may speak for it; else what another one says. */
  async #status(options: CallOptions): Promise<ClusterStatus> {
    for (let tries = 1; ; tries += 1) {
      const status = parseStatus(await this.#client.get('/cluster/status', {}, options))
      if (status.quorate) return status
      if (!this.#client.skip() || tries >= NODES_MAX)
        throw new ConnectorError(
          'unreachable',
          `the cluster ${status.name} has no quorum on the nodes that answer: what they show is not what is`,
          'Bring back a majority of its nodes (pvecm status), or add the addresses of further nodes to the settings.',
        )
    }
  }

  #narrow({ nodes, guests }: Resources, status: ClusterStatus): void {
    if (nodes.size === 0)
      throw new ConnectorError(
        'bad_answer',
        '/cluster/resources names no node',
        'See whether pve-cluster runs on the node.',
      )
    // corosync knows first that a node is gone
    for (const [name, node] of nodes) node.online &&= status.online.get(name) ?? true
    if (this.#pools.length === 0) return
    for (const [vmid, { pool }] of guests) if (pool === undefined || !this.#pools.includes(pool)) guests.delete(vmid)
  }

  /** Tasks change what was read before. */
  #outdate({ happened, seen_ms }: Look, memory: Memory): void {
    for (const task of happened.tasks) {
      if (!isAboutGuest(task)) continue
      this.#details.outdate(task.id)
      if (!ends(task)) continue
      memory.freed[task.id] = `freed:${Math.round((task.end_ms ?? seen_ms) / 1_000)}`
      this.#details.forget(task.id)
    }
    if (happened.backups) for (const part of this.survey.backups.values()) part.outdate()
  }

  /**
   * What absence means. Proxmox VE leaves out of its lists what the token may not see, without a word: only while it may
   * see all is a guest gone that isn't shown.
   */
  async #judge(look: Look, { memory, until_ms }: Run, options: CallOptions): Promise<void> {
    const { resources, silent, problems, happened, seen_ms } = look
    const gone = Object.entries(memory.guests).filter(([vmid]) => !resources.guests.has(vmid))
    if (gone.length > 0) this.survey.rights.outdate()
    await this.survey.readRights(seen_ms, options)
    const { value: rights, error } = this.survey.rights
    const lacking = rights ? missing(rights, this.#pools) : []
    problems.push(...lacking.map((one) => one.error), ...(error ? [error] : []))
    // what was granted meanwhile shall show at once
    if (lacking.length > 0) this.survey.rights.outdate()
    const unsure = !rights || error !== undefined || lacking.some(({ of }) => of === 'guests' || of === 'nodes')
    if (unsure) for (const name of resources.nodes.keys()) silent.add(name)
    this.#judgeNodes(look)
    // a guest that left its pool is gone for a token that may see no other
    if (unsure || this.#pools.length > 0) return
    const destroyed = new Set(happened.tasks.filter(ends).map((task) => task.id))
    const asked = gone.filter(([id]) => !destroyed.has(id))
    const left = await inTurn(asked, PROBE_WIDTH, until_ms, async ([vmid, { node, type }]) => {
      const found = await whereabouts(this.#client, { vmid, node, type }, options)
      // a node that left the cluster can't be asked any more
      if (found.is === 'gone' || (found.is === 'unknown' && !resources.nodes.has(node))) return
      if (found.error) problems.push(found.error)
      silent.add(node)
    })
    for (const [, { node }] of left) silent.add(node)
  }

  #judgeNodes({ problems, silent, mute }: Look): void {
    const { version, pools, sdn, ha, replication, nodes } = this.survey
    for (const part of [version, pools, sdn, ha, replication]) if (part.error) problems.push(part.error)
    for (const [name, { details, bridges }] of nodes) {
      const error = details.error ?? bridges.error
      if (error && isNodeSilent(error)) mute.add(name)
      if (!error || silent.has(name)) continue
      silent.add(name)
      problems.push(error)
    }
  }

  async #readGuests(look: Look, { memory, interval_ms, until_ms }: Run, options: CallOptions): Promise<void> {
    const { resources, silent, mute, known, problems, seen_ms } = look
    const here = [...resources.guests.values()].filter(({ node }) => resources.nodes.get(node)?.online)
    const answering = here.filter(({ node }) => !mute.has(node))
    const failed = await this.#details.read(answering, seen_ms, interval_ms, until_ms, options)
    problems.push(...this.#details.failures.slice(0, 3))
    for (const [name, error] of failed) {
      silent.add(name)
      problems.push(error)
    }
    for (const guest of here) {
      const detail = this.#details.of(guest.vmid)
      const state = this.#happenings.stateOf(guest, seen_ms)
      if (!detail || state === undefined) {
        silent.add(guest.node)
        continue
      }
      const incarnation = incarnationOf(detail.config, memory.freed[guest.vmid] ?? '')
      const [ha, replication] = [this.survey.ha.value, this.survey.replication.value].map((by) => by?.get(guest.vmid))
      const all: Known = { ...detail, incarnation, ha, replication }
      const observation = guestObservation(guest, state, all)
      known.set(guest.vmid, { guest, incarnation, observation, parts: partsOf(guest, all) })
    }
    this.#details.keep(resources.guests)
  }
}
