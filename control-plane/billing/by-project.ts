/** A bill by the projects of its account: the rounded nets of its lines divided, so that the parts add up to the cent. */
import { floorDivide, type Fraction, fraction, toDecimal } from '../base/exact.ts'
import { majorText } from '../base/money.ts'
import type { Line } from '../rating/contract.ts'
import { partsOf, type ProjectOf } from '../rating/index.ts'
import type { Draft } from './contract.ts'
import { minorOf } from './rules.ts'

/** As a line's own quantity is shown. */
const DISPLAYED_PLACES = 6

type ByProject = Draft['by_project']
interface Bucket {
  net: bigint
  lines: ByProject[number]['lines']
}

/** Each project that bears something, by name, and last what is in none. */
export function byProject(
  lines: readonly Line[],
  projectOf: ProjectOf,
  projects: readonly { id: string; name: string }[],
  currency: string,
): ByProject {
  const buckets = new Map<string | null, Bucket>([[null, { net: 0n, lines: [] }]])
  for (const line of lines)
    for (const { project, net, quantity } of divided(line, projectOf, currency)) {
      const bucket = buckets.get(project) ?? { net: 0n, lines: [] }
      buckets.set(project, bucket)
      const quantity_display = toDecimal(fraction(quantity, BigInt(line.divisor)), DISPLAYED_PLACES)
      bucket.net += net
      bucket.lines.push({ line_id: line.id, quantity_display, net: majorText(net, currency) })
    }
  const shown = (project: ByProject[number]['project'], { net, lines: borne }: Bucket) => ({
    project,
    net: majorText(net, currency),
    lines: borne,
  })
  const { compare } = new Intl.Collator('en')
  return [
    ...projects
      .toSorted((a, b) => compare(a.name, b.name) || (a.id < b.id ? -1 : 1))
      .flatMap(({ id, name }) => {
        const bucket = buckets.get(id)
        return bucket ? [shown({ id, name }, bucket)] : []
      }),
    ...[...buckets].flatMap(([id, bucket]) => (id === null ? [shown(null, bucket)] : [])),
  ]
}

interface Borne {
  project: string | null
  net: bigint
  quantity: bigint
}
/** A line's rounded net over its projects by the largest remainder, ties by id. */
function divided(line: Line, projectOf: ProjectOf, currency: string): Borne[] {
  const net = minorOf(line.net, currency)
  const parts = [...partsOf(line, projectOf)].toSorted(([a], [b]) => ((a ?? '') < (b ?? '') ? -1 : 1))
  const [only, ...others] = parts
  if (others.length === 0)
    return [{ project: only?.[0] ?? null, net, quantity: only?.[1].quantity ?? BigInt(line.quantity) }]
  const nets = apportion(
    net,
    parts.map(([, { exact }]) => exact),
  )
  return parts.map(([project, { quantity }], index) => ({ project, quantity, net: nets[index] ?? 0n }))
}

/** Divides a whole by weights of one sign into whole parts that add up to it; by equal ones where all are zero. */
export function apportion(whole: bigint, weights: readonly Fraction[]): bigint[] {
  const den = weights.reduce((product, weight) => product * weight.den, 1n)
  const scaled = weights.map((weight) => (weight.num * den) / weight.den)
  const total = scaled.reduce((sum, one) => sum + one, 0n)
  const shares = total === 0n ? scaled.map(() => 1n) : scaled.map((one) => (total < 0n ? -one : one))
  const divisor = shares.reduce((sum, one) => sum + one, 0n)
  const floors = shares.map((share) => floorDivide(whole * share, divisor))
  const rest = whole - floors.reduce((sum, one) => sum + one, 0n)
  const order = shares
    .map((share, index) => ({ index, left: whole * share - (floors[index] ?? 0n) * divisor }))
    .toSorted((a, b) => (a.left === b.left ? a.index - b.index : a.left > b.left ? -1 : 1))
  const raised = new Set(order.flatMap(({ index }, rank) => (BigInt(rank) < rest ? [index] : [])))
  return floors.map((one, index) => (raised.has(index) ? one + 1n : one))
}
