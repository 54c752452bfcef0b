/** The real clocks of this machine. */
import { openSync, readFileSync, readSync } from 'node:fs'
import type { Time } from './clock.ts'

/** Since boot and through sleep, in steps of 10 ms; null where there is no /proc. */
function bootClock(): (() => number) | null {
  let descriptor: number
  try {
    descriptor = openSync('/proc/uptime', 'r')
  } catch {
    return null
  }
  const text = Buffer.alloc(64)
  return () =>
    Math.round(Number.parseFloat(text.toString('latin1', 0, readSync(descriptor, text, 0, text.length, 0))) * 1000)
}

/** Fine steps from the processor's clock, set right by the boot clock when the machine has slept. */
function steadyClock(): () => number {
  const sinceBoot = bootClock()
  if (!sinceBoot) return () => performance.now()
  let ahead_ms = sinceBoot() - performance.now()
  return () => {
    const fine = performance.now() + ahead_ms
    const slept = sinceBoot() - fine
    if (slept > 100) ahead_ms += slept
    return performance.now() + ahead_ms
  }
}

export const systemTime = (): Time => ({ wall_ms: Date.now, steady_ms: steadyClock() })

/** Identity of this boot; where the system has none, of this process. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return `process-${process.pid}-${Math.round(performance.timeOrigin)}`
  }
}
