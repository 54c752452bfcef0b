/** Sends the spool over NATS until it is acknowledged; whatever goes wrong, batches stay in the spool. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AgentConfig, Hello } from '#connectors/contract.ts'
import { type Envelope, HEADERS, LIMITS, SUBJECTS, signedText } from '#connectors/wire.ts'
import { readAs } from '#connectors/shape.ts'
import { type NatsConnection, TimeoutError, connect, headers } from '@nats-io/transport-node'
import { compressed } from './batch.ts'
import type { ServerClock } from './clock.ts'
import type { Asked } from './commands.ts'
import { connectionOptions } from './connection.ts'
import type { Credentials } from './credential.ts'
import { type Sign, signer } from './identity.ts'
import type { Log } from './log.ts'
import { configShape } from './config.ts'
import { type Accepted, Refused, parseJson, readReply } from './reply.ts'
import type { Spool } from './spool.ts'

/** A control plane that was killed with the question in its hands never answers it: it is asked again after these, and given up after the last. */
const HELLO_MS = [2_500, 2_500, 5_000] as const
/** NATS itself answers sooner than this, or the connection is dead though nothing said so. */
const PONG_MS = 2_500
/** doubled while the control plane takes longer: sending again is what a slow one needs least */
const ANSWER_MS = { first: 5_000, most: 40_000 } as const
/** Batches on their way after a hello, and one more for each that is answered soon: a slow control plane isn't buried under what it must answer in time. */
const WINDOW = { first: 4, soon_ms: 1_000 } as const
const BACK_OFF_MS = { first: 250, most: 8_000 } as const
/** The control plane refused: only a person can help, and trying again is but a way to notice that he did. */
const REFUSED_MS = 60_000

/** Full jitter over an exponential bound: a fleet that was cut off at once doesn't come back at once. */
export const backOff = (failures: number, random: number): number =>
  Math.round(Math.min(BACK_OFF_MS.most, BACK_OFF_MS.first * 2 ** Math.min(failures, 16)) * (0.5 + random / 2))

/** NATS doesn't let us in, or no longer. */
const isRefusal = (error: unknown): boolean => /authori[sz]ation violation|authentication/i.test(String(error))

export interface ReporterParts {
  credentials: Credentials
  spool: Spool
  clock: ServerClock
  log: Log
  hello(): Hello
  configured(config: AgentConfig): void
  unknownDigests(digests: string[]): void
  /** something was asked of this agent */
  commanded(asked: Asked): void
  /** every sequence up to and including it is durable */
  acknowledged(up_to: number): void
}

export class Reporter {
  #parts: ReporterParts
  #subject: string
  #sign: Sign
  #nats: NatsConnection | null = null
  #connected = false
  #stopped = false
  #failures = 0
  /** in a row, of batches */
  #timeouts = 0
  /** set off by anything that the loop may be waiting for */
  #wake: () => void = () => {}
  #in_flight_bytes = 0
  #in_flight = 0
  /** most batches in flight */
  #window: number = WINDOW.first
  #acknowledged = new Set<number>()
  #failure: unknown = null
  /** replies to what was sent before the last hello change nothing */
  #round = 0
  /** the connection still lives by the credential before */
  #outdated = false

  constructor(parts: ReporterParts) {
    this.#parts = parts
    const { agent_id, seed } = parts.credentials.identity
    this.#subject = SUBJECTS.report(agent_id)
    this.#sign = signer(seed)
  }

