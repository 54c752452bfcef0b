/** The kit passes on a connector that does everything right, and no connector of the registry goes without it. */
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { CONNECTORS } from '#connectors/registry.ts'
import { connector } from './toy/connector/index.ts'
import { contractOf } from './kit.ts'
import { toyRig } from './toy/rig.ts'

contractOf('toy', () => toyRig(connector))

test('every connector that an agent can host goes through the kit', () => {
  const places = (name: string) => [`./${name}.test.ts`, `../backends/${name}-kit.test.ts`]
  const without = Object.keys(CONNECTORS).filter(
    (name) => !places(name).some((path) => existsSync(new URL(path, import.meta.url))),
  )
  expect(without).toEqual([])
})
