/** What a key of a caller is good for: it names his request, and alone opens the answer that is kept for it. Pure but for the nonce. */
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto'

const ALGORITHM = 'aes-256-gcm'
/** 96 bits: https://nvlpubs.nist.gov/nistpubs/Legacy/SP/nistspecialpublication800-38d.pdf, 8.2.2 */
const NONCE_BYTES = 12
const TAG_BYTES = 16

export interface Derived {
  /** what is looked for; tells nothing of the key where the key can't be guessed */
  id: Buffer
  /** of the request, to tell it from another under the same key */
  request_mac: Buffer
  seal(answer: unknown): Buffer
  open(sealed: Uint8Array): unknown
}

/** `caller` is who asks: the same key of two callers has nothing in common. */
export function derive(key: string, caller: readonly (string | null)[], request: string): Derived {
  const id = createHash('sha256')
    .update(JSON.stringify([...caller, key]))
    .digest()
  const secret = (use: string) => Buffer.from(hkdfSync('sha256', key, id, `atalaya idempotency ${use}`, 32))
  const cipherKey = secret('answer')
  return {
    id,
    request_mac: createHmac('sha256', secret('request')).update(request).digest(),
    seal(answer) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(ALGORITHM, cipherKey, nonce, { authTagLength: TAG_BYTES }).setAAD(id)
      return Buffer.concat([nonce, cipher.update(JSON.stringify(answer), 'utf8'), cipher.final(), cipher.getAuthTag()])
    },
    open(sealed) {
      const bytes = Buffer.from(sealed)
      const decipher = createDecipheriv(ALGORITHM, cipherKey, bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      })
      decipher.setAAD(id).setAuthTag(bytes.subarray(-TAG_BYTES))
      const text = [decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]
      return JSON.parse(Buffer.concat(text).toString('utf8')) as unknown
    },
  }
}
