/** Trees of BMCs, damaged, through the Redfish connector: two ticks each, so that energy and logs have a before. */
import type { Collected } from '#connectors/contract.ts'
import { Bmc, nothingKept } from '#connectors/redfish/bmc.ts'
import { type Tree, walk } from '#connectors/redfish/tree.fixture.ts'
import { NOW } from '../reports.ts'
import { fixtures } from './fixtures.ts'
import type { Answers, Attempt, ConnectorFuzz } from './index.ts'

/** What is no JSON never gets so far: the client refuses it. */
function treeOf(text: string): Tree {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Tree) : {}
  } catch {
    return {}
  }
}

function collect(answers: Answers, attempt: Attempt): Collected[] {
  return Object.values(answers).flatMap((text) => {
    const tree = treeOf(text)
    let now_ms = NOW
    const bmc = new Bmc('bmc1', nothingKept(), { now: () => now_ms, log: () => undefined, inventory_ms: 60_000 })
    return [0, 1].flatMap(() => {
      now_ms += 60_000
      return attempt(() => walk(tree, bmc.collect()).facts) ?? []
    })
  })
}

export const redfish: ConnectorFuzz = {
  answers: fixtures('redfish/fixtures'),
  collect,
  settings: {
    addresses: ['bmc1.example.com', '192.0.2.10:8443', '2001:db8::1'],
    user: 'reader',
    password: 'secret',
    authentication: 'basic',
    fingerprints: ['AB:'.repeat(31) + 'AB'],
    inventory_minutes: 5,
  },
  connector: () => import('#connectors/redfish/index.ts'),
}
