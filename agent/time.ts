/** The real clocks of this machine. */
import { readFileSync } from 'node:fs'
import type { Time } from './clock.ts'

/** Since boot and through sleep, in steps of 10 ms; where there is no /proc, since the process started. */
function sinceBoot(): number | null {
  try {
    return Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000)
  } catch {
    return null
  }
}

/** Fine steps from the processor's clock, set right by the boot clock when the machine has slept. */
function steadyClock(): () => number {
  const booted = sinceBoot()
  if (booted === null) return () => performance.now()
  let ahead_ms = booted - performance.now()
  return () => {
    const fine = performance.now() + ahead_ms
    const slept = (sinceBoot() ?? fine) - fine
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
