/** `atalaya`: what is done on the server itself, before anybody can sign in. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type ArgsDef, type CommandDef, defineCommand, runMain } from 'citty'
import { authenticate, mintCredential, setUp } from './accounts/index.ts'
import { createGate, hasAnOwner, resetLink, sealPlainPeople } from './people/index.ts'
import { verifyAudit } from './audit/index.ts'
import { system } from './base/actor.ts'
import { backUp, digests, holdsKeys, inspect, restore } from './backup/index.ts'
import type { Digests, OnProgress } from './backup/contract.ts'
import { showProgress, sizeText } from './backup/progress.ts'
import { createDefaultBook } from './catalog/index.ts'
import { setUpContract } from './contracts/index.ts'
import { connect, type Context, type Database, transact } from './db/index.ts'
import { verify } from './billing/index.ts'
import { MissingRoles, prepareDatabase, urlsOf } from './db/setup.ts'
import { databaseOf, peopleOf } from './environment.ts'
import { sayError } from './log.ts'
import { rotateSecrets, unreadableSources } from './rotation.ts'
import { ensureKeys, UnreadableSecret, useKeys } from './secrets/index.ts'

const SETUP_TOKEN_MS = 24 * 3_600_000
const MISSING_ROLES = 3

const asSetUp = <T>(db: Database, work: (ctx: Context) => Promise<T>): Promise<T> =>
  transact(db, system('set-up'), Date.now, work)

/** The owner's key for the command line stays as long as it is valid; a lost or revoked one is replaced. */
async function keepApiKey(db: Database, data: string): Promise<void> {
  const file = join(data, 'api-key')
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
  if (kept !== '' && (await authenticate({ tx: db, now: Date.now }, kept))) return
  const key = await asSetUp(db, (ctx) => mintCredential(ctx, 'api_key', 'Command line'))
  writeFileSync(file, `${key}\n`, { mode: 0o600 })
  chmodSync(file, 0o600)
}

/** What names people of a version before; after a restore, too. */
async function sealPeople(db: Database): Promise<void> {
  try {
    while (await asSetUp(db, sealPlainPeople));
  } catch (error) {
    // all else works without it, and the next start tries again
    if (!(error instanceof UnreadableSecret)) throw error
    process.stderr.write(`Names of people could not be sealed: ${error.message} Bring the key of that installation.\n`)
  }
}

/** A set-up token is made while no person owns the installation; afterwards people sign in by e-mail. */
async function prepare(db: Database, data: string): Promise<{ setup_token: string | null; installation_id: string }> {
  const installation_id = await asSetUp(db, async (ctx) => {
    const made = await setUp(ctx)
    await createDefaultBook(ctx, made.legal_entity_id)
    await setUpContract(ctx, made.account_id)
    return made.installation_id
  })
  await sealPeople(db)
  await keepApiKey(db, data)
  if (await asSetUp(db, hasAnOwner)) return { setup_token: null, installation_id }
  const expires_at = Date.now() + SETUP_TOKEN_MS
  const setup_token = await asSetUp(db, (ctx) => mintCredential(ctx, 'setup_token', 'Set-up', expires_at))
  return { setup_token, installation_id }
}

const setup = defineCommand({
  meta: { name: 'setup', description: 'Make or update roles, tables and the first entities; safe to run again' },
  async run() {
    const { databaseUrl, data, keys } = databaseOf(process.env)
    mkdirSync(data, { recursive: true, mode: 0o700 })
    ensureKeys(keys)
    useKeys(keys)
    const urls = await prepareDatabase(databaseUrl, data)
    const db = connect(urls.staff, 2)
    try {
      process.stdout.write(`${JSON.stringify(await prepare(db, data))}\n`)
    } finally {
      await db.$client.end({ timeout: 1 })
    }
  },
})

const showDigests = (of: Digests): void => {
  process.stdout.write(`ledger hash ${of.ledger}\nusage hash  ${of.usage}\n`)
}

async function verifyInstallation(): Promise<void> {
  const place = databaseOf(process.env)
  await withWork(place, async (db) => {
    const { invoices, lines, readings, findings } = await transact(db, system('verify'), Date.now, verify)
    const audit = await transact(db, system('verify'), Date.now, (ctx) => verifyAudit(ctx))
    const all = [...findings, ...audit.findings]
    for (const { check, subject, detail } of all) process.stdout.write(`${check} ${subject}: ${detail}\n`)
    showDigests(await digests(place.databaseUrl))
    if (audit.head) process.stdout.write(`audit seal  ${audit.head.number} ${audit.head.hash}\n`)
    process.stdout.write(
      `${invoices} invoices, ${lines} lines, ${readings} readings, ${audit.records} audit records in ${audit.seals} seals checked, ` +
        `${audit.unsealed.count} not sealed yet; ${all.length + audit.findings_left_out} findings\n`,
    )
    if (all.length > 0) process.exitCode = 1
  })
}

async function verifyBackup(file: string): Promise<void> {
  const { head, end } = await inspect(file)
  showDigests(end.digests)
  process.stdout.write(
    `${file} is whole: installation ${head.installation_id} at ${head.created_at}, Atalaya ${head.program_version}, ` +
      `${end.tables} tables, ${end.rows} rows, ${sizeText(end.bytes)}\n`,
  )
}

