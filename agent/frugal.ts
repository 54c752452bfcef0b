/** Settings of the runtime for a process that works a few milliseconds in ten seconds; they can only come from its environment. */

const SETTINGS: Readonly<Record<string, string>> = {
  // the collector looks each second whether there is something to do, which costs more than all of a tick
  BUN_GC_TIMER_INTERVAL: '60000',
  // only what is really hot is worth compiling: a listing of thousands, not a tick
  BUN_JSC_thresholdForJITAfterWarmUp: '20000',
  BUN_JSC_thresholdForJITSoon: '20000',
  // what a tick frees the next one needs again: no thread that gives it back in between
  MIMALLOC_PURGE_DELAY: '60000',
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
