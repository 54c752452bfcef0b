/** Decides as whom PostgreSQL runs: it refuses uid 0, so root gives it another identity. */
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { join } from 'node:path'

const USER = 'atalaya-postgres'
/** outside any home folder, which other users may not enter */
const HOME = '/var/lib/atalaya-postgres'
const NAMESPACE = ['unshare', '--user', '--map-user=65534', '--map-group=65534']

export interface Identity {
  wrap(command: string[]): string[]
  /** lets the identity read a private file of ours */
  give(file: string): void
  /** where the cluster lies */
  folder: string
  /** where the binaries lie */
  installation: string
}

const works = (command: string[]): boolean => {
  try {
    return Bun.spawnSync(command, { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' }).exitCode === 0
  } catch {
    return false
  }
}

const idOf = (option: '-u' | '-g'): number | null => {
  const found = Bun.spawnSync(['id', option, USER], { stderr: 'ignore' })
  return found.exitCode === 0 ? Number(found.stdout.toString().trim()) : null
}

function systemUser(): { uid: number; gid: number } | null {
  if (idOf('-u') === null)
    works([
      'useradd',
      '--system',
      '--user-group',
      '--home-dir',
      HOME,
      '--no-create-home',
      '--shell',
      '/usr/sbin/nologin',
      USER,
    ])
  const uid = idOf('-u')
  const gid = idOf('-g')
  return uid === null || gid === null ? null : { uid, gid }
}

/**
 * An ordinary user runs it as himself. Root runs it in a user namespace, where it looks like nobody and the files
 * stay root's; where namespaces are forbidden (some containers), as a system user with folders of its own.
 */
export function runAs(folder: string, installation: string): Identity {
  const asIs: Identity = { wrap: (command) => command, give: () => {}, folder, installation }
  if (process.getuid?.() !== 0) return asIs
  if (works([...NAMESPACE, 'true'])) return { ...asIs, wrap: (command) => [...NAMESPACE, ...command] }
  const user = works(['setpriv', '--version']) ? systemUser() : null
  if (!user) {
    throw new Error(
      'PostgreSQL refuses to run as root, and here root may neither use a user namespace (unshare) nor make a system ' +
        'user (useradd, setpriv). Run this as an ordinary user, or set DATABASE_URL to a PostgreSQL 18 of yours.',
    )
  }
  return asSystemUser(user, folder, installation)
}

function asSystemUser({ uid, gid }: { uid: number; gid: number }, folder: string, installation: string): Identity {
  const own = join(HOME, createHash('sha256').update(folder).digest('hex').slice(0, 12))
  const binaries = join(HOME, createHash('sha256').update(installation).digest('hex').slice(0, 12))
  mkdirSync(HOME, { recursive: true, mode: 0o755 })
  chmodSync(HOME, 0o755)
  mkdirSync(own, { recursive: true, mode: 0o700 })
  chownSync(own, uid, gid)
  if (!existsSync(binaries)) {
    rmSync(`${binaries}.new`, { recursive: true, force: true })
    cpSync(installation, `${binaries}.new`, { recursive: true, dereference: true })
    renameSync(`${binaries}.new`, binaries)
  }
  const wrap = (command: string[]) => ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...command]
  return { wrap, give: (file) => chownSync(file, uid, gid), folder: own, installation: binaries }
}
