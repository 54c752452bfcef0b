/** The kit passes on a connector that does everything right, and no connector of the registry goes without it. */
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { CONNECTORS } from '#connectors/registry.ts'
import { connector } from './toy/connector/index.ts'
import { contractOf } from './kit.ts'
import { toyRig } from './toy/rig.ts'

contractOf('toy', () => toyRig(connector))

test('every connector that an agent can host goes through the kit', () => {
  const calls = (name: string, path: string) => {
    const place = new URL(path, import.meta.url)
    return existsSync(place) && new RegExp(`contractOf\\(\\s*'${name}'`).test(readFileSync(place, 'utf8'))
  }
  const without = Object.keys(CONNECTORS).filter(
    (name) => !calls(name, `./${name}.test.ts`) && !calls(name, `../backends/${name}-kit.test.ts`),
  )
  expect(without).toEqual([])
})
