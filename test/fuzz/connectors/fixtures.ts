/** Recorded answers of a connector, by file name without its ending. */
import { readdirSync, readFileSync } from 'node:fs'
import type { Answers } from './index.ts'

export function fixtures(path: string): Answers {
  const folder = new URL(`../../../connectors/${path}/`, import.meta.url)
  return Object.fromEntries(
    readdirSync(folder).map((name) => [name.replace(/\.[a-z]+$/, ''), readFileSync(new URL(name, folder), 'utf8')]),
  )
}
