/** Backups of a database: what is damaged, wrong or in the way is refused with words and changes nothing; kills leave nothing half done. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { inspect, restore } from '#control-plane/backup/index.ts'
import { FRAME_HEAD_BYTES } from '#control-plane/backup/format.ts'
import { sequencesOf, setSequences } from '#control-plane/backup/store.ts'
import { emptyDatabase, freshDatabase, Suite } from '../setup/stack.ts'
import { atalaya, framesOf, reworded, sealed, withRows } from './backup-file.ts'
import { recordedBackups } from './recorded.ts'

const BACKUP = recordedBackups().at(-1)!
const whole = readFileSync(BACKUP)

interface Target {
  ownerUrl: string
  data: string
}
let suite: Suite
let target: Target

const emptyTarget = async (): Promise<Target> => ({
  ownerUrl: (await emptyDatabase(suite)).ownerUrl,
  data: mkdtempSync(join(suite.folder, 'data-')),
})

beforeAll(async () => {
  suite = new Suite()
  target = await emptyTarget()
})
afterAll(() => suite.end())

async function withSql<T>(url: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    return await work(sql)
  } finally {
    await sql.end({ timeout: 1 })
  }
}
const tablesIn = ({ ownerUrl }: Target) =>
  withSql(
    ownerUrl,
    (sql) => sql`select relname from pg_class where relkind = 'r' and relnamespace >= 2200::oid::regnamespace
    and relnamespace::regnamespace::text in ('public', 'drizzle')`,
  )

const isUntouched = async (place: Target) =>
  expect([[...(await tablesIn(place))], readdirSync(place.data).filter((name) => name !== 'database.json')]).toEqual([
    [],
    [],
  ])

let made = 0
function fileOf(bytes: Uint8Array): string {
  const file = join(suite.folder, `${(made += 1)}.backup`)
  writeFileSync(file, bytes)
  return file
}
const restoring = (bytes: Uint8Array, place = target) =>
  restore({ databaseUrl: place.ownerUrl, data: place.data, file: fileOf(bytes), progress: () => {} })

test('a backup that ends too early is refused, wherever it ends, and nothing is written', async () => {
  const frames = framesOf(whole)
  const ends = [0, 1, 10, 17, 18, 40, whole.length >> 1, whole.length - 48, whole.length - 16, whole.length - 1]
  for (const end of [...ends, ...frames.map(({ at }) => at)])
    await expect(restoring(whole.subarray(0, end))).rejects.toThrow(/can't be used.*(damaged|isn't a backup)/s)
  await isUntouched(target)
}, 60_000)

test('one flipped bit in any part is found before anything is written', async () => {
  const parts = framesOf(whole).flatMap(({ at, payload }) => [
    at,
    at + 4,
    at + FRAME_HEAD_BYTES + (payload.length >> 1),
  ])
  for (const at of [0, 15, 16, ...parts, whole.length - 40, whole.length - 5]) {
    const flipped = Buffer.from(whole)
    flipped[at] = flipped[at]! ^ 4
    await expect(restoring(flipped), `bit 2 of byte ${at}`).rejects.toThrow(/can't be used/)
  }
  await isUntouched(target)
}, 60_000)

test('a right checksum over wrong content is found as well', async () => {
  const frames = framesOf(whole)
  const rows = frames.filter(({ kind }) => kind === 'rows')
  const index = frames.indexOf(rows[0]!)
  const wrong = {
    'other rows': frames.with(index, { ...rows[0]!, payload: rows[1]!.payload }),
    'rows that are no rows': frames.with(index, { ...rows[0]!, payload: Buffer.from('nothing compressed') }),
    'a missing table': frames.toSpliced(index - 1, 3),
    'no end': frames.slice(0, -1),
    'two ends': [...frames, frames.at(-1)!],
    'a head that says nothing': [reworded(frames[0]!, () => ({})), ...frames.slice(1)],
  }
  for (const [what, list] of Object.entries(wrong))
    await expect(restoring(sealed(list)), what).rejects.toThrow(/can't be used/)
  await isUntouched(target)
})

test('another format, and tables of a newer program, are refused with what to do', async () => {
  const [head, ...rest] = framesOf(whole)
  const newer = reworded(head!, (said) => ({
    ...said,
    program_version: '9.9.9',
    migrations: [...(said.migrations as string[]), 'f'.repeat(64)],
  }))
  await expect(restoring(sealed([newer, ...rest]))).rejects.toThrow(
    /newer Atalaya \(9\.9\.9\).*Install Atalaya 9\.9\.9/,
  )
  await expect(restoring(sealed([head!, ...rest], Buffer.from('ATALAYA BACKUP 2\n')))).rejects.toThrow(
    /format version 2, and this program reads version 1/,
  )
  await expect(restoring(Buffer.from('PGDMP'))).rejects.toThrow(/isn't a backup of Atalaya/)
  await isUntouched(target)
})

test('rows that PostgreSQL refuses end the restore with its reason, and leave nothing', async () => {
  const orphans = withRows(whole, 'account', (text) =>
    text.replaceAll(/\t[0-9a-f-]{36}\t/g, `\t${crypto.randomUUID()}\t`),
  )
  await expect(restoring(orphans)).rejects.toThrow(/violates foreign key/)
  const nameless = withRows(whole, 'installation', (text) => `x${text.slice(1)}`)
  await expect(restoring(nameless)).rejects.toThrow(/invalid input syntax for type uuid/)
  await isUntouched(target)
})

test('usage or documents that differ from what was backed up are not let in', async () => {
  const cheaper = withRows(whole, 'usage_hour', (text) => text.replace(/\t5000\t/, '\t4000\t'))
  expect(cheaper.equals(whole)).toBe(false)
  await expect(restoring(cheaper)).rejects.toThrow(/The usage hash is/)
  await isUntouched(target)
})

test('the command restores once, refuses what stands there, and both it and the file verify', async () => {
  const place = await emptyTarget()
  const restored = await atalaya(['restore', BACKUP], place).ended
  expect(restored).toMatchObject({ code: 0, stderr: '' })
  expect(statSync(join(place.data, 'api-key')).mode & 0o777).toBe(0o600)
  const again = await atalaya(['restore', BACKUP], place).ended
  expect(again.code).toBe(1)
  expect(again.stderr).toMatch(/holds the installation .* only goes into an empty one/)
  const hashes = (text: string) => text.split('\n').filter((line) => /^(ledger|usage) hash +[0-9a-f]{64}$/.test(line))
  expect(hashes(restored.stdout)).toHaveLength(2)
  for (const args of [['verify', BACKUP], ['verify']]) {
    const verified = await atalaya(args, place).ended
    expect(verified.code).toBe(0)
    expect(hashes(verified.stdout)).toEqual(hashes(restored.stdout))
  }
  const bad = fileOf(whole.subarray(1))
  expect(await atalaya(['verify', bad], place).ended).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(bad) as string,
  })
}, 60_000)

test("another installation's keys in the data folder are not overwritten", async () => {
  const place = await emptyTarget()
  writeFileSync(join(place.data, 'api-key'), 'of somebody else\n')
  await expect(restoring(whole, place)).rejects.toThrow(/belongs to another installation/)
  expect(await tablesIn(place)).toHaveLength(0)
})

test('sequences go on where they were', async () => {
  const [from, to] = [await emptyTarget(), await emptyTarget()]
  await withSql(from.ownerUrl, async (sql) => {
    await sql.unsafe(
      'create sequence used; create sequence "Un used"; select nextval(\'used\') from generate_series(1, 41)',
    )
    const kept = await sequencesOf(sql)
    expect(kept).toEqual({ used: '41' })
    await withSql(to.ownerUrl, async (other) => {
      await other.unsafe('create sequence used')
      await setSequences(other, kept)
      expect(await other`select nextval('used')::int as next`).toMatchObject([{ next: 42 }])
    })
  })
})

test('a file that exists is replaced only by --force, and only its owner reads it', async () => {
  const installation = await freshDatabase(suite)
  const file = fileOf(Buffer.from('kept'))
  const refused = await atalaya(['backup', file], installation).ended
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('--force') as string })
  expect(readFileSync(file, 'utf8')).toBe('kept')
  expect(await atalaya(['backup', file, '--force'], installation).ended).toMatchObject({ code: 0 })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect((await inspect(file)).head.installation_id).toBe(installation.installationId)
  expect(existsSync(`${file}.partial`)).toBe(false)
})

test('an empty database is not backed up as if it were an installation', async () => {
  const file = join(suite.folder, 'none.backup')
  const refused = await atalaya(['backup', file], await emptyTarget()).ended
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('no installation') as string })
  expect([existsSync(file), existsSync(`${file}.partial`)]).toEqual([false, false])
})

test('a killed backup leaves no file under its name, a killed restore an empty database, and each works afterwards', async () => {
  const installation = await freshDatabase(suite)
  const file = join(suite.folder, 'big.backup')
  await withSql(
    installation.ownerUrl,
    (sql) => sql`insert into event (id, number, type, subject_kind, subject_id, actor, after, request_id, occurred_at)
      select gen_random_uuid(), 1000000 + n, 'test', 'test', gen_random_uuid()::text, '{}', jsonb_build_object('filling', sha512(n::text::bytea)), '', now()
      from generate_series(1, 40000) n`,
  )
  const backup = atalaya(['backup', file], installation)
  await vi.waitFor(() => expect(statSync(`${file}.partial`).size).toBeGreaterThan(1 << 20), {
    timeout: 20_000,
    interval: 2,
  })
  backup.kill()
  await backup.ended
  expect(existsSync(file)).toBe(false)
  // the server ends the dead one's session by itself
  await vi.waitFor(async () => expect((await atalaya(['backup', file], installation).ended).code).toBe(0), 20_000)

  const place = await emptyTarget()
  const loading = atalaya(['restore', file], place)
  await withSql(place.ownerUrl, async (sql) => {
    const copying = () =>
      sql`select 1 from pg_stat_progress_copy where datname = current_database() and tuples_processed > 10000`
    await vi.waitFor(async () => expect(await copying()).toHaveLength(1), { timeout: 20_000, interval: 2 })
  })
  loading.kill()
  await loading.ended
  await isUntouched(place)
  await vi.waitFor(async () => expect((await atalaya(['restore', file], place).ended).code).toBe(0), 20_000)
}, 120_000)
