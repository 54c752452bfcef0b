/** Checks an outside database before anything else relies on it, without ever showing its password. */
import postgres from 'postgres'
import { Refusal } from './settings.ts'

const NEEDED_VERSION = 180_000

/** `shown` is host, port and database. */
export async function databaseUrlOf(text: string): Promise<{ url: string; shown: string }> {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new Refusal('DATABASE_URL is not an address', [
      'It looks like postgres://owner:password@host:5432/database, with special characters percent-encoded.',
    ])
  }
  const shown = `${url.hostname}:${url.port || 5432}${url.pathname}`
  const sql = postgres(text, { max: 1, connect_timeout: 5, onnotice: () => {} })
  try {
    const [row] = await sql<{ version: number }[]>`select current_setting('server_version_num')::int as version`
    if ((row?.version ?? 0) < NEEDED_VERSION) {
      throw new Refusal(`The PostgreSQL at ${shown} is version ${Math.trunc((row?.version ?? 0) / 10_000)}`, [
        'Atalaya needs 18 or newer. Without DATABASE_URL it runs one of its own.',
      ])
    }
    return { url: text, shown }
  } catch (error) {
    throw error instanceof Refusal ? error : unreachable(shown, error as Error & { code?: string })
  } finally {
    await sql.end({ timeout: 0 })
  }
}

function unreachable(shown: string, error: Error & { code?: string }): Refusal {
  const refused = error.code?.startsWith('28') || error.code === '3D000'
  const cause =
    error.code === '28P01'
      ? 'the user or password is wrong'
      : error.code === '3D000'
        ? 'there is no such database'
        : (error.code ?? error.message)
  return new Refusal(`The PostgreSQL of DATABASE_URL (${shown}) can't be used: ${cause}`, [
    refused
      ? 'Correct the user, password or database name in DATABASE_URL.'
      : 'Is it running, and may this machine reach it? Check host and port in DATABASE_URL.',
    'Without DATABASE_URL, Atalaya runs a PostgreSQL of its own.',
  ])
}
