/** Shows on stderr how far a backup or restore is: one line that changes on a terminal, a line now and then elsewhere. */
import type { OnProgress, Progress } from './contract.ts'

const ON_TERMINAL_MS = 200
const ELSEWHERE_MS = 5_000

interface Screen {
  isTTY?: boolean
  write(text: string): unknown
}

export function sizeText(bytes: number): string {
  const steps = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  const step = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), steps.length - 1)
  return step === 0 ? `${bytes} bytes` : `${(bytes / 2 ** (10 * step)).toFixed(1)} ${steps[step]}`
}

const lineOf = (verb: string, p: Progress): string =>
  `${verb} ${p.percent} %   ${p.tables_done} of ${p.tables} tables   ${p.rows} rows   ${sizeText(p.bytes)}   ${p.table}`

/** `end` leaves the cursor on a line of its own. */
export function showProgress(
  verb: string,
  screen: Screen,
  clock_ms: () => number,
): { progress: OnProgress; end: () => void } {
  const every_ms = screen.isTTY ? ON_TERMINAL_MS : ELSEWHERE_MS
  let shown_ms = clock_ms()
  let isOpen = false
  return {
    progress(p) {
      if (clock_ms() - shown_ms < every_ms) return
      shown_ms = clock_ms()
      isOpen = screen.isTTY === true
      screen.write(isOpen ? `\r${lineOf(verb, p)}\u001B[K` : `${lineOf(verb, p)}\n`)
    },
    end() {
      if (isOpen) screen.write('\r\u001B[K')
    },
  }
}
