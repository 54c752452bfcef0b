/** A simulated agent: it gathers facts, seals them into batches by the wire's rules and keeps them until they are acknowledged. */
import { ServerClock } from '#agent/clock.ts'
import { newId } from '#control-plane/base/id.ts'
import type { Agent } from '../integration/agent.ts'
import type { Agenda } from './agenda.ts'
import type { Accepted, Bus, Parcel } from './bus.ts'
import type { Faults } from './faults.ts'
import { HOUR_MS, MINUTE_MS } from './plan.ts'
import type { Random } from './random.ts'
import type { Instant } from './truth.ts'

/** Tries to send again: soon, then less and less often. */
const AGAIN_MS = { first: 5_000, most: 10 * MINUTE_MS } as const
const IN_FLIGHT_MAX = 6
const HOUR_OFF_MS = 3_000_000
const LATE_MS = 2 * HOUR_MS

/** A fact as it waits to be sealed: instants are the control plane's, and become the agent's own by the batch's offset. */
export interface Waiting {
  /** the fact on the wire; `own` turns an instant of the control plane into one of the agent's clock */
  wire(own: (at: Instant) => number): unknown
  stored(at: Instant): void
}
/** Batches of a spool that was full, oldest first: these sequences never come. */
export interface Dropped {
  from: Instant
  to: Instant
  first: number
  last: number
}
interface Pending extends Parcel {
  sequence: number
  facts: number
  tries: number
  in_flight: boolean
  sealed_at: Instant
}
export interface SimulatedParts {
  name: string
  agent: Agent
  agenda: Agenda
  bus: Bus
  random: Random
  faults: Faults
  /** batches that the spool holds */
  spool_max: number
  /** wall clock minus true time */
  skew_ms: number
  forget(digests: readonly string[]): void
  /** facts that admit a loss: one for each source */
  admit(loss: Dropped): Waiting[]
}

export class Simulated {
  readonly parts: SimulatedParts
  readonly #clock: ServerClock
  #skew_ms: number
  #was_set = false
  #offset_ms = 0
  #open: Waiting[] = []
  #pending: Pending[] = []
  #is_cut = false
  #losses: Dropped[] = []
  #dropped_before: Instant

  constructor(parts: SimulatedParts) {
    this.parts = parts
    this.#skew_ms = parts.skew_ms
    this.#dropped_before = parts.agenda.now
    const { agenda } = parts
    this.#clock = new ServerClock({ wall_ms: () => agenda.now + this.#skew_ms, steady_ms: () => agenda.now })
  }

  get spool(): string {
    return this.parts.agent.spool
  }
  get isIdle(): boolean {
    return this.#open.length === 0 && this.#pending.length === 0
  }

  /** Asks for the time, as at every connection: what follows is corrected by it. */
  greet(then: () => void): void {
    const { agent, agenda, random } = this.parts
    const mark = this.#clock.mark()
    agenda.after(random.int(2, 80), async () => {
      const reply = await agent.hello()
      if (!reply.ok) throw new Error(`The hello of ${this.parts.name} was refused: ${reply.message}`)
      agenda.after(random.int(2, 80), () => {
        this.#clock.measured(mark, reply.stored_at_ms)
        then()
      })
    })
  }

