/** How a line lies on the local days of its period: by what divides its amount over them. */
import { add, type Fraction, fraction, multiply, parseFraction, ZERO } from '../base/exact.ts'
import { permit } from '../base/actor.ts'
import { daysOf, fromIso, type Interval, intersect, lengthMs } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { sure } from '../base/problem.ts'
import { meterOf } from '../metering/contract.ts'
import { usageOf } from '../metering/index.ts'
import type { Line } from './contract.ts'
import { resourceIdOf } from './pooled.ts'

/** A segment's stretch within one day. */
interface Piece {
  line: Line
  segment: Line['segments'][number]
  day: number
  stretch: Interval
}

/**
 * For each line a weight a day, under the facts of a cut: of what is held the amounts of its segments by time, and of a percentile, which
 * is of all its time; of what is consumed how much was. A line that charges without use has none.
 */
export async function partsByDay(
  ctx: Context,
  lines: readonly Line[],
  { period, zone, cut }: { period: Interval; zone: string; cut: number },
): Promise<Map<Line, Fraction[]>> {
  permit(ctx, 'usage.read')
  const days = daysOf(period, zone)
  const pieces = lines.flatMap((line) => piecesOf(line, days))
  const isHeld = ({ line }: Piece) => /^(allocation|percentile)$/.test(meterOf(sure(line.meter)).kind)
  const used = await usedIn(
    ctx,
    pieces.filter((piece) => !isHeld(piece)),
    cut,
  )
  const out = new Map(lines.map((line) => [line, days.map(() => ZERO)]))
  for (const piece of pieces) {
    const weights = out.get(piece.line)
    if (weights) weights[piece.day] = add(weights[piece.day] ?? ZERO, used.get(piece) ?? heldIn(piece))
  }
  return out
}

function piecesOf(line: Line, days: readonly Interval[]): Piece[] {
  return line.segments.flatMap((segment) => {
    const whole = { from: fromIso(segment.from), to: fromIso(segment.to) }
    return days.flatMap((one, day) => {
      const stretch = intersect(whole, one)
      return stretch ? [{ line, segment, day, stretch }] : []
    })
  })
}

const heldIn = ({ segment, stretch }: Piece): Fraction => {
  const length = BigInt(fromIso(segment.to) - fromIso(segment.from))
  return multiply(parseFraction(segment.amount), fraction(lengthMs(stretch), length))
}

/** All in one question, however many lines and days there are. */
async function usedIn(ctx: Context, pieces: readonly Piece[], cut: number): Promise<Map<Piece, Fraction>> {
  const byResource = [...Map.groupBy(pieces, ({ line, segment }) => resourceIdOf(line, segment))]
  const asked = byResource.map(([resource_id, own]) => ({ resource_id, intervals: own.map(({ stretch }) => stretch) }))
  const answers = asked.length === 0 ? [] : await usageOf(ctx, asked, cut)
  return new Map(
    byResource.flatMap(([, own], index) =>
      own.map((piece) => {
        const leaves = answers[index]?.get(piece.stretch)?.get(sure(piece.line.meter)) ?? []
        return [piece, fraction(leaves.reduce((sum, { quantity }) => sum + quantity, 0n))] as const
      }),
    ),
  )
}
