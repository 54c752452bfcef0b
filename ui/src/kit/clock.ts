/** The present as a signal that moves once a second while anything on the page shows it. */
import { createSignal, onCleanup } from 'solid-js'

const [now, setNow] = createSignal(Date.now())
let watchers = 0
let timer: ReturnType<typeof setInterval> | undefined

/** Call in a component; the clock stops with its last watcher. */
export function createNow(): () => number {
  watchers += 1
  setNow(Date.now())
  timer ??= setInterval(() => setNow(Date.now()), 1000)
  onCleanup(() => {
    watchers -= 1
    if (watchers > 0) return
    clearInterval(timer)
    timer = undefined
  })
  return now
}
