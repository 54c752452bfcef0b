/** The agent's log: JSON lines on standard output, level by ATALAYA_LOG_LEVEL. */
import { type Logger, pino } from 'pino'

export type Log = Logger

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

export function openLog(): Log {
  const wanted = process.env.ATALAYA_LOG_LEVEL ?? 'info'
  const level = LEVELS.includes(wanted) ? wanted : 'info'
  const log = pino(
    { level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ sync: true }),
  )
  if (level !== wanted) log.warn({ wanted, level, known: LEVELS }, 'ATALAYA_LOG_LEVEL is not a level')
  return log
}
