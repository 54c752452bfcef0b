/** Whether a list was cut to one project without a word, as Cinder and Neutron do where a credential may not see all. Pure. */
import { ConnectorError } from '#connectors/wire.ts'
import type { Row } from './rows.ts'

/** Of servers of other projects: the volumes and the floating addresses that they have. */
export interface Foreign {
  readonly Cinder: ReadonlySet<string>
  readonly Neutron: ReadonlySet<string>
}

type Loose = Readonly<Record<string, unknown>> | null | undefined
const list = (value: unknown): Loose[] => (Array.isArray(value) ? (value as Loose[]) : [])
const texts = (values: readonly unknown[]): string[] => values.filter((one) => typeof one === 'string')

export function foreignIn(servers: readonly Row[], project: string): Foreign {
  const others = servers.filter((row) => row['tenant_id'] !== project)
  const volumes = others.flatMap((row) => list(row['os-extended-volumes:volumes_attached']).map((one) => one?.['id']))
  const addresses = others.flatMap((row) =>
    Object.values((row['addresses'] as Loose) ?? {})
      .flatMap(list)
      .filter((one) => one?.['OS-EXT-IPS:type'] === 'floating')
      .map((one) => one?.['addr']),
  )
  return { Cinder: new Set(texts(volumes)), Neutron: new Set(texts(addresses)) }
}

const OWNER = { Cinder: 'os-vol-tenant-attr:tenant_id', Neutron: 'project_id' } as const
const KEY = { Cinder: 'id', Neutron: 'floating_ip_address' } as const

/** There are some of others, and not one of them is in the list. */
export function isCut(service: keyof Foreign, rows: readonly Row[], foreign: Foreign, project: string): boolean {
  const known = foreign[service]
  const isOthers = (row: Row) => (row[OWNER[service]] ?? project) !== project || known.has(String(row[KEY[service]]))
  return known.size > 0 && !rows.some(isOthers)
}

export const cut = (service: keyof Foreign): ConnectorError =>
  new ConnectorError(
    'refused',
    `${service} lists what is of the credential’s own project alone, though servers of other projects have more`,
    `Give the credential the role that ${service} takes for an administrator's (admin, unless its policy says otherwise), or take \`All projects\` off.`,
  )
