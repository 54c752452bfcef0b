/** The program's log: JSON lines, in which no value that somebody sent to the database ever stands. */
import pino, { type Logger } from 'pino'

/** A failed query's message holds its parameters, hashes and settings among them: only the statement and the cause are told. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) }
  const { name, stack } = error
  if (isFailedQuery(error)) {
    const cause = error.cause as (Error & { code?: string; constraint_name?: string }) | undefined
    const { code, constraint_name: constraint, message } = cause ?? { message: 'without a cause' }
    return { type: name, message, code, constraint, query: error.query, stack: framesOf(stack) }
  }
  const code = (error as { code?: unknown }).code
  return { type: name, message: error.message, code, stack: framesOf(stack) }
}

/** What failed in one line, for a person at a command line; no value that was sent to the database is in it. */
export function sayError(error: unknown): string {
  const { message, query } = describeError(error)
  return query === undefined ? String(message) : `${String(message)} (in: ${String(query).slice(0, 200)})`
}

/** Drizzle's error around the driver's: known by its shape, so that the log needs no database library. */
const isFailedQuery = (error: Error): error is Error & { query: string } =>
  'query' in error && typeof error.query === 'string' && 'params' in error

/** Without the first lines, which repeat the message. */
const framesOf = (stack: string | undefined): string | undefined =>
  stack
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n')

export const createLog = (level: string): Logger => pino({ level, serializers: { err: describeError } })

/** The runtime would print the error whole, with all that was sent to the database. */
export function endSayingLittle(log: Logger): void {
  const end = (error: unknown) => {
    log.fatal({ err: error }, 'the program ends: an error that nobody expected')
    process.exit(1)
  }
  process.on('uncaughtException', end)
  process.on('unhandledRejection', end)
}
