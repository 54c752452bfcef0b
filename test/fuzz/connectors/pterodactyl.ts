/** What a Pterodactyl panel answers, damaged, through its connector. */
import { ConnectorError, type ObservationInput } from '#connectors/contract.ts'
import { gameServer, host, site } from '#connectors/pterodactyl/map.ts'
import { readPage, type Row } from '#connectors/pterodactyl/page.ts'
import { NOW } from '../reports.ts'
import { fixtures } from './fixtures.ts'
import type { ConnectorFuzz } from './index.ts'

/** As the client reads it. */
function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new ConnectorError('bad_answer', 'the answer is not JSON', 'Report this as a fault.')
  }
}

export const pterodactyl: ConnectorFuzz = {
  answers: fixtures('pterodactyl/fixtures'),
  collect(answers, attempt) {
    const observed = (list: string, observe: (row: Row) => ObservationInput) =>
      (attempt(() => readPage(json(answers[list] ?? ''), list).rows) ?? []).flatMap(
        (row) => attempt(() => observe(row)) ?? [],
      )
    const resources = [...observed('locations', site), ...observed('nodes', host), ...observed('servers', gameServer)]
    const scope = { kind: 'cluster' as const, external_id: 'panel.test' }
    return [{ type: 'listing', seen_at_ms: NOW, scope, complete: true, resources }]
  },
  settings: { url: 'https://panel.test', key: 'ptla_not-a-real-one' },
  connector: () => import('#connectors/pterodactyl/index.ts'),
}
