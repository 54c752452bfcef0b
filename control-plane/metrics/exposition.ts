/** The text that Prometheus scrapes: current values of every resource, family by family (text format 0.0.4). */
import type { Instant } from '../base/time.ts'
import { escapedLabel as escaped } from '../http/metrics.ts'
import { parseKey, PUBLISHED, type PublishedMetric } from './names.ts'
import type { ResourceLabels, Values } from './contract.ts'

/** Published name → the finished lines of its family: a family must come in one piece. */
export type Families = Map<string, string[]>

interface Last {
  resource_id: string
  seen_at: Instant
  values: Values
}

export const exposedName = (metric: string, { type }: Pick<PublishedMetric, 'type'>): string =>
  `atalaya_${metric}${type === 'counter' ? '_total' : ''}`

/** Adds the newest value of each metric of whole resources; rows of one resource come oldest first. */
export function gather(families: Families, last: readonly Last[], labels: ReadonlyMap<string, ResourceLabels>): void {
  for (const [resource_id, rows] of Map.groupBy(last, (row) => row.resource_id)) {
    const resource = labels.get(resource_id)
    if (!resource) continue
    const shared =
      `resource_id="${resource_id}",kind="${escaped(resource.kind)}",` +
      `name="${escaped(resource.name)}",realm="${escaped(resource.realm)}"`
    const newest = new Map<string, string>()
    for (const { seen_at, values } of rows)
      for (const [key, value] of Object.entries(values)) newest.set(key, `${value} ${seen_at}`)
    for (const [key, value] of newest) addLine(families, key, shared, value)
  }
}

function addLine(families: Families, key: string, shared: string, value: string): void {
  const { metric, device } = parseKey(key)
  const known = PUBLISHED.get(metric)
  if (!known) return
  const lines = families.get(metric) ?? []
  if (lines.length === 0) families.set(metric, lines)
  const own = device === null ? '' : `,device="${escaped(device)}"`
  lines.push(`${exposedName(metric, known)}{${shared}${own}} ${value}\n`)
}

/** Lines of one chunk: some 64 KiB, so that no slow reader holds up anybody. */
const CHUNK = 400

/** The text in chunks. Nothing is read here: the transaction that gathered may be over. */
export function* exposition(families: Families): Generator<string> {
  for (const [metric, lines] of [...families].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const known = PUBLISHED.get(metric)
    if (!known) continue
    const name = exposedName(metric, known)
    yield `# HELP ${name} ${known.help.replaceAll('\\', '\\\\')}\n# TYPE ${name} ${known.type}\n`
    for (let from = 0; from < lines.length; from += CHUNK) yield lines.slice(from, from + CHUNK).join('')
  }
}
