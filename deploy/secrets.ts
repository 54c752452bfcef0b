/** Keeps small private records (ports, generated passwords) in files that only their owner can read. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

export const newPassword = (): string => randomBytes(24).toString('base64url')

/** Written beside and renamed: after a power cut there is the old record or the new one, never half of one. */
export function writePrivate(file: string, text: string): void {
  const next = `${file}.next`
  writeFileSync(next, text, { mode: 0o600, flush: true })
  renameSync(next, file)
}

/** The record of strings and numbers in the file, or null when there is none. */
export function readRecord(file: string): Record<string, string | number> | null {
  if (!existsSync(file)) return null
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string | number>
  } catch {
    throw new Error(
      `${file} is damaged (it isn't JSON). Restore it from a backup, or delete it if its data may be lost.`,
    )
  }
}

export const writeRecord = (file: string, record: Record<string, string | number>): void =>
  writePrivate(file, `${JSON.stringify(record, null, 2)}\n`)