const verifyAll = defineCommand({
  meta: {
    name: 'verify',
    description:
      'Check every issued document down to its readings and every audit record, or a backup; exits 1 if anything was altered or is damaged',
  },
  args: { file: { type: 'positional', required: false, description: 'a backup; without it, the installation' } },
  run: ({ args }) => (args.file ? verifyBackup(resolve(args.file)) : verifyInstallation()),
})

/** Says on stderr how far it is, while it lasts. */
async function shown<T>(verb: string, work: (progress: OnProgress) => Promise<T>): Promise<T> {
  const { progress, end } = showProgress(verb, process.stderr, () => performance.now())
  try {
    return await work(progress)
  } finally {
    end()
  }
}

const backupAll = defineCommand({
  meta: { name: 'backup', description: 'Write all of the installation to one file, while it runs' },
  args: {
    file: { type: 'positional', required: true, description: 'the file to write' },
    force: { type: 'boolean', default: false, description: 'replace the file if it exists' },
  },
  async run({ args }) {
    const [place, file] = [databaseOf(process.env), resolve(args.file)]
    const { end } = await shown('Backing up:', (progress) =>
      backUp({ ...place, file, progress }, { force: args.force, now: Date.now() }),
    )
    showDigests(end.digests)
    process.stdout.write(
      `${file}: ${end.tables} tables, ${end.rows} rows, ${sizeText(end.bytes)}. ` +
        'It holds customer data, keys and passwords: only you can read it, keep it so. ' +
        (holdsKeys(place.data)
          ? 'The key of the secrets of sources is in it, too.\n'
          : 'The key of the secrets of sources is not in it: keep that apart.\n'),
    )
  },
})

const restoreAll = defineCommand({
  meta: { name: 'restore', description: 'Make an empty database the installation of a backup; all or nothing' },
  args: { file: { type: 'positional', required: true, description: 'the backup' } },
  async run({ args }) {
    const [place, file] = [databaseOf(process.env), resolve(args.file)]
    const { head, end } = await shown('Restoring:', (progress) => restore({ ...place, file, progress }))
    showDigests(end.digests)
    process.stdout.write(`Installation ${head.installation_id} is back as it was at ${head.created_at}.\n`)
    ensureKeys(place.keys)
    useKeys(place.keys)
    await withWork(place, async (db) => {
      await sealPeople(db)
      const unreadable = await unreadableSources(db)
      if (unreadable > 0)
        process.stdout.write(
          `The secrets of ${unreadable} of its sources can't be read: they were sealed with a key that is neither in the backup nor here. ` +
            'Bring the key of that installation, or enter them again. Everything else works.\n',
        )
    })
  },
})

async function withWork<T>(
  { databaseUrl, data }: { databaseUrl: string; data: string },
  work: (db: Database) => Promise<T>,
): Promise<T> {
  const db = connect(urlsOf(databaseUrl, data).work, 2)
  try {
    return await work(db)
  } finally {
    await db.$client.end({ timeout: 1 })
  }
}

const rotateAll = defineCommand({
  meta: { name: 'rotate-secrets', description: 'Seal the secrets of all sources with a new key, while it runs' },
  args: {
    'new-key': { type: 'boolean', default: true, description: 'make one; --no-new-key takes the first that is there' },
    'drop-old': { type: 'boolean', default: false, description: 'then take the old keys away' },
  },
  async run({ args }) {
    const place = databaseOf(process.env)
    useKeys(place.keys)
    const wanted = { newKey: args['new-key'], dropOld: args['drop-old'] }
    const say = (line: string) => process.stderr.write(`${line}\n`)
    if (!(await withWork(place, (db) => rotateSecrets(db, wanted, say)))) process.exitCode = 1
  },
})

const resetPassword = defineCommand({
  meta: { name: 'reset-password', description: 'Print a link by which a person chooses a new password; it works once' },
  args: { email: { type: 'positional', required: true, description: 'of the person' } },
  async run({ args }) {
    const place = databaseOf(process.env)
    useKeys(place.keys)
    const { publicUrl } = peopleOf(process.env)
    await withWork(place, async (db) => {
      const gate = createGate({ db, now: Date.now, publicUrl, mail: null })
      const link = await transact(db, system('reset-password'), Date.now, (ctx) =>
        resetLink(ctx, gate, args.email.trim().toLowerCase()),
      )
      process.stdout.write(`${link}\n`)
    })
  },
})

/** Errors end with one line; what an administrator must run is printed as it is. */
const reported = <A extends ArgsDef>(command: CommandDef<A>): CommandDef<A> => ({
  ...command,
  async run(context) {
    try {
      await command.run?.(context)
    } catch (error) {
      process.stderr.write(`${sayError(error)}\n`)
      process.exit(error instanceof MissingRoles ? MISSING_ROLES : 1)
    }
  },
})

await runMain(
  defineCommand({
    meta: { name: 'atalaya', description: 'Set up, check, back up and restore an installation' },
    subCommands: {
      setup: reported(setup),
      verify: reported(verifyAll),
      backup: reported(backupAll),
      restore: reported(restoreAll),
      'rotate-secrets': reported(rotateAll),
      'reset-password': reported(resetPassword),
    },
  }),
)
