/** The agent's log: JSON lines on standard output, as the control plane writes them, level by ATALAYA_LOG_LEVEL. */
import { writeSync } from 'node:fs'

const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60, silent: Infinity } as const
type Level = keyof typeof LEVELS
type Say = (fields: object, message: string) => void
/** pino fits, but takes a sixth of the memory that a whole agent may have. */
export type Log = Readonly<Record<'debug' | 'info' | 'warn' | 'error', Say>>

const isLevel = (name: string): name is Level => Object.hasOwn(LEVELS, name)

export function openLog(): Log {
  const wanted = process.env.ATALAYA_LOG_LEVEL ?? 'info'
  const level = isLevel(wanted) ? wanted : 'info'
  const at =
    (name: Level): Say =>
    (fields, msg) => {
      if (LEVELS[name] >= LEVELS[level]) write({ level: LEVELS[name], time: new Date().toISOString(), ...fields, msg })
    }
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  if (level !== wanted) log.warn({ wanted, level, known: Object.keys(LEVELS) }, 'ATALAYA_LOG_LEVEL is not a level')
  return log
}

/** A log that can't be written (a full disk, a reader that went away) must not stop the collecting. */
function write(line: object): void {
  try {
    writeSync(1, `${JSON.stringify(line)}\n`)
  } catch {
    return
  }
}
