/** The control plane's answers, read. */
import { Reply } from '#connectors/contract.ts'

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

export function readReply(data: Uint8Array): Accepted {
  const parsed = Reply.safeParse(parseJson(data))
  if (parsed.success && parsed.data.ok) return parsed.data
  if (parsed.success) throw new Refused(parsed.data as Extract<Reply, { ok: false }>)
  throw new Error('the reply of the control plane is not of this protocol: bring the agent up to date')
}
