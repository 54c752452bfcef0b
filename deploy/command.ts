/** Gives `atalaya backup|restore|verify|rotate-secrets|reset-password` the database that `npm run up` would use: the one that runs, or one started for as long as it takes. */
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { databaseUrlOf } from './database.ts'
import { lock } from './lock.ts'
import { accepts, ownerUrlIn, preparePostgres } from './postgres.ts'
import { Child, endsWithUs } from './process.ts'
import { screen } from './screen.ts'
import { readSettings, Refusal, type Settings } from './settings.ts'

const POSTGRES_READY_MS = 120_000

const USAGE = `\
Usage: sh deploy/atalaya.sh backup FILE [--force]   write all of the installation to one file, while it runs
       sh deploy/atalaya.sh restore FILE            make an empty installation the one of the file
       sh deploy/atalaya.sh verify [FILE]           prove every issued document, or check a backup
       sh deploy/atalaya.sh rotate-secrets [--drop-old] [--no-new-key]
                                                    seal the secrets of sources with a new key, while it runs
       sh deploy/atalaya.sh reset-password E-MAIL   print a link by which a person chooses a new password

Environment: ATALAYA_DATA, DATABASE_URL as for \`npm run up\`.`

/** The command with its arguments; null when only the help was asked for. */
export function readCommand(
  args: readonly string[],
): { name: string; needsDatabase: boolean; makesOne: boolean } | null {
  const [name = '--help', ...rest] = args
  if (['--help', '-h'].some((help) => args.includes(help)) || name === '--help') return null
  if (name === 'rotate-secrets' || name === 'reset-password') return { name, needsDatabase: true, makesOne: false }
  if (!['backup', 'restore', 'verify'].includes(name))
    throw new Refusal(`There is no command "${name}"`, USAGE.split('\n'))
  const file = rest.find((arg) => !arg.startsWith('-'))
  if (file === undefined && name !== 'verify') throw new Refusal(`${name} needs a file`, USAGE.split('\n'))
  return { name, needsDatabase: name !== 'verify' || file === undefined, makesOne: name === 'restore' }
}

/** Runs the program's own command in front of the person, with what it asks and says. */
async function run(s: Settings, args: readonly string[], databaseUrl?: string): Promise<number> {
  const child = Bun.spawn(endsWithUs(['bun', join(s.root, 'control-plane/cli.ts'), ...args]), {
    env: { ...process.env, ATALAYA_DATA: s.data, ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }) },
    stdio: ['inherit', 'inherit', 'inherit'],
  })
  // it ends first, and we after it, having stopped what we started
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  return await child.exited
}

/** The server of an `up` that runs on this data folder. */
async function runningUrl(folder: string): Promise<string> {
  const url = ownerUrlIn(folder)
  if (url !== null && (await accepts(url))) return url
  throw new Refusal('Atalaya is starting or stopping on this data folder', ['Wait a moment, and run this again.'])
}

/** With the embedded PostgreSQL, which is left as it was found: running or not. */
async function withEmbedded(s: Settings, makesOne: boolean, work: (url: string) => Promise<number>): Promise<number> {
  const folder = join(s.data, 'postgres')
  if (!makesOne && ownerUrlIn(folder) === null)
    throw new Refusal(`There is no installation in ${s.data}`, [
      'Name its folder with ATALAYA_DATA, or its PostgreSQL with DATABASE_URL.',
    ])
  mkdirSync(s.data, { recursive: true, mode: 0o700 })
  const held = await lock(join(s.data, 'up.lock'), []).catch((error: unknown) => {
    if (error instanceof Refusal) return null
    throw error
  })
  if (!held) return await work(await runningUrl(folder))
  try {
    const postgres = await preparePostgres(folder, { durable: true })
    const child = new Child(postgres.program, join(s.data, 'logs'), {
      started: (pid) => held.remember(pid, postgres.program.stopSignal ?? 'SIGTERM'),
    })
    try {
      await child.start()
      await child.whenReady(postgres.ready, POSTGRES_READY_MS)
      await postgres.createDatabase()
      return await work(postgres.ownerUrl)
    } finally {
      await child.stop()
    }
  } finally {
    held.release()
  }
}

async function main(args: string[]): Promise<number> {
  const command = readCommand(args)
  if (!command) {
    screen.say(USAGE)
    return 0
  }
  const settings = readSettings([], process.env, resolve(import.meta.dirname, '..'))
  if (!settings) return 0
  if (!command.needsDatabase) return await run(settings, args)
  if (settings.databaseUrl) return await run(settings, args, (await databaseUrlOf(settings.databaseUrl)).url)
  return await withEmbedded(settings, command.makesOne, (url) => run(settings, args, url))
}

if (import.meta.main) {
  try {
    process.exit(await main(process.argv.slice(2)))
  } catch (error) {
    const { message, details } = error as Error & { details?: string[] }
    screen.fail(message, details ?? [])
    process.exit(1)
  }
}
