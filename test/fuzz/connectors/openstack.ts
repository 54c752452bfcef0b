/** What OpenStack's services answer, damaged, through the connector: tokens, projects, servers of two versions, volumes, addresses. */
import { ConnectorError, type ObservationInput } from '#connectors/contract.ts'
import { foreignIn, isCut } from '#connectors/openstack/foreign.ts'
import { endpointIn, isServed, readToken } from '#connectors/openstack/keystone.ts'
import {
  type Flavor,
  flavor,
  floatingIp,
  isCopy,
  isGone,
  isSilent,
  namespace,
  type Names,
  vm,
  volume,
} from '#connectors/openstack/map.ts'
import { hasNext, type Row, rowsIn } from '#connectors/openstack/rows.ts'
import { NOW } from '../reports.ts'
import { fixtures } from './fixtures.ts'
import type { ConnectorFuzz } from './index.ts'

/** As the client reads it. */
function json(text: string | undefined): Record<string, unknown> {
  try {
    const body = JSON.parse(text ?? '') as unknown
    if (typeof body === 'object' && body !== null) return body as Record<string, unknown>
  } catch {
    // as any other that is no object
  }
  throw new ConnectorError('bad_answer', 'the answer is no object', 'Report this as a fault.')
}

export const openstack: ConnectorFuzz = {
  answers: fixtures('openstack/fixtures'),
  collect(answers, attempt) {
    const rows = (file: string, key: string): Row[] =>
      attempt(() => {
        const body = json(answers[file])
        hasNext(body, key)
        return rowsIn(body, key, 'Nova', () => {})
      }) ?? []
    attempt(() => {
      const { catalogue } = readToken(json(answers['token']))
      for (const region of [null, 'RegionOne'])
        if (isServed(catalogue, ['compute'], region))
          endpointIn(catalogue, ['compute'], { region, interface: 'public' })
    })
    const names: Names = new Map([['6f70656e737461636b20342065766572', 'shop']])
    const flavors = new Map<string, Flavor>()
    for (const row of rows('flavors', 'flavors')) attempt(() => flavors.set(row.id, flavor(row)))
    const servers = [...rows('servers', 'servers'), ...rows('servers-older', 'servers')]
    const [volumes, addresses] = [rows('volumes', 'volumes'), rows('floatingips', 'floatingips')]
    const foreign = foreignIn(servers, 'another')
    for (const [service, list] of [
      ['Cinder', volumes],
      ['Neutron', addresses],
    ] as const)
      isCut(service, list, foreign, 'another')
    const observed = (list: readonly Row[], observe: (row: Row) => ObservationInput) =>
      list.flatMap((row) => attempt(() => observe(row)) ?? [])
    const resources = [
      ...observed(rows('projects', 'projects'), namespace),
      ...observed(
        servers.filter((row) => !isGone(row) && !isSilent(row)),
        (row) => vm(row, names, flavors),
      ),
      ...observed(
        volumes.filter((row) => !isCopy(row)),
        (row) => volume(row, names),
      ),
      ...observed(addresses, (row) => floatingIp(row, names)),
    ]
    const scope = { kind: 'cluster' as const, external_id: 'cloud.test/RegionOne' }
    return [{ type: 'listing', seen_at_ms: NOW, scope, complete: true, resources }]
  },
  settings: {
    auth_url: 'https://keystone.test:5000/v3',
    region: 'RegionOne',
    application_credential_id: '423f19a4ac1e4f48bbb4180756e6eb6c',
    application_credential_secret: 'not-a-real-one',
    all_projects: true,
  },
  connector: () => import('#connectors/openstack/index.ts'),
}
