/** The bus between agents and the control plane: it delays, overtakes, repeats and loses, until a batch is acknowledged. */
import { Reply } from '#connectors/contract.ts'
import type { Tx } from '#control-plane/db/index.ts'
import { receive } from '#control-plane/ingest/index.ts'
import type { Sealed } from '../integration/agent.ts'
import type { Prepared } from '../setup/prepare.ts'
import type { Agenda } from './agenda.ts'
import type { Faults } from './faults.ts'
import { HOUR_MS, MINUTE_MS } from './plan.ts'
import type { Random } from './random.ts'
import type { Instant } from './truth.ts'

export type Accepted = Extract<Reply, { ok: true }>

/** A sealed message on its way, and what to do when it is durable. */
export interface Parcel extends Sealed {
  /** nothing gets through before */
  stuck_until: Instant
  /** called once, when the control plane has it */
  stored(at: Instant): void
}

/** Statements after which a control plane that is to break off does. */
const BREAKS_AFTER = { least: 2, most: 25 } as const

interface BusParts {
  world: Prepared
  agenda: Agenda
  random: Random
  faults: Faults
}

export class Bus {
  readonly #world: Prepared
  readonly #agenda: Agenda
  readonly #random: Random
  readonly #faults: Faults
  /** keys of batches that were stored */
  readonly #stored = new Set<string>()
  readonly #newest = new Map<string, number>()

  constructor({ world, agenda, random, faults }: BusParts) {
    this.#world = world
    this.#agenda = agenda
    this.#random = random
    this.#faults = faults
  }

  isStored(spool: string, sequence: number): boolean {
    return this.#stored.has(`${spool} ${sequence}`)
  }

  /** One try. `reply` is called when an answer comes back; often none does. */
  send(parcel: Parcel, reply: (accepted: Accepted) => void): void {
    const random = this.#random
    if (this.#agenda.now < parcel.stuck_until || random.onceIn(20)) return this.#faults.add('dropped')
    const delay_ms = this.#delay()
    this.#agenda.after(delay_ms, () => this.#arrive(parcel, reply))
    if (random.onceIn(12))
      this.#agenda.after(delay_ms + random.int(1, 4 * HOUR_MS), () => this.#arrive(parcel, () => {}))
  }

  #delay(): number {
    if (!this.#random.onceIn(15)) return this.#random.int(2, 80)
    const delay_ms = this.#random.int(MINUTE_MS, 40 * MINUTE_MS)
    this.#faults.add('delayed')
    return delay_ms
  }

  async #arrive(parcel: Parcel, reply: (accepted: Accepted) => void): Promise<void> {
    const { spool, sequence } = parcel.envelope
    const key = `${spool} ${sequence}`
    const at = this.#agenda.now
    const answer = await this.#deliver(parcel)
    if (!answer) return this.#faults.add('crashed')
    if (!answer.ok) throw new Error(`Batch ${key} was refused: ${answer.code}, ${answer.message}`)
    if (this.#stored.has(key)) this.#faults.add('repeated')
    else {
      this.#stored.add(key)
      if (sequence < (this.#newest.get(spool) ?? 0)) this.#faults.add('reordered')
      this.#newest.set(spool, Math.max(sequence, this.#newest.get(spool) ?? 0))
      parcel.stored(at)
    }
    if (this.#random.onceIn(20)) this.#faults.add('reply_dropped')
    else this.#agenda.after(this.#random.int(2, 80), () => reply(answer))
  }

  /** Null where the control plane broke off in the middle: nothing of the batch is stored, and no word comes back. */
  async #deliver({ message }: Parcel): Promise<Reply | null> {
    const { db } = this.#world
    const breaks = this.#random.onceIn(15) ? this.#random.int(BREAKS_AFTER.least, BREAKS_AFTER.most) : Infinity
    let questions = 0
    const ask = () => {
      questions += 1
      if (questions >= breaks) throw new Error('The control plane breaks off here.')
    }
    const breaking = {
      ...db,
      transaction: (work: (tx: Tx) => Promise<unknown>) => db.transaction((tx) => work(asking(tx, ask))),
    }
    const deps = { db: breaking as typeof db, now: () => this.#agenda.now, sampled: () => {} }
    const answer = await receive(deps, message)
    return questions >= breaks ? null : Reply.parse(JSON.parse(new TextDecoder().decode(answer)))
  }
}

const QUESTIONS: ReadonlySet<string | symbol> = new Set([
  'execute',
  'select',
  'selectDistinct',
  'insert',
  'update',
  'delete',
  '$count',
])

/** The same transaction; before each statement somebody is told. */
const asking = (tx: Tx, told: () => void): Tx =>
  new Proxy(tx, {
    get(target, name) {
      if (QUESTIONS.has(name)) told()
      const found: unknown = Reflect.get(target, name, target)
      return typeof found === 'function' ? found.bind(target) : found
    },
  })
