/** Settings of the runtime for a process that works a few milliseconds in ten seconds; they can only come from its environment. */

const SETTINGS: Readonly<Record<string, string>> = {
  // looking for garbage by the clock costs more than the ticks between: after each megabyte made it is soon enough, which
  // is ten ticks, and goes through what is new alone
  BUN_GC_TIMER_DISABLE: '1',
  BUN_JSC_gcMaxHeapSize: '1000000',
  // in a heap of a few megabytes a second thread that helps to collect costs more than it saves
  BUN_JSC_useConcurrentGC: '0',
  // no half megabyte kept ready for a burst, by a thread that wakes up for it
  BUN_JSC_useWarmUpMarkedBlocks: '0',
  // only what is really hot is worth compiling: a listing of thousands, not a tick
  BUN_JSC_thresholdForJITAfterWarmUp: '20000',
  BUN_JSC_thresholdForJITSoon: '20000',
  // freed memory goes back at once, without a thread that wakes up for it
  MIMALLOC_PURGE_DELAY: '0',
}

/** Replaces this process by itself with these settings, under the same number; what the owner has set stays. */
export function beFrugal(): void {
  const missing = Object.entries(SETTINGS).filter(([name]) => process.env[name] === undefined)
  if (missing.length === 0 || !process.execve || process.platform !== 'linux') return
  const compiled = import.meta.url.includes('/$bunfs/')
  const args = [process.execPath, ...(compiled ? process.argv.slice(2) : process.argv.slice(1))]
  const environment = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== undefined))
  process.execve(process.execPath, args, { ...environment, ...Object.fromEntries(missing) })
}

const FIRST_MS = 20_000
const REPEAT_MS = 3_600_000

/** Gives back what starting took and a tick doesn't need: half of the memory. The answer ends it. */
export function shrinkWhenSettled(): () => void {
  const shrink = () => {
    Bun.gc(true)
    Bun.shrink()
  }
  const timers = [setTimeout(shrink, FIRST_MS), setInterval(shrink, REPEAT_MS)]
  return () => timers.forEach(clearTimeout)
}
