/** What of a line each project bears: exact parts that add up to the line, however its price was made. */
import { add, type Fraction, fraction, multiply, parseFraction, ZERO } from '../base/exact.ts'
import type { Line } from './contract.ts'

export interface Part {
  quantity: bigint
  exact: Fraction
}
/** null: in no project */
export type ProjectOf = ReadonlyMap<string, string | null>

/**
 * A line is divided as its segments' amounts are, by the projects in which its resource lay; where they amount to nothing, as their
 * quantities are; and where there is none of these either, it stays with the first. What is charged without any use is in no project.
 */
export function partsOf(line: Line, projectOf: ProjectOf): Map<string | null, Part> {
  const total = parseFraction(line.exact)
  if (line.one_off) return new Map([[line.one_off.project_id, { quantity: BigInt(line.quantity), exact: total }]])
  const [first = null, ...others] = new Set(
    line.segments.map((segment) => projectOf.get(segment.assignment_id) ?? null),
  )
  if (others.length === 0)
    return new Map([
      [first, { quantity: line.segments.reduce((sum, one) => sum + BigInt(one.quantity), 0n), exact: total }],
    ])
  const parts = new Map<string | null, Part>()
  for (const { assignment_id, amount, quantity } of line.segments) {
    const project = projectOf.get(assignment_id) ?? null
    const known = parts.get(project) ?? { quantity: 0n, exact: ZERO }
    parts.set(project, { quantity: known.quantity + BigInt(quantity), exact: add(known.exact, parseFraction(amount)) })
  }
  const amounts = [...parts.values()].reduce((sum, part) => add(sum, part.exact), ZERO)
  if (amounts.num * total.den === total.num * amounts.den) return parts
  const weights = weightsOf(parts, amounts)
  for (const [index, [project, part]] of [...parts].entries())
    parts.set(project, { ...part, exact: multiply(total, weights[index] ?? ZERO) })
  return parts
}

function weightsOf(parts: ReadonlyMap<string | null, Part>, amounts: Fraction): Fraction[] {
  const list = [...parts.values()]
  if (amounts.num !== 0n) return list.map(({ exact }) => fraction(exact.num * amounts.den, exact.den * amounts.num))
  const quantity = list.reduce((sum, part) => sum + part.quantity, 0n)
  if (quantity !== 0n) return list.map((part) => fraction(part.quantity, quantity))
  return list.map((_part, index) => fraction(index === 0 ? 1n : 0n, 1n))
}
