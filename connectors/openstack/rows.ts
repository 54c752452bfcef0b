/** The lists of OpenStack's services: rows with their ids, and whether there are more. Pure. */
import type { ConnectorError } from '#connectors/wire.ts'
import { badAnswer } from './failures.ts'

export type Service = 'Nova' | 'Cinder' | 'Neutron' | 'Keystone'
/** As it came; of what it says, only its id is sure. */
export type Row = Readonly<Record<string, unknown>> & { readonly id: string }

/** Those that have one; what hasn't is told to `note`, for nobody knows what it would have been. */
export function rowsIn(
  body: Readonly<Record<string, unknown>>,
  key: string,
  service: Service,
  note: (odd: ConnectorError) => void,
): Row[] {
  const rows = body[key]
  const isRow = (row: unknown): row is Row => {
    const id = typeof row === 'object' && row !== null ? (row as { id?: unknown }).id : undefined
    return typeof id === 'string' && id.length > 0 && id.length <= 255
  }
  if (!Array.isArray(rows)) throw badAnswer(service, `an answer without ${key}`)
  const good = rows.filter(isRow)
  if (good.length < rows.length) note(badAnswer(service, `${key} with a row that has no id`))
  return good
}

/** Nova, Cinder and Neutron say `servers_links: [{ rel: 'next' }]`, Keystone `links: { next }`. */
export function hasNext(body: Readonly<Record<string, unknown>>, key: string): boolean {
  const links = body[`${key}_links`]
  if (Array.isArray(links)) return links.some((link) => (link as { rel?: unknown } | null)?.rel === 'next')
  const { links: own } = body as { links?: { next?: unknown } | null }
  return typeof own?.next === 'string' && own.next !== ''
}
