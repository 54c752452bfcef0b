/** What names a person is sealed under his own key, and opened for those who may read where it stands. No key stays in memory. */
import {
  erasedName,
  type Names,
  type Personal,
  peopleIn,
  personalText,
  replacePersonal,
  unreadableName,
} from '../../base/personal.ts'
import { Problem } from '../../base/problem.ts'
import type { Context, Database, Tx } from '../../db/index.ts'
import { newOwnKey, openFields, openUnder, sealFields, sealUnder, UnreadableSecret } from '../../secrets/index.ts'
import { hashesOf } from './look-up.ts'
import { insertKey, selectCalled, selectKeys } from './store.ts'

const ownerOf = (person_id: string): string => `person/${person_id}`

interface KeyRow {
  person_id: string
  key: string
}
/** In base64. Throws UnreadableSecret. */
export const openKeyText = ({ person_id, key }: KeyRow): string =>
  String(openFields(ownerOf(person_id), { key }, ['key'])['key'])
const openKey = (row: KeyRow): Buffer => Buffer.from(openKeyText(row), 'base64')

export const sealKey = async (ctx: Context, person_id: string, key: string): Promise<string> =>
  String((await sealFields(ctx, ownerOf(person_id), { key }, ['key']))['key'])

/** Once for each person, when he is made. */
export async function makeKey(ctx: Context, person_id: string): Promise<void> {
  const key = await sealKey(ctx, person_id, newOwnKey().toString('base64'))
  await insertKey(ctx.tx, { person_id, key })
}

/** The same fields with those that are text sealed. Refused for one who was erased. */
export async function sealPersonal<F extends Record<string, string | null | undefined>>(
  ctx: Context,
  person_id: string,
  fields: F,
): Promise<F> {
  const [row] = await selectKeys(ctx.tx, [person_id])
  if (!row) throw new Problem('conflict', 'This person was erased: nothing more is kept of him.')
  const key = openKey(row)
  const sealed = Object.entries(fields).map(([name, value]) => [
    name,
    typeof value === 'string' ? personalText(person_id, sealUnder(key, ownerOf(person_id), value)) : value,
  ])
  return Object.fromEntries(sealed) as F
}

/** Null: no key here opens it. */
type Opened = Map<string, Buffer | null>

function openKeys(found: readonly KeyRow[]): Opened {
  const opened: Opened = new Map()
  for (const row of found)
    try {
      opened.set(row.person_id, openKey(row))
    } catch (error) {
      if (!(error instanceof UnreadableSecret)) throw error
      opened.set(row.person_id, null)
    }
  return opened
}

function textOf(keys: Opened, { person_id, envelope }: Personal): string {
  const key = keys.get(person_id)
  if (key === undefined) return erasedName(person_id)
  return (key && openUnder(key, ownerOf(person_id), envelope)) ?? unreadableName(person_id)
}

/** All that names people in a value opened, by one query; of those who were erased it says so. */
export async function openPersonal<T>(tx: Tx | Database, value: T): Promise<T> {
  const ids = [...peopleIn(value)]
  if (ids.length === 0) return value
  const keys = openKeys(await selectKeys(tx, ids))
  return replacePersonal(value, (one) => textOf(keys, one))
}

/** The names of answers: what somebody may read decides the verb, and the program opens it. */
export const createNames = (db: Database): Names => ({
  open: (value) => openPersonal(db, value),
  called: async (text) => {
    const hashes = await hashesOf(db, text)
    return hashes ? selectCalled(db, hashes) : []
  },
})
