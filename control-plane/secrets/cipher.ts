/** How a secret lies in the database: AES-256-GCM in an envelope that names its key, bound to the place that it was sealed for. Pure. */
import { createCipheriv, createDecipheriv, hash } from 'node:crypto'

export const KEY_BYTES = 32
/** 96 bits, as GCM wants them: https://nvlpubs.nist.gov/nistpubs/Legacy/SP/nistspecialpublication800-38d.pdf, 8.2.2 */
export const NONCE_BYTES = 12
const TAG_BYTES = 16
const ALGORITHM = 'aes-256-gcm'
const VERSION = 'enc:v1'

export interface Key {
  /** the first 8 hexadecimal digits of its SHA-256: names it, and says nothing of it */
  id: string
  bytes: Buffer
}
/** The first one seals, each of them opens. */
export type Keys = readonly [Key, ...Key[]]

export const keyOf = (bytes: Buffer): Key => ({ id: hash('sha256', bytes, 'hex').slice(0, 8), bytes })

export const HOW_TO_MAKE = 'Make one by: head -c 32 /dev/urandom | base64'

/**
 * Keys as text: one a line, or with commas; a line that begins with # is a comment. `from` names the text in errors, which never
 * hold any of it. Empty where it holds no key.
 */
export function readKeys(text: string, from: string): Key[] {
  const words = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .flatMap((line) => line.split(/[\s,]+/))
    .filter(Boolean)
  const keys = words.map((word, index) => readKey(word, `${from}: key ${index + 1} of ${words.length}`))
  return keys.filter(({ id }, index) => keys.findIndex((key) => key.id === id) === index)
}

function readKey(word: string, which: string): Key {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(word)) throw new Error(`${which} is not base64. ${HOW_TO_MAKE}`)
  const bytes = Buffer.from(word, 'base64')
  if (bytes.length !== KEY_BYTES)
    throw new Error(`${which} has ${bytes.length} bytes; AES-256 needs ${KEY_BYTES}. ${HOW_TO_MAKE}`)
  if (bytes.every((byte) => byte === bytes[0]))
    throw new Error(`${which} is one byte again and again, which anybody guesses. ${HOW_TO_MAKE}`)
  return keyOf(bytes)
}

export const keyText = ({ bytes }: Key): string => bytes.toString('base64')

/** Why an envelope can't be opened. */
export type Unreadable = { why: 'malformed' } | { why: 'unknown_key'; key_id: string } | { why: 'altered' }

/** A JSON value in an envelope; `place` is where it lies, `nonce` must never come twice. */
export function seal(key: Key, nonce: Uint8Array, place: string, value: unknown): string {
  const cipher = createCipheriv(ALGORITHM, key.bytes, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(place))
  const sealed = [nonce, cipher.update(JSON.stringify(value), 'utf8'), cipher.final(), cipher.getAuthTag()]
  return `${VERSION}:${key.id}:${Buffer.concat(sealed).toString('base64')}`
}

/** The id of the key that an envelope names; null for what is none. */
export const keyIdOf = (envelope: unknown): string | null =>
  (typeof envelope === 'string' && /^enc:v1:([0-9a-f]{8}):[A-Za-z0-9+/]+={0,2}$/.exec(envelope)?.[1]) || null

/** The value that was sealed for this very place, or why it can't be had. Never throws. */
export function unseal(keys: readonly Key[], place: string, envelope: unknown): { value: unknown } | Unreadable {
  const key_id = keyIdOf(envelope)
  if (key_id === null) return { why: 'malformed' }
  const bytes = Buffer.from((envelope as string).slice(VERSION.length + key_id.length + 2), 'base64')
  if (bytes.length <= NONCE_BYTES + TAG_BYTES) return { why: 'malformed' }
  const named = keys.filter(({ id }) => id === key_id)
  if (named.length === 0) return { why: 'unknown_key', key_id }
  const [nonce, text, tag] = [
    bytes.subarray(0, NONCE_BYTES),
    bytes.subarray(NONCE_BYTES, -TAG_BYTES),
    bytes.subarray(-TAG_BYTES),
  ]
  for (const { bytes: secret } of named)
    try {
      const decipher = createDecipheriv(ALGORITHM, secret, nonce, { authTagLength: TAG_BYTES })
      decipher.setAAD(Buffer.from(place)).setAuthTag(tag)
      return { value: JSON.parse(Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8')) as unknown }
    } catch {
      // authenticated with another key, for another place, or altered
    }
  return { why: 'altered' }
}
