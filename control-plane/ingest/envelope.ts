/** Who sent a report: the envelope in the headers, and the signature that ties it to one agent's subject. */
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { z } from 'zod'
import { type Envelope, HEADERS, signedText } from '#connectors/contract.ts'

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

/** RFC 8410: what stands before the 32 bytes of an Ed25519 public key in SubjectPublicKeyInfo. */
const SPKI_ED25519 = Buffer.from('302a300506032b6570032100', 'hex')
/** A public nkey is one byte of prefix, the key and two of checksum, in base32: 56 letters. */
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** The runtime's Ed25519 verifies what nkeys signs, at a fiftieth of the time. */
function keyOf(public_key: string): KeyObject {
  const bits = [...public_key].reduce((all, letter) => (all << 5n) | BigInt(BASE32.indexOf(letter)), 0n)
  const bytes = Buffer.from(bits.toString(16).padStart(70, '0'), 'hex')
  const key = Buffer.concat([SPKI_ED25519, bytes.subarray(1, 33)])
  return createPublicKey({ key, format: 'der', type: 'spki' })
}

/** True where the signature is that of the agent whose subject it came on. */
export function isGenuine(message: Message, envelope: Envelope, signature: string, public_key: string): boolean {
  try {
    const text = signedText(message.subject, envelope, message.body)
    return verify(null, text, keyOf(public_key), Buffer.from(signature, 'base64'))
  } catch {
    return false
  }
}
