/** Small files that are either the old or the new one, whatever happens while they are written. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'

/** Readable by its owner alone: most of what the agent keeps has a secret in it. */
export function writeWhole(path: string, text: string): void {
  const making = `${path}.tmp`
  const descriptor = openSync(making, 'w', 0o600)
  try {
    writeSync(descriptor, text)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(making, path)
}

/** The JSON of a file; undefined when there is no such file. A file that isn't JSON throws. */
export function readJson(path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  return JSON.parse(text)
}

/** For what can be made anew: a file that can't be read is as none. */
export function readJsonIfWhole(path: string): unknown {
  try {
    return readJson(path)
  } catch {
    return undefined
  }
}

export const isFullDisk = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