  /** Now by the agent's corrected clock: what the control plane will take a fact of this moment for. */
  moment(): Instant {
    const offset_ms = this.#clock.offset()
    if (offset_ms !== this.#offset_ms) this.seal()
    this.#offset_ms = offset_ms
    return this.parts.agenda.now + this.#skew_ms + offset_ms
  }

  add(...facts: Waiting[]): void {
    this.#open.push(...facts)
  }

  /** What was gathered becomes the next batch of the spool. */
  seal(): void {
    const { agent, agenda, random, spool_max, faults } = this.parts
    const offset_ms = this.#offset_ms
    const facts = [...this.#admissions(), ...this.#open]
    if (facts.length === 0) return
    this.#open = []
    const sealed = agent.seal(
      facts.map((fact) => fact.wire((at) => at - offset_ms)),
      offset_ms,
    )
    const was_set = this.#was_set
    const sealed_at = agenda.now
    this.#pending.push({
      ...sealed,
      sequence: sealed.envelope.sequence,
      facts: facts.length,
      tries: 0,
      in_flight: false,
      sealed_at,
      stuck_until: random.onceIn(18) ? sealed_at + random.int(HOUR_MS, 9 * HOUR_MS) : 0,
      stored: (at) => {
        for (const fact of facts) fact.stored(at)
        if (Math.abs(offset_ms) > HOUR_OFF_MS) faults.add('clock_off', facts.length)
        if (was_set) faults.add('clock_stepped', facts.length)
        if (at - sealed_at > LATE_MS) faults.add('cut_off', facts.length)
      },
    })
    while (this.#pending.length > spool_max) this.#overflow()
    this.#pump()
  }

  #overflow(): void {
    const [oldest] = this.#pending.splice(0, 1)
    if (!oldest) return
    this.parts.faults.add('overflowed', oldest.facts)
    const loss = { from: this.#dropped_before, to: oldest.sealed_at, first: oldest.sequence, last: oldest.sequence }
    this.#dropped_before = oldest.sealed_at
    const last = this.#losses.at(-1)
    if (last?.last === loss.first - 1) Object.assign(last, { to: loss.to, last: loss.last })
    else this.#losses.push(loss)
  }

  #admissions(): Waiting[] {
    const losses = this.#losses
    this.#losses = []
    return losses.flatMap((loss) => this.parts.admit(loss))
  }

  #pump(): void {
    if (this.#is_cut) return
    const room = IN_FLIGHT_MAX - this.#pending.filter((batch) => batch.in_flight).length
    for (const batch of this.#pending.filter((one) => !one.in_flight).slice(0, Math.max(0, room))) this.#send(batch)
  }

  #send(batch: Pending): void {
    const { agenda, bus } = this.parts
    const wait_ms = Math.min(AGAIN_MS.most, AGAIN_MS.first * 2 ** batch.tries)
    const [mark, sent_at, spool] = [this.#clock.mark(), agenda.now, this.spool]
    batch.in_flight = true
    batch.tries += 1
    bus.send(batch, (reply) => {
      if (this.spool !== spool || this.#is_cut) return
      if (agenda.now - sent_at < wait_ms) this.#clock.measured(mark, reply.stored_at_ms)
      this.#acknowledged(batch.sequence, reply)
    })
    agenda.after(wait_ms, () => {
      batch.in_flight = false
      this.#pump()
    })
  }

  #acknowledged(sequence: number, { watermark, unknown_digests }: Accepted): void {
    if (unknown_digests.length > 0) this.parts.forget(unknown_digests)
    const before = this.#pending.length
    this.#pending = this.#pending.filter((batch) => batch.sequence !== sequence && batch.sequence > watermark)
    if (this.#pending.length < before) this.#pump()
  }

  /** No network until the instant; facts go on into the spool. */
  cutUntil(instant: Instant): void {
    this.#is_cut = true
    this.parts.agenda.at(instant, () =>
      this.greet(() => {
        this.#is_cut = false
        this.#pump()
      }),
    )
  }

  /** Someone, or NTP, sets the wall clock. */
  setClock(by_ms: number): void {
    this.moment()
    this.seal()
    this.#skew_ms += by_ms
    this.#was_set = true
  }

  /** The disk is new: what was not acknowledged is gone, unless it is on its way already. */
  wipe(): void {
    const { agent, faults, bus } = this.parts
    const lost = this.#pending.filter((batch) => !bus.isStored(this.spool, batch.sequence))
    faults.add('wiped', this.#open.length + lost.reduce((sum, batch) => sum + batch.facts, 0))
    this.#pending = []
    this.#open = []
    this.#losses = []
    Object.assign(agent, { spool: newId(), sequence: 0, previous: '' })
    this.greet(() => {})
  }
}
