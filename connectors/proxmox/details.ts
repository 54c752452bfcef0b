/** Reads each guest's configuration, snapshots and addresses: when something changed, else slowly in turn. */

import { canonical, ConnectorError } from '#connectors/wire.ts'
import { record, type Row, rows, sorted } from './answers.ts'
import { type CallOptions, type Client, statusOf } from './client.ts'
import { type Config, parseConfig, reportedAddresses } from './config.ts'
import type { Guest } from './map.ts'
import { inTurn } from './parts.ts'

export interface Detail {
  config: Config
  snapshots: Row[]
  ips: string[]
}
interface Held extends Detail {
  type: Guest['type']
  signature: string
  read_ms: number
  asked_ms: number
}

const TIMES = { each_ms: 900_000, refused_ms: 3_600_000, agent_ms: 4_000 } as const
const WIDTH = 8
/** Guests whose agent is asked in one tick: one that hangs takes its time. */
const ADDRESSES_PER_TICK = 40

/** What shows in the list that a guest's configuration may have changed. */
const signatureOf = ({ type, kind, node, name, row }: Guest): string =>
  canonical([type, kind, node, name, row['maxcpu'], row['maxmem'], row['maxdisk'], row['tags'], row['lock']])

export class Details {
  readonly #client: Client
  readonly #held = new Map<string, Held>()
  #agentRefused_ms = Number.NEGATIVE_INFINITY
  /** why guests could not be read, at the last reading */
  failures: ConnectorError[] = []

  constructor(client: Client) {
    this.#client = client
  }

  of(vmid: string): Detail | undefined {
    return this.#held.get(vmid)
  }

  /** Its number was freed, or something was done to it: nothing that is known of it counts any more. */
  forget(vmid: string): void {
    this.#held.delete(vmid)
  }
  outdate(vmid: string): void {
    const held = this.#held.get(vmid)
    if (held) held.read_ms = Number.NEGATIVE_INFINITY
  }

  /** `guests` are those of nodes that answer. Answers the nodes that didn't. */
  async read(
    guests: readonly Guest[],
    now_ms: number,
    interval_ms: number,
    until_ms: number,
    options: CallOptions,
  ): Promise<ReadonlyMap<string, ConnectorError>> {
    const silent = new Map<string, ConnectorError>()
    this.failures = []
    // a number that went from a VM to a container
    for (const { vmid, type } of guests) if (this.#held.get(vmid)?.type !== type) this.#held.delete(vmid)
    const wanted = this.#wanted(guests, now_ms, interval_ms)
    await inTurn(wanted, WIDTH, until_ms, async (guest) => {
      if (silent.has(guest.node)) return
      try {
        await this.#readOne(guest, now_ms, options)
      } catch (error) {
        if (!(error instanceof ConnectorError) || options.signal.aborted) throw error
        if (isNodeSilent(error)) silent.set(guest.node, error)
        // destroyed since it was listed: the next list tells
        else if (!/does not exist/.test(error.message)) this.failures.push(error)
      }
    })
    await this.#readAddresses(guests, silent, now_ms, until_ms, options)
    return silent
  }

  /** New and changed guests all, and of the others so many that each has its turn in time; those read longest ago first. */
  #wanted(guests: readonly Guest[], now_ms: number, interval_ms: number): Guest[] {
    const share = Math.ceil((guests.length * interval_ms) / TIMES.each_ms)
    const age = (guest: Guest) => this.#held.get(guest.vmid)?.read_ms ?? Number.NEGATIVE_INFINITY
    const isDue = (guest: Guest) => {
      const held = this.#held.get(guest.vmid)
      return !held || held.read_ms === Number.NEGATIVE_INFINITY || held.signature !== signatureOf(guest)
    }
    const due = guests.filter(isDue)
    const others = guests
      .filter((guest) => !isDue(guest) && now_ms - age(guest) >= TIMES.each_ms)
      .toSorted((a, b) => age(a) - age(b))
    return [...due, ...others.slice(0, share)]
  }

