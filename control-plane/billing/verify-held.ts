/** What gauges held, checked against the readings by other arithmetic than the hours of usage have. */
import { fromIso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { meterOf } from '../metering/contract.ts'
import { heldAgain } from '../metering/index.ts'
import type { Line } from '../rating/contract.ts'
import { resourceIdOf } from '../rating/rules.ts'
import type { Report } from './verify-sums.ts'

export async function checkHeld(ctx: Context, line: Line, cut: number, subject: string, report: Report): Promise<void> {
  const { meter } = line
  if (meter === undefined || meterOf(meter).kind !== 'gauge') return
  for (const segment of line.segments) {
    const stretch = { from: fromIso(segment.from), to: fromIso(segment.to) }
    const resource_id = resourceIdOf(line, segment)
    const held = segment.trial ? 0n : await heldAgain(ctx, { resource_id, meter, ...stretch }, cut)
    if (held.toString() !== segment.quantity)
      report('held', subject, `From ${segment.from} on its readings held ${held}, and ${segment.quantity} was billed.`)
  }
}
