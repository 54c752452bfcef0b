/** The files of the data folder that a restored installation needs; the passwords of the database's roles are made anew instead. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { joinKeys, KEPT_NAME } from '../secrets/index.ts'
import type { KeptFile } from './contract.ts'

/**
 * The key for the command line; and port and passwords of the NATS that `npm run up` starts, which every agent was told when it
 * enrolled: with them, agents find the restored installation where they left the lost one. And the keys of the sources' secrets, if they
 * lie there: whoever wants a backup without them keeps them elsewhere.
 */
const KEPT = ['api-key', 'nats/nats.json', KEPT_NAME]

/** True where a backup of this data folder opens the secrets that are in it. */
export const holdsKeys = (data: string): boolean => existsSync(join(data, KEPT_NAME))

export const readKept = (data: string): KeptFile[] =>
  KEPT.filter((path) => existsSync(join(data, path))).map((path) => ({
    path,
    content: readFileSync(join(data, path), 'utf8'),
  }))

/** Throws where another installation's file lies; the same one is welcome. */
export function refuseOthers(data: string, files: readonly KeptFile[]): void {
  for (const { path, content } of files) {
    const file = join(data, path)
    if (!KEPT.includes(path)) throw new Error(`The backup holds ${path}, which isn't a file of a data folder.`)
    // keys join those that are there
    if (path === KEPT_NAME) continue
    if (existsSync(file) && readFileSync(file, 'utf8') !== content)
      throw new Error(
        `${file} belongs to another installation. Nothing was changed. Move that data folder away, or restore into ` +
          'another one: ATALAYA_DATA=FOLDER.',
      )
  }
}

/** Writes what is missing, and gives back what takes it away again. */
export function writeKept(data: string, files: readonly KeptFile[]): () => void {
  const undoJoin = joinTheirs(data, files)
  const missing = files
    .map(({ path, content }) => ({ file: join(data, path), content }))
    .filter((f) => !existsSync(f.file))
  for (const { file, content } of missing) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(`${file}.next`, content, { mode: 0o600, flush: true })
    renameSync(`${file}.next`, file)
  }
  return () => {
    undoJoin()
    for (const { file } of missing) rmSync(file, { force: true })
  }
}

/** What is here goes on to seal; the keys of the backup open what came with it. */
function joinTheirs(data: string, files: readonly KeptFile[]): () => void {
  const theirs = files.find(({ path }) => path === KEPT_NAME)
  const file = join(data, KEPT_NAME)
  if (!theirs || !existsSync(file)) return () => {}
  const before = readFileSync(file)
  joinKeys(file, theirs.content)
  return () => writeFileSync(file, before, { mode: 0o600, flush: true })
}
