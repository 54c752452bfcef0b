/** What the agent shows to NATS: a credential that ends soon, which it renews itself by its key, well before the end or after it. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { renewalText } from '#connectors/wire.ts'
import { type Shape, strict, text, whole } from '#connectors/shape.ts'
import { ask, Unwilling } from './api.ts'
import { connection } from './connection.ts'
import { isFullDisk, readJsonIfWhole, writeWhole } from './files.ts'
import { address, type Identity, saveIdentity, signer } from './identity.ts'
import type { Log } from './log.ts'

export interface Credential {
  jwt: string
  expires_in_ms: number
}
const jwtShape = text(10, 8_192, /^[\w-]+\.[\w-]+\.[\w-]+$/)
const credentialShape: Shape<Credential> = strict({
  jwt: jwtShape,
  expires_in_ms: whole(0, 7 * 86_400_000),
})
const orNull =
  <T>(shape: Shape<T>): Shape<T | null> =>
  (value, at) =>
    value === null ? null : shape(value, at)
/** What the control plane answers to enrolment and renewal alike. */
export const accessShape = { nats_url: address, credential: orNull(credentialShape) }
const renewedShape = strict(accessShape)
const challengeShape = strict({ challenge: text(1, 100) })

/** Kept, so that a start needs no control plane. */
const pathIn = (state: string) => join(state, 'credential.json')
const keptShape = strict({ jwt: jwtShape, ends_at_ms: whole(0) })

export const saveCredential = (state: string, { jwt, expires_in_ms }: Credential): void =>
  writeWhole(pathIn(state), JSON.stringify({ jwt, ends_at_ms: Date.now() + expires_in_ms }))

/** Signs a fresh word with the agent's key; the answer is the way to NATS as it is now. */
export async function renewed({ agent_id, seed, url }: Pick<Identity, 'agent_id' | 'seed'> & { url: string }) {
  const { challenge } = challengeShape(await ask(url, 'agents/challenge'))
  const signature = signer(seed)(renewalText(agent_id, challenge))
  return renewedShape(await ask(url, 'agents/renew', { agent_id, challenge, signature }))
}

/** Of its life, when it is renewed: there is time for many tries. */
const RENEWED_AT = 0.5
const RETRY_MS = { least: 500, most: 30_000 } as const
/** The control plane said no: only a person can help. */
const REFUSED_MS = 60_000
/** A credential that NATS refuses though it is new won't be better in a moment. */
const ASKED_AGAIN_MS = 10_000

export interface Watcher {
  /** there is a new credential; `moved`: NATS is elsewhere now */
  renewed(moved: boolean): void
}

export class Credentials {
  #identity: Identity
  readonly #state: string
  readonly #log: Log
  #jwt: string | null = null
  /** of the monotonic clock: when to ask again */
  #due_ms = 0
  #failures = 0
  #isRetrying = false
  #asked_ms = -Infinity
  #stopped = false
  #wake: () => void = () => {}

  constructor(state: string, identity: Identity, log: Log) {
    this.#state = state
    this.#identity = identity
    this.#log = log
    try {
      const { jwt, ends_at_ms } = keptShape(readJsonIfWhole(pathIn(state)))
      this.#jwt = jwt
      // not before the first connection had its chance, and soon where the clock says that it ended
      this.#due_ms = performance.now() + Math.max(0, (ends_at_ms - Date.now()) * RENEWED_AT)
    } catch {
      // none was kept: the first thing to do is to ask
    }
  }

  /** As the last renewal says. */
  get identity(): Identity {
    return this.#identity
  }

  jwt = (): string | null => this.#jwt

  /** Until stopped; an agent that doesn't know its control plane's address has what its NATS address holds, and nothing to renew. */
  async run(watcher: Watcher): Promise<void> {
    const { url } = this.#identity
    if (url === undefined) return
    while (!this.#stopped) {
      const wait_ms = this.#due_ms - performance.now()
      if (wait_ms > 0) {
        await Promise.race([sleep(Math.min(wait_ms, 2 ** 30), undefined, { ref: false }), this.#woken()])
        continue
      }
      await this.#renew(url, watcher)
    }
  }

  /** True once there is something to show, or was an attempt to get it: whoever has nothing yet is let wait for the first answer. */
  get hasTried(): boolean {
    return this.#jwt !== null || this.#identity.url === undefined || this.#asked_ms > -Infinity
  }

  /** NATS refused what we showed: ask at once, unless that was just done or is being tried already. */
  refused(): void {
    if (this.#isRetrying || performance.now() - this.#asked_ms < ASKED_AGAIN_MS) return
    this.#due_ms = 0
    this.#wake()
  }

  stop(): void {
    this.#stopped = true
    this.#wake()
  }

  async #renew(url: string, watcher: Watcher): Promise<void> {
    try {
      const { nats_url, credential } = await renewed({ ...this.#identity, url })
      this.#failures = 0
      this.#isRetrying = false
      this.#take(nats_url, credential, watcher)
    } catch (error) {
      this.#isRetrying = true
      const isNo = error instanceof Unwilling && error.status < 500
      const most_ms = isNo ? REFUSED_MS : Math.min(RETRY_MS.most, RETRY_MS.least * 2 ** Math.min(this.#failures++, 16))
      const delay_ms = Math.round(most_ms * (0.5 + Math.random() / 2))
      this.#due_ms = performance.now() + delay_ms
      this.#log.warn({ error: String(error), delay_ms }, 'the credential was not renewed; it is asked for again')
    } finally {
      this.#asked_ms = performance.now()
      this.#wake()
    }
  }

  #take(nats_url: string, credential: Credential | null, watcher: Watcher): void {
    const moved = nats_url !== this.#identity.nats_url
    // a wrong address must not take the place of the one that works
    connection(nats_url)
    this.#jwt = credential?.jwt ?? null
    const life_ms = credential?.expires_in_ms ?? 3_600_000
    this.#due_ms = performance.now() + life_ms * RENEWED_AT * (0.9 + Math.random() / 5)
    this.#identity = { ...this.#identity, nats_url }
    try {
      if (credential) saveCredential(this.#state, credential)
      if (moved) saveIdentity(this.#state, this.#identity)
    } catch (error) {
      // in force all the same: only a start without the control plane would miss it
      if (!isFullDisk(error)) throw error
    }
    this.#log.debug({ life_ms, moved }, 'the credential was renewed')
    watcher.renewed(moved)
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}
