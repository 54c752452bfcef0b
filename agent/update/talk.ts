/** What the agent and its control plane say of updates, over HTTP, each word signed by the agent's key. */
import { setTimeout as sleep } from 'node:timers/promises'
import { fileText, type SignedRelease, signedReleaseShape, type Telling, tellingText } from '#connectors/release.ts'
import { type Json, json, oneOf, readAs, record, strict, text } from '#connectors/shape.ts'
import { ask, askFile, Unwilling } from '../api.ts'
import { type Identity, signer } from '../identity.ts'

export type Order =
  { kind: 'install'; rollout: string; signed: SignedRelease } | { kind: 'go_back'; rollout: string; version: string }

const challengeShape = strict({ challenge: text(1, 100) })
const word = text(1, 64)
const installShape = strict({ kind: oneOf(['install']), rollout: word, signed: signedReleaseShape })
const goBackShape = strict({ kind: oneOf(['go_back']), rollout: word, version: word })
const answerShape = strict({ order: (value: unknown): Json => (value === null ? null : record(json)(value)) })

/** Told again until it is heard: at first soon, then every few minutes. */
const RETRY_MS = { least: 500, most: 300_000 } as const

export class Talk {
  readonly #url: string
  readonly #agent: string
  readonly #sign: ReturnType<typeof signer>

  constructor({ agent_id, seed }: Identity, url: string) {
    this.#url = url
    this.#agent = agent_id
    this.#sign = signer(seed)
  }

  async #proof(textOf: (challenge: string) => Uint8Array) {
    const { challenge } = challengeShape(await ask(this.#url, 'agents/challenge'))
    return { agent_id: this.#agent, challenge, signature: this.#sign(textOf(challenge)) }
  }

  /** The answer is what is to be done now; one that can't be read, of a newer control plane, is nothing. */
  async tell(telling: Telling): Promise<Order | null> {
    const proof = await this.#proof((challenge) => tellingText(this.#agent, challenge, telling))
    const { order } = answerShape(await ask(this.#url, 'agents/updates', { ...proof, telling }))
    return readAs(installShape, order) ?? readAs(goBackShape, order) ?? null
  }

  /** Until it was heard; null where the control plane doesn't want to hear it. */
  async tellSurely(telling: Telling): Promise<Order | null> {
    for (let failures = 0; ; failures++)
      try {
        return await this.tell(telling)
      } catch (error) {
        if (error instanceof Unwilling && [400, 404, 422].includes(error.status)) return null
        const most_ms = Math.min(RETRY_MS.most, RETRY_MS.least * 2 ** Math.min(failures, 16))
        await sleep(most_ms * (0.5 + Math.random() / 2), undefined, { ref: false })
      }
  }

  /** The rest of the file, from this byte on. */
  async file(sha256: string, from: number, signal: AbortSignal) {
    const proof = await this.#proof((challenge) => fileText(this.#agent, challenge, sha256))
    return await askFile(this.#url, 'agents/updates/file', { ...proof, sha256, from }, signal)
  }
}
