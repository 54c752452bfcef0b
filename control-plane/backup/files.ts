/** The files of the data folder that a restored installation needs; the passwords of the database's roles are made anew instead. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { KeptFile } from './contract.ts'

/**
 * The key for the command line; and port and passwords of the NATS that `npm run up` starts, which every agent was told when it
 * enrolled: with them, agents find the restored installation where they left the lost one.
 */
const KEPT = ['api-key', 'nats/nats.json']

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
    if (existsSync(file) && readFileSync(file, 'utf8') !== content)
      throw new Error(
        `${file} belongs to another installation. Nothing was changed. Move that data folder away, or restore into ` +
          'another one: ATALAYA_DATA=FOLDER.',
      )
  }
}

/** Writes what is missing, and gives back what takes it away again. */
export function writeKept(data: string, files: readonly KeptFile[]): () => void {
  const missing = files
    .map(({ path, content }) => ({ file: join(data, path), content }))
    .filter((f) => !existsSync(f.file))
  for (const { file, content } of missing) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(`${file}.next`, content, { mode: 0o600, flush: true })
    renameSync(`${file}.next`, file)
  }
  return () => {
    for (const { file } of missing) rmSync(file, { force: true })
  }
}
