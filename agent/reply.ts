/** The control plane's answers, read. */
import type { Reply } from '#connectors/contract.ts'
import { type Shape, list, oneOf, optional, otherwise, readAs, strict, text, whole } from '#connectors/shape.ts'
import { configShape } from './config.ts'

export type Accepted = Extract<Reply, { ok: true }>

/** The control plane read the message and says no. */
export class Refused extends Error {
  readonly retry: boolean
  constructor({ code, message, retry }: Extract<Reply, { ok: false }>) {
    super(`${code}: ${message}`)
    this.name = 'Refused'
    this.retry = retry
  }
}

export function parseJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data))
  } catch {
    return undefined
  }
}

const digest = text(64, 64, /^[0-9a-f]{64}$/)
const accepted: Shape<Accepted> = strict({
  ok: oneOf([true]),
  watermark: whole(0),
  stored_at_ms: whole(0, 253_402_300_799_999),
  unknown_digests: otherwise(list(digest), () => []),
  config: optional(configShape),
})
const refused: Shape<Extract<Reply, { ok: false }>> = strict({
  ok: oneOf([false]),
  code: text(1, 64),
  message: text(1, 2_000),
  retry: oneOf([true, false]),
})

export function readReply(data: Uint8Array): Accepted {
  const given = parseJson(data)
  const yes = readAs(accepted, given)
  if (yes) return yes
  const no = readAs(refused, given)
  if (no) throw new Refused(no)
  throw new Error('the reply of the control plane is not of this protocol: bring the agent up to date')
}
