/** Who sent a report: the envelope in the headers, and the signature that ties it to one agent's subject. */
import { z } from 'zod'
import { type Envelope, HEADERS, signedText, SUBJECTS } from '#connectors/contract.ts'
import { isSignedBy } from '../base/nkey.ts'

export interface Message {
  subject: string
  headers: ReadonlyMap<string, string>
  body: Uint8Array
}

const Fields = z.object({
  message: z.enum(['hello', 'batch']),
  spool: z.uuid(),
  sequence: z.coerce.number().int().min(0).max(2_147_483_647),
  previous: z.string().regex(/^([0-9a-f]{64})?$/),
  signature: z.base64(),
})

/** The agent id in the subject; null where it isn't one. */
export const agentOf = (subject: string): string | null => /^v1\.report\.([0-9a-f-]{36})$/.exec(subject)?.[1] ?? null

/** The envelope and its signature, or what is wrong with the headers. */
export function readEnvelope(message: Message): { envelope: Envelope; signature: string } | { wrong: string } {
  const header = (name: string) => message.headers.get(name) ?? ''
  const parsed = Fields.safeParse(
    Object.fromEntries(Object.entries(HEADERS).map(([field, name]) => [field, header(name)])),
  )
  if (!parsed.success)
    return { wrong: parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ') }
  const { signature, ...envelope } = parsed.data
  return { envelope, signature }
}

/** True where the signature is that of the agent whose subject it came on. */
export const isGenuine = (message: Message, envelope: Envelope, signature: string, public_key: string): boolean =>
  isSignedBy(public_key, signedText(message.subject, envelope, message.body), signature)

/**
 * True where the answer goes to the sender himself. The server lets anybody name any subject for it, and we may publish to all: an answer
 * elsewhere would be our word on a subject that the sender can't reach, such as the public stream or the API of JetStream.
 */
export function asksForItself({ subject, reply }: { subject: string; reply: string }): boolean {
  const agent_id = agentOf(subject)
  return agent_id !== null && reply.startsWith(`${SUBJECTS.inbox(agent_id)}.`)
}
