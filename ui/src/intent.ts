/** Keys for what is made once: a request whose outcome nobody knows is sent again under the key that it had. */

/** As long as the control plane surely keeps answers. */
const KEPT_MS = 23 * 3_600_000
const pending = new Map<string, { key: string; at: number }>()

/** 128 random bits; pages that came by plain HTTP have no `randomUUID`. */
const newKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')

/** The key of a request: a new one, unless the very same was sent and its outcome is not known. */
export function keyOf(request: string, now = Date.now()): string {
  for (const [known, { at }] of pending) if (now - at > KEPT_MS) pending.delete(known)
  const held = pending.get(request) ?? { key: newKey(), at: now }
  pending.set(request, held)
  return held.key
}

/** It was answered, with what was asked or a refusal: the same content sent again is another wish. */
export const isKnown = (request: string): void => void pending.delete(request)

/** Whether an answer tells what became of the request; the server's own trouble and "still running" don't. */
export const tellsOutcome = (status: number, code?: string): boolean =>
  status > 0 && status < 500 && code !== 'key_in_use'
