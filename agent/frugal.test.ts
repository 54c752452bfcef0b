/** What a running agent keeps in its memory. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
/** what `run` loads, and the connector that every server has */
const RESIDENT = ['agent/frugal.ts', 'agent/agent.ts', 'agent/identity.ts', 'agent/log.ts', 'connectors/host/index.ts']
const PACKAGES = ['@nats-io/transport-node']

/** Modules that are loaded with this one. */
const loadedWith = (path: string): string[] =>
  [
    ...readFileSync(join(root, path), 'utf8').matchAll(/^(?:import|export)\s(?!type\b)(?:[^'"]*?\sfrom\s)?'([^']+)'/gm),
  ].map(([, specifier = '']) => specifier)

const fileOf = (path: string, specifier: string): string =>
  specifier.startsWith('#') ? specifier.slice(1) : join(path, '..', specifier)

test('the agent loads one package for its ticks: schemas of zod would take as much memory as all its code', () => {
  const files = new Set(RESIDENT)
  const packages = new Set<string>()
  for (const path of files)
    for (const specifier of loadedWith(path)) {
      if (/^[#.]/.test(specifier)) files.add(fileOf(path, specifier))
      else if (!specifier.startsWith('node:')) packages.add(specifier)
    }
  expect([...packages]).toEqual(PACKAGES)
  expect(files.size).toBeGreaterThan(25)
})
