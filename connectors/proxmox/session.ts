/** One source: a tick looks at the cluster, tells what it saw, and remembers what the next one must know. */
import { type Collected, type Session, type Surroundings } from '#connectors/contract.ts'
import { asOne } from '#connectors/failures.ts'
import { number } from './answers.ts'
import type { Client } from './client.ts'
import { advance, guestReadings, nodeReadings, sightOf } from './counters.ts'
import { departures, taskEvents } from './events.ts'
import { History } from './history.ts'
import { Listings } from './listings.ts'
import { type Look, type Observed, Onlooker } from './look.ts'
import { type Memory, pruned, remembered } from './memory.ts'

/** How often what is remembered is kept, when nothing but counters changed. */
const KEEP_MS = 600_000
const TOLD_MS = 3_600_000
/** How much of a tick may be spent on what can wait for the next one. */
const BUDGET = { share: 0.7, min_ms: 5_000, max_ms: 25_000 } as const

export class ProxmoxSession implements Session {
  readonly #around: Surroundings
  readonly #pools: readonly string[]
  readonly #onlooker: Onlooker
  readonly #history: History
  readonly #listings = new Listings()
  readonly #memory: Memory
  #kept = { essence: '', at_ms: 0 }
  #saving: Promise<void> = Promise.resolve()

  constructor(client: Client, pools: readonly string[], memory: unknown, around: Surroundings) {
    this.#around = around
    this.#pools = pools
    this.#memory = remembered(memory)
    this.#onlooker = new Onlooker(client, pools)
    this.#history = new History(client)
  }

  /** What could be read goes out before what could not is told. */
  async collect(signal: AbortSignal): Promise<Collected[]> {
    const { interval_ms, realm } = this.#around
    const memory = this.#memory
    const until_ms = performance.now() + Math.min(Math.max(interval_ms * BUDGET.share, BUDGET.min_ms), BUDGET.max_ms)
    const run = { memory, interval_ms, until_ms, now: () => this.#around.now() }
    const look = await this.#onlooker.look(run, { signal })
    const { survey } = this.#onlooker
    const view = { look, survey, memory, realm, pools: this.#pools }
    const past = await this.#history.read(memory.seen_ms, look, interval_ms, until_ms, { signal })
    // from here on nothing waits: what is remembered is what was told
    const facts = [...this.#events(look), ...this.#listings.of(view), ...this.#readings(look), ...past]
    this.#remember(look)
    const [first, ...others] = look.problems
    if (!first) return facts
    this.#around.emit(facts)
    throw asOne(first, others)
  }

  #events({ happened, known, silent, status, seen_ms }: Look): Collected[] {
    const scene = {
      memory: this.#memory,
      after: known,
      // what ended ended before now, whatever the clock of its node says
      ours: (theirs_ms: number) => Math.min(this.#onlooker.ours(theirs_ms), this.#around.now()),
      cluster: { kind: 'cluster' as const, external_id: status.name },
      scope: { kind: 'cluster' as const, external_id: this.#around.realm },
    }
    return [...taskEvents(happened.tasks, scene), ...departures(this.#memory, known, silent, seen_ms)]
  }

  #readings(look: Look): Collected[] {
    const { seen_ms, resources, known } = look
    const facts: Collected[] = [...resources.nodes.values()].flatMap((node) => nodeReadings(node, seen_ms))
    for (const { id, gauges } of look.storages.values()) {
      const resource = { kind: 'storage_pool' as const, external_id: id }
      if (Object.keys(gauges).length > 0) facts.push({ type: 'readings', seen_at_ms: seen_ms, resource, gauges })
    }
    for (const observed of known.values()) facts.push(...this.#read(observed, look))
    return facts
  }

  #read({ guest, incarnation }: Observed, { seen_ms, resources }: Look): Collected[] {
    const { guests, seen_ms: last_ms } = this.#memory
    const { vmid, type, kind, node, row } = guest
    const held = guests[vmid]?.incarnation === incarnation ? guests[vmid] : undefined
    const about = { type, kind, node, incarnation }
    const sight = sightOf(guest, resources.nodes.get(node), seen_ms)
    if (!sight || kind === 'template') {
      // an age that isn't told is no end
      guests[vmid] = held?.epoch && number(row['uptime']) === undefined ? { ...about, epoch: held.epoch } : about
      return []
    }
    const epoch = advance(held?.epoch, sight, last_ms)
    guests[vmid] = { ...about, epoch }
    return guestReadings(guest, incarnation, sight, held?.epoch, epoch)
  }

  #remember({ seen_ms, resources, silent, problems, happened }: Look): void {
    Object.assign(this.#memory.told, happened.ends)
    const { guests, nodes, freed } = this.#memory
    for (const [vmid, { node }] of Object.entries(guests)) {
      if (resources.guests.has(vmid) || silent.has(node)) continue
      freed[vmid] ??= `freed:${Math.round(seen_ms / 1_000)}`
      delete guests[vmid]
    }
    if (problems.length === 0) for (const name of Object.keys(nodes)) if (!resources.nodes.has(name)) delete nodes[name]
    this.#memory.seen_ms = seen_ms
    pruned(this.#memory, seen_ms - TOLD_MS)
    this.#keep(false)
  }

  /** Writes what is remembered when an epoch, a place or a task changed, else now and then. */
  #keep(at_once: boolean): void {
    const { guests, seen_ms, ...rest } = this.#memory
    const places = Object.entries(guests).map(([vmid, one]) => [vmid, one.node, one.incarnation, one.epoch?.id])
    const essence = JSON.stringify([places, rest])
    if (!at_once && essence === this.#kept.essence && seen_ms - this.#kept.at_ms < KEEP_MS) return
    this.#kept = { essence, at_ms: seen_ms }
    const value = structuredClone(this.#memory)
    this.#saving = this.#saving
      .then(() => this.#around.memory.set(value))
      .catch((error: unknown) => {
        this.#around.log('warn', 'proxmox: what is remembered could not be kept', { because: String(error) })
      })
  }

  async close(): Promise<void> {
    if (this.#memory.seen_ms > 0) this.#keep(true)
    await this.#saving
  }
}
