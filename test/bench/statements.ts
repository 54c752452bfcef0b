/** The statements that PostgreSQL ran for something, with their values: from its own log; to be run again without us. */
import { readFileSync, statSync } from 'node:fs'
import type postgres from 'postgres'
import type { Installation } from './installation.ts'

/** An entry begins with a time, the session and its user (`PREFIX`); its further lines begin with a tab. */
const ENTRY = /^\d{4}-\d\d-\d\d [\d:.]+ UTC \[(\d+)\] (\S*) ([A-Z]+): +/
const PREFIX = '%m [%p] %u '

interface Entry {
  pid: string
  user: string
  level: string
  text: string
}

export function entriesOf(log: string): Entry[] {
  const out: Entry[] = []
  for (const line of log.trimEnd().split('\n')) {
    const [head, pid = '', user = '', level = ''] = ENTRY.exec(line) ?? []
    const last = out.at(-1)
    if (head !== undefined) out.push({ pid, user, level, text: line.slice(head.length) })
    else if (last) last.text += `\n${line.replace(/^\t/, '')}`
  }
  return out
}

const STATEMENT = /^(?:statement|execute [^:]*): /
const VALUE = /\$(\d+) = (NULL|'(?:[^']|'')*')/g

/** Statements of one session with their values put in, in order. */
export function statementsOf(entries: readonly Entry[]): Map<string, string[]> {
  const sessions = new Map<string, string[]>()
  for (const [index, { pid, level, text }] of entries.entries()) {
    if (level !== 'LOG' || !STATEMENT.test(text)) continue
    const detail = entries.slice(index + 1).find((later) => later.pid === pid)
    const values = new Map<string, string>()
    if (detail?.level === 'DETAIL')
      for (const [, number = '', value = ''] of detail.text.matchAll(VALUE)) values.set(number, value)
    const filled = text
      .replace(STATEMENT, '')
      .replace(/\$(\d+)/g, (place, number: string) => values.get(number) ?? place)
    sessions.set(pid, [...(sessions.get(pid) ?? []), filled])
  }
  return sessions
}

/** What the API asked the database while `work` ran, in the transaction with the most statements that name `mark`. */
export async function statementsDuring(
  { sql, postgresLog, staffUrl }: Installation,
  mark: string,
  work: () => Promise<unknown>,
): Promise<string[]> {
  const from = statSync(postgresLog).size
  await sql.unsafe(`alter system set log_line_prefix = '${PREFIX}'`)
  await sql.unsafe(`alter system set log_statement = 'all'`)
  await sql`select pg_reload_conf()`
  await Bun.sleep(500)
  await work()
  await Bun.sleep(200)
  await sql.unsafe(`alter system reset log_statement`)
  await sql`select pg_reload_conf()`
  const { username } = new URL(staffUrl)
  const entries = entriesOf(readFileSync(postgresLog, 'utf8').slice(from)).filter(({ user }) => user === username)
  const sessions = statementsOf(entries)
  const found = [...sessions.values()]
    .flatMap((list) => transactions(list))
    .filter((list) => list.join().includes(mark))
  if (found.length === 0) throw new Error(`PostgreSQL's log shows no statement with ${mark}.`)
  return found.toSorted((a, b) => b.length - a.length)[0] as string[]
}

/** Cuts a session's statements into its transactions, without their begin and end. */
function transactions(list: readonly string[]): string[][] {
  const out: string[][] = []
  for (const text of list) {
    if (/^begin/i.test(text)) out.push([])
    else if (!/^(commit|rollback)/i.test(text)) out.at(-1)?.push(text)
  }
  return out
}

/** Runs statements again in one transaction, by nothing but the driver. */
export const replay = (sql: postgres.Sql, statements: readonly string[]): Promise<unknown> =>
  sql.begin(async (tx) => {
    for (const text of statements) await tx.unsafe(text)
  })
