/** Secrets at rest: sealed before they are stored, opened only for who must have them. */
import { randomBytes } from 'node:crypto'
import { permit } from '../base/actor.ts'
import { assert } from '../base/problem.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import { KeyRing, type KeyPlaces, leadingFile, newKey, writeKeys } from './keys.ts'
import { type Key, KEY_BYTES, keyIdOf, keyOf, NONCE_BYTES, seal, unseal } from './cipher.ts'
import { lockKeys, lockSealing } from './store.ts'

export { ensureKeys, joinKeys, KEPT_NAME, keyPlaces, type KeyPlaces } from './keys.ts'

/** One for the process, as its environment is. */
let ring: KeyRing | null = null

/** Opens the keys; throws, naming the remedy, where they are malformed or missing. `warn` is told of trouble that comes later. */
export function useKeys(places: KeyPlaces, warn?: (text: string) => void): void {
  ring = new KeyRing(places, warn)
}

function theRing(): KeyRing {
  assert(ring, 'the process opened its keys')
  return ring
}

/** Named values of one thing, such as the settings of a source. */
type Fields = Readonly<Record<string, unknown>>

/** A field that can't be opened, in words for people: which key is missing, or that it was altered. */
export class UnreadableSecret extends Error {
  readonly field: string
  constructor(field: string, why: string) {
    super(why)
    this.name = 'UnreadableSecret'
    this.field = field
  }
}

/** Where in the installation a field lies; what was sealed for one place opens at no other. */
const placeOf = (owner: string, field: string): string => `${owner}/${field}`

/** The fields with these sealed under the first key. `owner` is whose they are: `source/<id>`. */
export async function sealFields(
  ctx: Context,
  owner: string,
  fields: Fields,
  names: readonly string[],
): Promise<Record<string, unknown>> {
  if (names.length === 0) return { ...fields }
  // the lock first, then the keys: a rotation that waits for it has written its file before we read it
  await lockSealing(ctx.tx)
  const [key] = theRing().current()
  const sealed = names.map((name) => [name, seal(key, randomBytes(NONCE_BYTES), placeOf(owner, name), fields[name])])
  return { ...fields, ...Object.fromEntries(sealed) }
}

/** The fields with these opened. Throws UnreadableSecret. */
export function openFields(owner: string, fields: Fields, names: readonly string[]): Record<string, unknown> {
  if (names.length === 0) return { ...fields }
  return { ...fields, ...Object.fromEntries(names.map((name) => [name, openField(owner, name, fields[name])])) }
}

function openField(owner: string, name: string, envelope: unknown): unknown {
  const open = (keys: readonly Key[]) => unseal(keys, placeOf(owner, name), envelope)
  let opened = open(theRing().opening())
  if ('why' in opened && opened.why === 'unknown_key') opened = open(theRing().opening(true))
  if ('value' in opened) return opened.value
  throw new UnreadableSecret(
    name,
    opened.why === 'unknown_key'
      ? `The secret "${name}" was sealed with the key ${opened.key_id}, which is not here.`
      : `The secret "${name}" was altered in the database or moved to another place.`,
  )
}

/** A key of somebody's own, to be kept sealed. */
export const newOwnKey = (): Buffer => randomBytes(KEY_BYTES)

/** A text under such a key, for one place. */
export const sealUnder = (bytes: Buffer, place: string, text: string): string =>
  seal(keyOf(bytes), randomBytes(NONCE_BYTES), place, text)

/** Null where it was sealed under another key or for another place, or was altered. */
export function openUnder(bytes: Buffer, place: string, envelope: string): string | null {
  const opened = unseal([keyOf(bytes)], place, envelope)
  return 'value' in opened ? String(opened.value) : null
}

/** True where a field is sealed under another key than the first. */
export function isSealedByOld(fields: Fields, names: readonly string[]): boolean {
  const [first] = theRing().current()
  return names.some((name) => keyIdOf(fields[name]) !== first.id)
}

/** The file to which a missing key is to be brought. */
export const whereKeysLie = (): string => leadingFile(theRing().places)

/** The id of the key that seals now. */
export const sealingKey = (): string => theRing().current()[0].id

/** Puts a new key before the others, for all processes at one instant; returns its id. */
export async function addKey(ctx: Context): Promise<string> {
  permit(ctx, 'installation.write')
  const { places } = theRing()
  if (places.text !== undefined)
    throw new Error(
      'ATALAYA_SECRET_KEY gives the key that seals, and no command can change it. Put a new key before the old one there, with a comma ' +
        'between them, restart every process of the control plane, and run this again with --no-new-key.',
    )
  await lockKeys(ctx.tx)
  const known = theRing().current()
  const [file, key] = [leadingFile(places), newKey(known)]
  // what another file has stays there
  writeFileOf(file, [key, ...known.filter(({ id }) => idsIn(file).has(id))])
  assert(sealingKey() === key.id, 'the new key seals')
  await append(ctx, { type: 'secret_key.added', subject: { kind: 'secret_key', id: key.id } })
  return key.id
}

/**
 * Takes all keys but the first out of the file, where `unused` says, with everybody who seals kept waiting, that nothing names them.
 * Returns how many went.
 */
export async function dropOldKeys(ctx: Context, unused: () => Promise<boolean>): Promise<number> {
  permit(ctx, 'installation.write')
  await lockKeys(ctx.tx)
  const [first, ...old] = theRing().current()
  const file = leadingFile(theRing().places)
  const mine = old.filter(({ id }) => idsIn(file).has(id))
  if (mine.length === 0 || !(await unused())) return 0
  writeFileOf(file, idsIn(file).has(first.id) ? [first] : [])
  for (const { id } of mine)
    await append(ctx, { type: 'secret_key.dropped', subject: { kind: 'secret_key', id }, after: { sealing: first.id } })
  return mine.length
}

const idsIn = (file: string): ReadonlySet<string> => new Set(theRing().idsOf(file))

function writeFileOf(file: string, keys: readonly Key[]): void {
  try {
    writeKeys(file, keys)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    throw new Error(
      `${file} can't be written (${code}). Change it where it comes from: the new key on its first line, for every process of the ` +
        'control plane; then run this again with --no-new-key.',
      { cause: error },
    )
  }
}
