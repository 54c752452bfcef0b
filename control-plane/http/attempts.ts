/** Bounds how often one address may try a secret; in memory, forgotten at a restart. */
export const ATTEMPTS = { count: 20, window_ms: 60_000, addresses: 10_000 } as const

export interface Attempts {
  /** False when the address has used up its attempts. */
  take(address: string, now: number): boolean
  /** A right secret doesn't count. */
  refund(address: string): void
}

export function attempts(limits: { count: number; window_ms: number; addresses: number } = ATTEMPTS): Attempts {
  const windows = new Map<string, { from: number; used: number }>()
  /** Oldest first, so a flood of addresses forgets the longest quiet one. */
  const makeRoom = () => {
    const oldest = windows.size >= limits.addresses ? windows.keys().next().value : undefined
    if (oldest !== undefined) windows.delete(oldest)
  }
  return {
    take(address, now) {
      const window = windows.get(address)
      if (window && now - window.from < limits.window_ms) {
        window.used += 1
        return window.used <= limits.count
      }
      windows.delete(address)
      makeRoom()
      windows.set(address, { from: now, used: 1 })
      return true
    },
    refund(address) {
      const window = windows.get(address)
      if (window) window.used -= 1
    },
  }
}
