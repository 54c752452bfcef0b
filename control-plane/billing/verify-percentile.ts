/** A line that is charged for a percentile, against the readings beneath it: counted by other code than made it, and without sorting. */
import { sure } from '../base/problem.ts'
import { fromIso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { meterOf, type MeterName } from '../metering/contract.ts'
import { recount } from '../metering/index.ts'
import type { Line } from '../rating/contract.ts'
import type { Report } from './verify-sums.ts'

type Percentile = NonNullable<Line['percentile']>
type Recount = Awaited<ReturnType<typeof recount>>

export async function checkPercentile(ctx: Context, line: Line, cut: number, subject: string, report: Report) {
  const { meter } = line
  if (!meter || !meterOf(meter).rate || line.segments.length === 0) return
  const said = line.percentile
  if (!said) return report('percentile', subject, 'It does not say which slot it was charged for.')
  const claim = { in: bytesOf(said.in), out: bytesOf(said.out) }
  if (claim.in === undefined || claim.out === undefined)
    return report('percentile', subject, 'The rate that it names is no whole number of bytes in five minutes.')
  const times = line.segments.map(({ from, to }) => ({ from: fromIso(from), to: fromIso(to) }))
  const wanted = { resource_id: line.resource.id, meter, times, skips: line.price.gap_policy === 'skip' }
  const counted = await recount(ctx, wanted, { in: claim.in, out: claim.out }, cut)
  for (const fault of faultsOf(said, claim as Claim, counted, meter)) report('percentile', subject, fault)
  checkQuantities(line, claim as Claim, subject, report)
}

type Claim = Record<'in' | 'out', bigint | null>

/** n ÷ d bits a second are n × 300 ÷ (d × 8) bytes in five minutes; undefined where that is no whole number. */
function bytesOf(bits: string | null): bigint | null | undefined {
  if (bits === null) return null
  const [num = '0', den = '1'] = bits.split('/')
  const [bytes, of] = [BigInt(num) * 300n, BigInt(den) * 8n]
  return bytes % of === 0n ? bytes / of : undefined
}

function faultsOf({ rank, slots, missing, spread }: Percentile, claim: Claim, counted: Recount, meter: MeterName) {
  const faults: string[] = []
  if (counted.slots !== slots || counted.missing !== missing || counted.spread !== spread)
    faults.push(
      `The readings give ${counted.slots} slots, ${counted.missing} missing and ${counted.spread} spread; it says ${slots}, ${missing} and ${spread}.`,
    )
  // the smallest rank that is not below so many per cent of the slots
  const kept = (100 - sure(meterOf(meter).rate).dropped_percent) * slots
  if (100 * rank < kept || 100 * (rank - 1) >= kept)
    faults.push(`Of ${slots} slots the one to count is not number ${rank}.`)
  for (const direction of ['in', 'out'] as const) {
    const { whole, below, up_to } = counted[direction]
    const claimed = claim[direction]
    if ((claimed !== null) !== whole > 0)
      faults.push(`Whether anything is known of ${direction} is not what the readings say.`)
    else if (claimed !== null && slots > 0 && !(below < rank && rank <= up_to))
      faults.push(`${below} slots ${direction} are lower than the one that was charged for, not ${rank - 1}.`)
    else if (claimed !== null && slots === 0 && claimed !== 0n) faults.push(`No slot ${direction} was observed.`)
  }
  return faults
}

/** Each stretch at the larger of both, for its time: in 75ths of a bit per second, of which a byte in five minutes is two. */
function checkQuantities(line: Line, claim: Claim, subject: string, report: Report): void {
  const bytes = [claim.in ?? 0n, claim.out ?? 0n].reduce((most, one) => (one > most ? one : most))
  for (const { from, to, quantity, size } of line.segments) {
    const rate = bytes * 2n
    if (size !== rate.toString() || BigInt(quantity) !== rate * BigInt(fromIso(to) - fromIso(from)))
      report('quantity', subject, `From ${from} on it is not the larger of in and out that was charged.`)
  }
}
