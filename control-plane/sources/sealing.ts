/** Secrets of sources: sealed where they are stored, opened for the agent alone, found where they lie in the clear or can't be opened. */
import type { Manifest } from '#connectors/contract.ts'
import { permit } from '../base/actor.ts'
import { iso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { append, closeNotice, openNotice } from '../events/index.ts'
import { isSealedByOld, openFields, sealFields, sealingKey, UnreadableSecret, whereKeysLie } from '../secrets/index.ts'
import { type Failure, secretsNamed, UNREADABLE } from './rules.ts'
import { secretNames, type Settings } from './settings.ts'
import {
  bumpConfig,
  countSealed,
  lockPlain,
  lockSource,
  lockSourcesOf,
  selectAgent,
  selectSealed,
  type SourceRow,
  updateSource,
} from './store.ts'

type Sealed = Pick<SourceRow, 'id' | 'settings' | 'sealed'>

const ownerOf = (id: string): string => `source/${id}`

/** What is stored of settings: the secret ones in envelopes, and which they are. */
export async function sealSettings(
  ctx: Context,
  id: string,
  settings: Settings,
  secrets: readonly string[],
): Promise<Pick<SourceRow, 'settings' | 'sealed'>> {
  const sealed = secretNames(settings, secrets)
  return { settings: await sealFields(ctx, ownerOf(id), settings, sealed), sealed }
}

/** Settings as they were given. Throws UnreadableSecret. */
export const openSettings = ({ id, settings, sealed }: Sealed): Settings => openFields(ownerOf(id), settings, sealed)

/** Null where a key is missing or a secret was altered. */
export function settingsIfReadable(row: Sealed): Settings | null {
  try {
    return openSettings(row)
  } catch (error) {
    if (error instanceof UnreadableSecret) return null
    throw error
  }
}

/** Values that no text may repeat; none where they can't be opened. */
export const secretValues = (row: Sealed): unknown[] => {
  const opened = row.sealed.length > 0 ? settingsIfReadable(row) : null
  return opened === null ? [] : row.sealed.map((name) => opened[name])
}

async function sealMore(ctx: Context, row: SourceRow, secrets: readonly string[]): Promise<boolean> {
  const more = secretNames(row.settings, secrets).filter((name) => !row.sealed.includes(name))
  if (more.length === 0) return false
  const settings = await sealFields(ctx, ownerOf(row.id), row.settings, more)
  await updateSource(ctx.tx, row.id, { settings, sealed: [...row.sealed, ...more] })
  await append(ctx, {
    type: 'source.sealed',
    subject: { kind: 'source', id: row.id },
    account_id: row.account_id,
    after: { fields: more },
  })
  return true
}

/** Background: what installations before this one, or manifests of yesterday, left in the clear. Returns how many sources it sealed. */
export async function sealPlain(ctx: Context, limit: number): Promise<number> {
  permit(ctx, 'agents.write')
  let count = 0
  for (const { row, secrets } of await lockPlain(ctx.tx, limit)) if (await sealMore(ctx, row, secrets)) count += 1
  return count
}

/** An agent's manifests name other settings as secret than they did: its sources are locked before it is, as a report does. */
export async function sealAsNamed(ctx: Context, agent_id: string, manifests: readonly Manifest[]): Promise<void> {
  permit(ctx, 'agents.write')
  const before = await selectAgent(ctx.tx, agent_id)
  const known = new Set(before?.manifests.flatMap(({ name, secrets }) => secrets.map((field) => `${name}/${field}`)))
  if (manifests.every(({ name, secrets }) => secrets.every((field) => known.has(`${name}/${field}`)))) return
  for (const row of await lockSourcesOf(ctx.tx, agent_id))
    await sealMore(ctx, row, secretsNamed(manifests, row.connector))
}

const PAGE = 200

/** Where one page of a long walk over sources ended; null at its end. */
interface Page {
  next: string | null
}

/** One page of sources: those among them that another key than the first sealed. */
export async function sealedByOld(ctx: Context, after: string | null): Promise<Page & { seen: number; ids: string[] }> {
  permit(ctx, 'agents.read')
  const page = await selectSealed(ctx.tx, after, PAGE)
  const old = page.filter(({ settings, sealed }) => isSealedByOld(settings, sealed))
  return { seen: page.length, ids: old.map(({ id }) => id), next: nextOf(page) }
}

/** Seals one source anew, in a transaction so short that no report waits. False where no key here opens it: it stays as it is. */
export async function reseal(ctx: Context, id: string): Promise<boolean> {
  permit(ctx, 'agents.write')
  const row = await lockSource(ctx.tx, id)
  if (!row || !isSealedByOld(row.settings, row.sealed)) return true
  const opened = settingsIfReadable(row)
  if (opened === null) return false
  await updateSource(ctx.tx, id, { settings: await sealFields(ctx, ownerOf(id), opened, row.sealed) })
  await append(ctx, {
    type: 'source.sealed',
    subject: { kind: 'source', id },
    account_id: row.account_id,
    after: { fields: row.sealed, key: sealingKey() },
  })
  return true
}

const nextOf = (page: readonly { id: string }[]): string | null =>
  page.length < PAGE ? null : (page.at(-1)?.id ?? null)

/** How many sources hold secrets. */
export async function sealedCount(ctx: Context): Promise<number> {
  permit(ctx, 'agents.read')
  return await countSealed(ctx.tx)
}

/** True where every secret is sealed under the first key. */
export async function isAllSealedByFirst(ctx: Context): Promise<boolean> {
  permit(ctx, 'agents.read')
  for (let after: string | null = null; ;) {
    const page = await selectSealed(ctx.tx, after, PAGE)
    if (page.some(({ settings, sealed }) => isSealedByOld(settings, sealed))) return false
    after = nextOf(page)
    if (after === null) return true
  }
}

export interface Judged extends Page {
  /** agents with a source that can be read again: they are to be told */
  readable_again: string[]
  unreadable: number
}

/** Background: one page of sources, each failing while its secrets can't be opened here, and no longer. */
export async function judgeSecrets(ctx: Context, after: string | null): Promise<Judged> {
  permit(ctx, 'agents.write')
  const page = await selectSealed(ctx.tx, after, PAGE)
  const again = new Set<string>()
  let unreadable = 0
  for (const seen of page) {
    const failure = failureOf(seen)
    if (failure !== null && seen.deleted_at === null) unreadable += 1
    if ((failure !== null) === (seen.error?.code === UNREADABLE)) continue
    const row = await lockSource(ctx.tx, seen.id)
    if (!row || row.deleted_at !== null || row.paused_at !== null) continue
    const now = failureOf(row)
    const isKnown = row.error?.code === UNREADABLE
    if (now !== null && !isKnown) await markUnreadable(ctx, row, now)
    if (now === null && isKnown) {
      await updateSource(ctx.tx, row.id, { error: null })
      await tellRecovered(ctx, row)
      again.add(row.agent_id)
    }
  }
  // agents after their sources, as everybody locks them
  for (const agent_id of [...again].toSorted()) await bumpConfig(ctx.tx, agent_id)
  return { readable_again: [...again], unreadable, next: nextOf(page) }
}

function failureOf(row: Sealed): Omit<Failure, 'since_ms'> | null {
  try {
    openSettings(row)
    return null
  } catch (error) {
    if (!(error instanceof UnreadableSecret)) throw error
    const remedy = `Enter its secrets again (PATCH /api/v1/sources/${row.id}), or bring the key: add its line to ${whereKeysLie()} and it works by itself.`
    return { code: UNREADABLE, message: error.message, remedy }
  }
}

async function markUnreadable(ctx: Context, row: SourceRow, failure: Omit<Failure, 'since_ms'>): Promise<void> {
  await updateSource(ctx.tx, row.id, { error: { ...failure, since_ms: ctx.now() } })
  // an agent's own failure may be told already: this one is another
  await closeNotice(ctx, 'source.failing', row.id)
  await tellFailing(ctx, row, { ...failure, since_ms: ctx.now() })
}

export async function tellFailing(ctx: Context, row: SourceRow, { code, message, remedy, since_ms }: Failure) {
  const name = `${row.connector} ${row.realm}`
  const said = { code, message, remedy, since: iso(since_ms) }
  await openNotice(ctx, { code: 'source.failing', subject: { kind: 'source', id: row.id, name }, params: said })
  await append(ctx, {
    type: 'source.failing',
    subject: { kind: 'source', id: row.id },
    account_id: row.account_id,
    after: said,
  })
}

export async function tellRecovered(ctx: Context, row: SourceRow) {
  await closeNotice(ctx, 'source.failing', row.id)
  await append(ctx, { type: 'source.recovered', subject: { kind: 'source', id: row.id }, account_id: row.account_id })
}
