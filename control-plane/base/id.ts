/** New ids: UUIDv7, so that rows made together lie together. */
import { randomBytes } from 'node:crypto'

export const newId = (): string => Bun.randomUUIDv7()

/** A secret that is shown once: 256 random bits behind a prefix that secret scanners can find. */
export const newSecret = (prefix: string): string => `${prefix}_${randomBytes(32).toString('base64url')}`
