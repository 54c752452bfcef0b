/** Who this agent is: its id, its key and its way to NATS, as enrolment left them in `agent.json`. */
import { createPrivateKey, sign } from 'node:crypto'
import { join } from 'node:path'
import { Misshapen, optional, type Shape, strict, text } from '#connectors/shape.ts'
import { readJson, writeWhole } from './files.ts'

export interface Identity {
  /** one token of a NATS subject */
  agent_id: string
  /** nkey seed of the user, `SU…` */
  seed: string
  /** where agents share a password, it is in there */
  nats_url: string
  /** the control plane's; none in an agent that was enrolled before it was kept */
  url?: string | undefined
}

export const address: Shape<string> = (value, at = '') => {
  if (typeof value === 'string' && URL.canParse(value)) return value
  throw new Misshapen(at, 'an address')
}
export const identityShape: Shape<Identity> = strict({
  agent_id: text(1, 64, /^[A-Za-z0-9_-]+$/),
  seed: text(58, 58, /^SU[A-Z2-7]{56}$/),
  nats_url: address,
  url: optional(address),
})

const pathIn = (state: string) => join(state, 'agent.json')

export const saveIdentity = (state: string, identity: Identity): void =>
  writeWhole(pathIn(state), `${JSON.stringify(identity, null, 2)}\n`)

/** Null where this agent isn't enrolled yet. */
export function loadIdentity(state: string): Identity | null {
  const kept = readJson(pathIn(state))
  if (kept === undefined) return null
  try {
    return identityShape(kept)
  } catch (error) {
    if (!(error instanceof Misshapen)) throw error
    throw new Error(`${pathIn(state)} is not valid (${error.message}): remove it and enrol this agent again`, {
      cause: error,
    })
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
/** RFC 8410: what stands before the 32 bytes of an Ed25519 private key in PKCS #8 */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex')

function fromBase32(text: string): Buffer {
  const bytes: number[] = []
  let bits = 0
  let value = 0
  for (const letter of text) {
    value = ((value << 5) | ALPHABET.indexOf(letter)) & 0xffff
    bits += 5
    if (bits >= 8) bytes.push((value >> (bits -= 8)) & 0xff)
  }
  return Buffer.from(bytes)
}

export type Sign = (text: Uint8Array) => string

/**
 * Signatures by the seed, in base64. The runtime's Ed25519 gives the same bytes as nkeys at a fiftieth of the time; a seed
 * is two bytes of prefix, the key and a checksum: https://docs.nats.io/reference/reference-protocols/nkeys
 */
export function signer(seed: string): Sign {
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8_ED25519, fromBase32(seed).subarray(2, 34)]),
    format: 'der',
    type: 'pkcs8',
  })
  return (text) => sign(null, text, key).toString('base64')
}
