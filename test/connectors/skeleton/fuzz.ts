/** Answers of example, damaged, through its connector. */
import { fixtures } from '#test/fuzz/connectors/fixtures.ts'
import type { ConnectorFuzz } from '#test/fuzz/connectors/index.ts'
import { NOW } from '#test/fuzz/reports.ts'
import { ConnectorError } from '#connectors/contract.ts'
import { observation, readMachines } from './connector/map.ts'

/** As the client reads it. */
function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new ConnectorError('bad_answer', 'the answer is not JSON', 'Report this as a fault.')
  }
}

export const example: ConnectorFuzz = {
  answers: fixtures('../test/connectors/skeleton/connector/fixtures'),
  collect({ machines = '' }, attempt) {
    const resources = attempt(() => readMachines(json(machines)).map(observation)) ?? []
    const scope = { kind: 'cluster' as const, external_id: 'example' }
    return [{ type: 'listing', seen_at_ms: NOW, scope, complete: true, resources }]
  },
  settings: { url: 'https://cloud.test', token: 'not-a-real-one' },
  connector: () => import('./connector/index.ts'),
}
