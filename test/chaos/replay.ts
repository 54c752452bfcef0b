/** A network that repeats itself: keeps what agents sent, and sends it again, late and in another order. */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node'
import { HEADERS, SUBJECTS } from '#connectors/contract.ts'
import type { Nats } from '../../deploy/nats.ts'
import type { Dice } from './dice.ts'

const KEPT = 300
const ANSWER_MS = 3_000

export class Replayer {
  readonly #nats: NatsConnection
  readonly #kept: Msg[] = []
  /** reports sent again that were taken */
  answered = 0

  private constructor(nats: NatsConnection) {
    this.#nats = nats
    nats.subscribe('v1.report.*', {
      callback: (error, message) => {
        if (!error) this.#keep(message)
      },
    })
  }

  static async open(nats: Nats): Promise<Replayer> {
    const forever = {
      maxReconnectAttempts: -1,
      reconnectTimeWait: 300,
      reconnectJitter: 100,
      ignoreAuthErrorAbort: true,
    }
    return new Replayer(await connect({ ...(await nats.login('replayer')), ...forever, noEcho: true }))
  }

  #keep(message: Msg): void {
    if (message.headers?.get(HEADERS.message) !== 'batch') return
    this.#kept.push(message)
    if (this.#kept.length > KEPT) this.#kept.shift()
  }

  /** The report of that key, if it was heard. */
  find(spool: string, sequence: number): Msg | undefined {
    const header = (message: Msg, name: string) => message.headers?.get(name)
    return this.#kept.find(
      (message) => header(message, HEADERS.spool) === spool && header(message, HEADERS.sequence) === String(sequence),
    )
  }

  /** True where the control plane took it. */
  async sendAgain({ subject, data, headers }: Msg): Promise<boolean> {
    try {
      // the answer goes to the agent's own inbox, or there is none
      const reply = `${SUBJECTS.inbox(subject.split('.').at(-1) ?? '')}.${createInbox()}`
      const asked = { timeout: ANSWER_MS, noMux: true, reply, ...(headers && { headers }) }
      const answer = await this.#nats.request(subject, data, asked)
      const { ok } = answer.json<{ ok: boolean }>()
      if (ok) this.answered += 1
      return ok
    } catch {
      return false
    }
  }

  /** Now and then, until stopped: a handful of what was heard, shuffled. */
  async pester(dice: Dice, stopped: () => boolean): Promise<void> {
    while (!stopped()) {
      await sleep(dice.between(200, 900))
      for (const message of dice.shuffled(this.#kept).slice(0, dice.between(1, 6))) await this.sendAgain(message)
    }
  }

  close(): Promise<void> {
    return this.#nats.close()
  }
}