  async #readOne(guest: Guest, now_ms: number, options: CallOptions): Promise<void> {
    const path = pathOf(guest)
    const config = parseConfig(
      guest.type,
      record(await this.#client.get(`${path}/config`, { current: 1 }, options), `${path}/config`),
    )
    const snapshots = rows(await this.#client.get(`${path}/snapshot`, {}, options), `${path}/snapshot`)
    const held = this.#held.get(guest.vmid)
    this.#held.set(guest.vmid, {
      type: guest.type,
      config,
      snapshots: snapshots.toSorted((a, b) => (String(a['name']) < String(b['name']) ? -1 : 1)),
      ips: held?.ips ?? [],
      signature: signatureOf(guest),
      read_ms: now_ms,
      asked_ms: held?.asked_ms ?? Number.NEGATIVE_INFINITY,
    })
  }

  /** Addresses that a guest gave itself: good to have, so nothing fails without them. */
  async #readAddresses(
    guests: readonly Guest[],
    silent: ReadonlyMap<string, unknown>,
    now_ms: number,
    until_ms: number,
    options: CallOptions,
  ): Promise<void> {
    const asked = guests.filter((guest) => {
      const held = this.#held.get(guest.vmid)
      const answers =
        guest.type === 'lxc' || (held?.config.agent === true && now_ms - this.#agentRefused_ms > TIMES.refused_ms)
      return (
        held &&
        answers &&
        guest.state === 'running' &&
        !silent.has(guest.node) &&
        now_ms - held.asked_ms >= TIMES.each_ms
      )
    })
    await inTurn(asked.slice(0, ADDRESSES_PER_TICK), WIDTH, until_ms, async (guest) => {
      const held = this.#held.get(guest.vmid)
      if (!held) return
      held.asked_ms = now_ms
      const ask = guest.type === 'lxc' ? 'interfaces' : 'agent/network-get-interfaces'
      try {
        const data = await this.#client.get(`${pathOf(guest)}/${ask}`, {}, { ...options, timeout_ms: TIMES.agent_ms })
        const macs = held.config.nics.map(({ mac }) => mac)
        held.ips = sorted(reportedAddresses(data, macs)).slice(0, 128)
      } catch (error) {
        if (!(error instanceof ConnectorError) || options.signal.aborted) throw error
        // before version 9 the role PVEAuditor may not ask agents
        if (guest.type === 'qemu' && statusOf(error) === 403) this.#agentRefused_ms = now_ms
      }
    })
  }

  /** Forgets guests that are gone. */
  keep(vmids: ReadonlyMap<string, unknown>): void {
    for (const vmid of this.#held.keys()) if (!vmids.has(vmid)) this.#held.delete(vmid)
  }
}

/** Proxmox VE's own statuses from 595 on: the node that was asked didn't reach the one that knows. */
export function isNodeSilent(error: ConnectorError): boolean {
  const status = statusOf(error)
  if (status === undefined) return error.code === 'unreachable' || error.code === 'timeout'
  return status >= 595 || (status >= 502 && status <= 504)
}

export const pathOf = ({ node, type, vmid }: Pick<Guest, 'node' | 'type' | 'vmid'>): string =>
  `/nodes/${encodeURIComponent(node)}/${type}/${vmid}`

/** Whether a guest that isn't listed is gone, or only not shown to this token any more; unknown is what nobody answers. */
export async function whereabouts(
  client: Client,
  guest: Pick<Guest, 'node' | 'type' | 'vmid'>,
  options: CallOptions,
): Promise<{ is: 'gone' | 'hidden' | 'there' | 'unknown'; error?: ConnectorError }> {
  try {
    await client.get(`${pathOf(guest)}/status/current`, {}, options)
    return { is: 'there' }
  } catch (error) {
    if (!(error instanceof ConnectorError) || options.signal.aborted) throw error
    if (statusOf(error) === 403) return { is: 'hidden', error }
    return isNodeSilent(error) ? { is: 'unknown', error } : { is: 'gone' }
  }
}