  /** Runs until `stop`; never throws. */
  async run(): Promise<void> {
    void this.#parts.credentials.run({ renewed: (moved) => this.#renewed(moved) })
    while (!this.#stopped) {
      try {
        if (!this.#nats) await this.#connect()
        if (this.#outdated) await this.#reconnect()
        await this.#untilConnected()
        await this.#greet()
        await this.#drain()
      } catch (error) {
        if (!this.#stopped) await this.#pause(error)
      }
    }
  }

  /** There may be something new in the spool. */
  added(): void {
    this.#wake()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#parts.credentials.stop()
    this.#wake()
    await this.#nats?.close()
  }

  async #connect(): Promise<void> {
    const { credentials, log } = this.#parts
    // whoever has nothing to show yet has asked for it: NATS would but refuse
    while (!this.#stopped && !credentials.hasTried) await this.#rest(50)
    while (!this.#stopped && !this.#nats) {
      try {
        this.#outdated = false
        this.#nats = await connect(connectionOptions(credentials.identity, credentials.jwt))
      } catch (error) {
        if (isRefusal(error)) credentials.refused()
        log.warn({ error: String(error) }, 'no connection to NATS; collecting goes on into the spool')
        await this.#rest(backOff(this.#failures++, Math.random()))
      }
    }
    if (!this.#nats) return
    if (this.#stopped) return this.#nats.close()
    this.#connected = true
    log.info({ server: this.#nats.getServer() }, 'connected to NATS')
    void this.#watch(this.#nats)
    this.#subscribe(this.#nats)
  }

  async #watch(nats: NatsConnection): Promise<void> {
    for await (const status of nats.status()) {
      if (nats !== this.#nats) return
      if (status.type === 'error' && isRefusal(status.error)) this.#parts.credentials.refused()
      if (status.type === 'disconnect') this.#connected = false
      else if (status.type === 'reconnect') this.#connected = true
      else if (status.type === 'error') this.#parts.log.warn({ error: String(status.error) }, 'NATS reports an error')
      else continue
      if (status.type !== 'error') this.#parts.log.info({ server: status.server }, `NATS ${status.type}`)
      this.#wake()
    }
  }

  /** A connection ends with the credential that it was made by: another is made in a moment in which nothing is on its way. */
  #renewed(moved: boolean): void {
    this.#outdated = true
    if (moved) this.#leave()
    this.#wake()
  }

  /** Another connection is made by whoever needs one next. */
  #leave(): void {
    void this.#nats?.close()
    this.#nats = null
    this.#connected = false
  }

  async #reconnect(): Promise<void> {
    this.#outdated = false
    if (!this.#connected) return
    this.#connected = false
    await this.#nats?.reconnect()
  }

  #subscribe(nats: NatsConnection): void {
    nats.subscribe(SUBJECTS.config(this.#parts.credentials.identity.agent_id), {
      callback: (error, message) => {
        if (error) return this.#parts.log.warn({ error: String(error) }, 'configuration can’t be received')
        const config = readAs(configShape, parseJson(message.data))
        if (config) this.#parts.configured(config)
        else this.#parts.log.error({ bytes: message.data.length }, 'a configuration that is not valid was left out')
      },
    })
    nats.subscribe(SUBJECTS.command(this.#parts.credentials.identity.agent_id), {
      callback: (error, message) => {
        if (error) this.#parts.log.warn({ error: String(error) }, 'commands can’t be received')
        else
          this.#parts.commanded({ data: message.data, answer: message.reply ? (text) => message.respond(text) : null })
      },
    })
  }

  async #untilConnected(): Promise<void> {
    while (!this.#connected && !this.#stopped) await this.#woken()
  }

  /** The hello is also the probe: while nobody answers, nothing large is sent. */
  async #greet(): Promise<void> {
    const { spool, log } = this.#parts
    if (this.#stopped) return
    const envelope: Envelope = { message: 'hello', spool: spool.id, sequence: 0, previous: '' }
    const reply = await this.#ask(envelope)
    this.#round++
    this.#in_flight_bytes = 0
    this.#in_flight = 0
    this.#window = WINDOW.first
    this.#acknowledged.clear()
    this.#failure = null
    if (reply.watermark >= spool.next) {
      log.warn(
        { watermark: reply.watermark, next: spool.next },
        'the disk went back in time: the spool is numbered anew',
      )
      spool.renew()
      return this.#greet()
    }
    spool.acknowledge(reply.watermark)
    this.#parts.acknowledged(reply.watermark)
    if (spool.first === spool.next) this.#failures = 0
    log.info({ watermark: reply.watermark, pending: spool.next - spool.first }, 'the control plane answers')
  }

  /** The first answer to any of the questions; meanwhile it is found out whether the connection still lives. */
  async #ask(envelope: Envelope): Promise<Accepted> {
    const body = compressed(JSON.stringify(this.#parts.hello()))
    const asked: Promise<Accepted>[] = []
    let left_ms = HELLO_MS.reduce((sum, wait_ms) => sum + wait_ms, 0)
    for (const wait_ms of HELLO_MS) {
      if (asked.length === 1) void this.#probe()
      const question = this.#request(envelope, body, left_ms)
      question.catch(() => {})
      asked.push(question)
      const reply = await Promise.race([...asked, sleep(wait_ms)])
      if (reply) return reply
      left_ms -= wait_ms
    }
    throw new TimeoutError()
  }

  /** A connection on which not even NATS answers is made anew: its end may never be told. */
  async #probe(): Promise<void> {
    const nats = this.#nats
    const alive = nats?.flush().catch(() => {})
    const answered = await Promise.race([alive?.then(() => true), sleep(PONG_MS, false)])
    if (answered || nats !== this.#nats || !this.#connected || this.#stopped) return
    this.#parts.log.warn({ server: nats?.getServer() }, 'NATS does not answer any more; connecting anew')
    this.#leave()
  }

  /** Sends what is in the spool and what comes into it, until something fails. */
  async #drain(): Promise<void> {
    const { spool } = this.#parts
    const { id } = spool
    let next = spool.first
    while (!this.#stopped) {
      await spool.sync()
      next = this.#send(Math.max(next, spool.first))
      if (this.#stopped) return
      if (this.#failure) throw this.#failure
      if (!this.#connected) throw new Error('the connection to NATS was lost')
      if (spool.id !== id) return
      if (this.#outdated && this.#in_flight === 0) return
      if (next >= spool.next || this.#isFull()) await this.#woken()
    }
  }

  /** As much as may be in flight; the answer is the sequence to go on with. */
  #send(from: number): number {
    const { spool } = this.#parts
    let next = from
    while (!this.#isFull()) {
      const pending = spool.read(next)
      if (!pending) break
      next++
      this.#in_flight_bytes += pending.body.length
      this.#in_flight++
      void this.#deliver({ message: 'batch', spool: spool.id, ...pending }, pending.body)
    }
    return next
  }

  #isFull = (): boolean =>
    this.#outdated || this.#in_flight_bytes >= LIMITS.inFlightBytes || this.#in_flight >= this.#window

  async #deliver(envelope: Envelope, body: Uint8Array): Promise<void> {
    const [round, began_ms] = [this.#round, performance.now()]
    try {
      const timeout_ms = Math.min(ANSWER_MS.most, ANSWER_MS.first * 2 ** Math.min(this.#timeouts, 8))
      const reply = await this.#request(envelope, body, timeout_ms)
      if (round === this.#round) this.#accept(envelope.sequence, reply)
      if (round === this.#round && performance.now() - began_ms < WINDOW.soon_ms) this.#window++
    } catch (error) {
      if (round === this.#round && !this.#failure) this.#failed(error)
    }
    if (round === this.#round) {
      this.#in_flight_bytes -= body.length
      this.#in_flight--
    }
    this.#wake()
  }

  #failed(error: unknown): void {
    this.#failure = error
    if (error instanceof TimeoutError) this.#timeouts++
  }

  /** A batch is durable when it was answered itself, or when the watermark is beyond it. */
  #accept(sequence: number, { watermark }: Accepted): void {
    const { spool } = this.#parts
    this.#failures = 0
    this.#timeouts = 0
    this.#acknowledged.add(sequence)
    let durable = Math.max(watermark, spool.first - 1)
    while (this.#acknowledged.delete(durable + 1)) durable++
    spool.acknowledge(durable)
    this.#parts.acknowledged(durable)
    for (const one of this.#acknowledged) if (one <= durable) this.#acknowledged.delete(one)
  }

  async #request(envelope: Envelope, body: Uint8Array, timeout: number): Promise<Accepted> {
    const { clock, configured, unknownDigests } = this.#parts
    if (!this.#nats) throw new Error('there is no connection to NATS')
    const mark = clock.mark()
    const message = await this.#nats.request(this.#subject, body, { timeout, headers: this.#headers(envelope, body) })
    const reply = readReply(message.data)
    clock.measured(mark, reply.stored_at_ms)
    if (reply.unknown_digests.length > 0) unknownDigests(reply.unknown_digests)
    if (reply.config) configured(reply.config)
    return reply
  }

  #headers(envelope: Envelope, body: Uint8Array) {
    const all = headers()
    all.set(HEADERS.message, envelope.message)
    all.set(HEADERS.spool, envelope.spool)
    all.set(HEADERS.sequence, String(envelope.sequence))
    all.set(HEADERS.previous, envelope.previous)
    all.set(HEADERS.signature, this.#sign(signedText(this.#subject, envelope, body)))
    return all
  }

  async #pause(error: unknown): Promise<void> {
    const { log, spool } = this.#parts
    const pending = spool.next - spool.first
    if (error instanceof Refused && !error.retry) {
      log.error(
        { error: error.message, pending },
        'THE CONTROL PLANE REFUSES THIS AGENT: nothing is lost, but a person must act',
      )
      return this.#rest(REFUSED_MS * (1 + Math.random() / 4))
    }
    const delay_ms = backOff(this.#failures++, Math.random())
    log.warn({ error: String(error), pending, delay_ms }, 'not acknowledged; it stays in the spool and is sent again')
    if (this.#connected) await this.#rest(delay_ms)
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  /** A pause that only `stop` ends early. */
  async #rest(delay_ms: number): Promise<void> {
    const until = performance.now() + delay_ms
    while (!this.#stopped && performance.now() < until)
      await Promise.race([this.#woken(), sleep(Math.max(1, until - performance.now()))])
  }
}
