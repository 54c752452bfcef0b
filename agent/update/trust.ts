/** Whose releases this agent runs: public keys in a file of its own, brought by enrolment and changed by nothing but a signed release. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { keysIn, releaseKeyShape } from '#connectors/release.ts'
import { list, strict } from '#connectors/shape.ts'
import { ask, Unwilling } from '../api.ts'
import { writeWhole } from '../files.ts'

const pathIn = (state: string): string => join(state, 'release-keys')
const offeredShape = strict({ keys: list(releaseKeyShape, 16) })

/** None where there is no such file: then no release is run. */
export function trustedKeys(state: string): string[] {
  const path = pathIn(state)
  return existsSync(path) ? keysIn(readFileSync(path, 'utf8')) : []
}

export const trust = (state: string, keys: readonly string[]): void =>
  writeWhole(pathIn(state), keys.map((key) => `${key}\n`).join(''))

/** At enrolment alone, by the way on which the agent itself came; keys that are here stay. False where nothing was learnt. */
export async function learnKeys(state: string, url: string): Promise<boolean> {
  if (existsSync(pathIn(state))) return false
  try {
    const { keys } = offeredShape(await ask(url, 'agents/release-keys'))
    if (keys.length > 0) trust(state, keys)
    return keys.length > 0
  } catch (error) {
    // a control plane from before there were any
    if (error instanceof Unwilling && error.status < 500) return false
    throw error
  }
}
