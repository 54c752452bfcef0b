/** What each thing of an account earned in a month: of what was issued and of the open draft, line by line. */
import { parseFraction } from '../base/exact.ts'
import { apportion, type BilledMonth } from '../billing/index.ts'
import { minorOf, signOf } from '../billing/rules.ts'
import type { DocumentLine } from '../billing/contract.ts'
import { resourceIdOf } from '../rating/rules.ts'

export interface Earned {
  line: DocumentLine
  resource_id: string
  /** minor units */
  revenue: bigint
  currency: string
  is_open: boolean
}

/** A line for all of a kind together is what each of its resources bears of it, as its segments say. */
export function earnedIn({ issued, open }: Pick<BilledMonth, 'issued' | 'open'>): Earned[] {
  const documents = [
    ...issued.map(({ content, lines }) => ({ lines, sign: signOf(content.document_type), is_open: false })),
    ...(open ? [{ lines: open.lines, sign: 1n, is_open: true }] : []),
  ]
  return documents.flatMap(({ lines, sign, is_open }) =>
    lines.flatMap((line: DocumentLine) =>
      dividedOf(line).map(([resource_id, net]) => ({
        line,
        resource_id,
        revenue: sign * net,
        currency: line.currency,
        is_open,
      })),
    ),
  )
}

function dividedOf(line: DocumentLine): [string, bigint][] {
  const net = minorOf(line.net, line.currency)
  // a note says of its resources what is due of each now
  const rated = line.correction?.lines ?? [line]
  const segments = rated.flatMap((one) => one.segments.map((segment) => ({ segment, id: resourceIdOf(one, segment) })))
  if (line.resource.kind !== 'pool' || segments.length === 0) return [[line.resource.id, net]]
  const parts = apportion(
    net,
    segments.map(({ segment }) => parseFraction(segment.amount)),
  )
  return segments.map(({ id }, index) => [id, parts[index] ?? 0n])
}
