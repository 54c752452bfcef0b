/** The keys of this installation: from the environment and from files, which are read again when they change. */
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  linkSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { HOW_TO_MAKE, type Key, KEY_BYTES, keyOf, type Keys, keyText, readKeys } from './cipher.ts'

export interface KeyPlaces {
  /** `ATALAYA_SECRET_KEY` */
  text: string | undefined
  /** `ATALAYA_SECRET_KEY_FILE` */
  file: string | undefined
  /** in the data folder, where set-up makes it */
  kept: string
}

export const keyPlaces = (variables: Readonly<Record<string, string | undefined>>, data: string): KeyPlaces => ({
  text: variables.ATALAYA_SECRET_KEY || undefined,
  file: variables.ATALAYA_SECRET_KEY_FILE || undefined,
  kept: join(data, KEPT_NAME),
})
export const KEPT_NAME = 'secret-keys'

/** The file that decides which key seals, where the environment doesn't. */
export const leadingFile = ({ file, kept }: KeyPlaces): string => file ?? kept

/** What was just taken from a file may still be named by a row that somebody read a moment ago. */
const REMEMBERED_MS = 60_000

interface ReadFile {
  stamp: string
  keys: Key[]
}

/** The environment's keys come first, then those of its file, then those of the data folder: each opens, the first of all seals. */
export class KeyRing {
  readonly places: KeyPlaces
  readonly #warn: (text: string) => void
  readonly #fixed: Key[]
  readonly #files = new Map<string, ReadFile>()
  readonly #gone = new Map<string, { key: Key; at_ms: number }>()

  /** Throws, naming the remedy, where a key is malformed or there is none. `warn` is told of trouble that comes later. */
  constructor(places: KeyPlaces, warn: (text: string) => void = () => {}) {
    this.places = places
    this.#warn = warn
    this.#fixed = places.text === undefined ? [] : readKeys(places.text, 'ATALAYA_SECRET_KEY')
    for (const file of this.#paths()) this.#files.set(file, readFile(file, file === places.file))
    if (this.#present().length === 0)
      throw new Error(
        `There is no key for the secrets of sources: neither in ATALAYA_SECRET_KEY nor in ${this.#paths().join(' nor in ')}. ` +
          `Run set-up, which makes one, or bring the key of this installation. ${HOW_TO_MAKE}`,
      )
  }

  /** All keys, as the files are now; a stamp may lie for a while (NFS keeps it), `anew` reads whatever it says. */
  current(anew = false): Keys {
    for (const file of this.#paths()) this.#look(file, anew)
    return this.#present() as unknown as Keys
  }

  /** The same with those that were taken out a moment ago. */
  opening(anew = false): readonly Key[] {
    const present = this.current(anew)
    const since_ms = performance.now() - REMEMBERED_MS
    for (const [id, { at_ms }] of this.#gone) if (at_ms < since_ms) this.#gone.delete(id)
    return [...present, ...[...this.#gone.values()].map(({ key }) => key)]
  }

  idsOf(file: string): string[] {
    return (this.#files.get(file)?.keys ?? []).map(({ id }) => id)
  }

  #paths(): string[] {
    const { file, kept } = this.places
    return file === undefined || file === kept ? [kept] : [file, kept]
  }

  #present(): Key[] {
    const all = [...this.#fixed, ...this.#paths().flatMap((file) => this.#files.get(file)?.keys ?? [])]
    return all.filter(({ id }, index) => all.findIndex((key) => key.id === id) === index)
  }

  /** A file that was damaged while we run takes no key away from us: sources must not stop for it. */
  #look(file: string, anew: boolean): void {
    const before = this.#files.get(file)
    const stamp = stampOf(file)
    if (stamp === before?.stamp && (!anew || stamp === MISSING)) return
    try {
      this.#take(file, before?.keys ?? [], readFile(file, true))
    } catch (error) {
      const isNews = stamp !== before?.stamp
      this.#files.set(file, { stamp, keys: before?.keys ?? [] })
      if (isNews && error instanceof Error)
        this.#warn(`${error.message}. The keys that were read before stay in use until the next start.`)
    }
  }

  #take(file: string, before: readonly Key[], now: ReadFile): void {
    this.#files.set(file, now)
    if (this.#present().length === 0) throw new Error(`${file} holds no key any more`)
    const at_ms = performance.now()
    const kept = new Set(now.keys.map(({ id }) => id))
    for (const key of before) if (!kept.has(key.id)) this.#gone.set(key.id, { key, at_ms })
    for (const id of kept) this.#gone.delete(id)
  }
}

const MISSING = 'missing'
function stampOf(file: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true })
    return [ino, size, mtimeNs, ctimeNs].join(' ')
  } catch {
    return MISSING
  }
}

function readFile(file: string, required: boolean): ReadFile {
  const stamp = stampOf(file)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    if (code === 'ENOENT' && !required) return { stamp, keys: [] }
    throw new Error(
      `The keys in ${file} can't be read (${code}). Bring the file back, readable by the user of the program`,
      {
        cause: error,
      },
    )
  }
  return { stamp, keys: readKeys(text, file) }
}

const HEAD =
  '# Keys of the secrets of sources. The first one seals, all of them open. Rotate: npm run atalaya rotate-secrets\n'

/** Written beside and renamed, so that no reader sees half of it; whose it was and who may read it stays. */
export function writeKeys(
  file: string,
  keys: readonly Key[],
  place: (next: string, file: string) => void = renameSync,
): void {
  const [next, before] = [`${file}.${randomBytes(4).toString('hex')}`, statSync(file, { throwIfNoEntry: false })]
  const handle = openSync(next, 'w', 0o600)
  try {
    chmodSync(next, before ? before.mode & 0o777 : 0o600)
    if (before && process.getuid?.() === 0) chownSync(next, before.uid, before.gid)
    writeSync(handle, HEAD + keys.map((key) => `${keyText(key)}\n`).join(''))
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  place(next, file)
  const folder = openSync(dirname(file), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** A key that none of these is, nor is named like. */
export function newKey(known: readonly Key[] = []): Key {
  const key = keyOf(randomBytes(KEY_BYTES))
  return known.some(({ id }) => id === key.id) ? newKey(known) : key
}

/** Makes the data folder's file where nothing else gives a key; an existing one is never touched. */
export function ensureKeys({ text, file, kept }: KeyPlaces): void {
  if (text !== undefined || file !== undefined || stampOf(kept) !== MISSING) return
  mkdirSync(dirname(kept), { recursive: true, mode: 0o700 })
  writeKeys(kept, [newKey()], placeFirst)
}

/** Of two set-ups at once the first one's file stays, and both go on with it. */
function placeFirst(next: string, file: string): void {
  try {
    linkSync(next, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(next, { force: true })
  }
}

/** Adds keys of another place after those of the file. */
export function joinKeys(file: string, text: string): void {
  const own = readFile(file, true).keys
  const ids = new Set(own.map(({ id }) => id))
  const theirs = readKeys(text, 'the keys in the backup').filter(({ id }) => !ids.has(id))
  if (theirs.length > 0) writeKeys(file, [...own, ...theirs])
}
