/** Secrets of callers: only their hash is kept, and compared in constant time. */
import { createHash, timingSafeEqual } from 'node:crypto'

/** Tokens carry 256 random bits, so a fast hash is enough: there is nothing to guess. */
export const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex')

export function sameHash(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)]
  return x.length === y.length && timingSafeEqual(x, y)
}
