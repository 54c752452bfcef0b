/** What versions and readings come to in each hour. Pure. */
import { hourOf, HOUR_MS, type Instant, type Interval, intersect, lengthMs, splitAt } from '../../base/time.ts'
import type { PlacedResource } from '../../inventory/index.ts'
import type { MeterName } from '../../metering/contract.ts'
import type { UsageLeaf } from '../../metering/index.ts'
import { type Amounts, type ByHour, mostOf, NOTHING, plus } from './rules.ts'

type Version = PlacedResource['versions'][number]
type Size = Version['size']

/** A node of another eye may say whole processors only. */
const sizeOf = ({ cpu_millicores, vcpu_count, memory_bytes }: Size): Amounts => ({
  cpu: cpu_millicores === undefined ? BigInt(vcpu_count ?? 0) * 1_000n : BigInt(cpu_millicores),
  memory: BigInt(memory_bytes ?? 0),
})

function* hoursOf(interval: Interval): Iterable<Interval> {
  const bounds: Instant[] = []
  for (let at = hourOf(interval.from) + HOUR_MS; at < interval.to; at += HOUR_MS) bounds.push(at)
  yield* splitAt(interval, bounds)
}

/** Sizes × milliseconds by hour, of versions within a stretch. */
export function heldByHour(versions: readonly Version[], stretch: Interval): Map<Instant, Amounts> {
  const out = new Map<Instant, Amounts>()
  for (const version of versions) {
    const inside = intersect(version, stretch)
    if (!inside) continue
    const { cpu, memory } = sizeOf(version.size)
    for (const part of hoursOf(inside)) {
      const [hour, ms] = [hourOf(part.from), lengthMs(part)]
      out.set(hour, plus(out.get(hour) ?? NOTHING, { cpu: cpu * ms, memory: memory * ms }))
    }
  }
  return out
}

type Leaves = ReadonlyMap<MeterName, readonly UsageLeaf[]>
/** What readings of allocation held, by hour, of several stretches. */
export function readByHour(stretches: Iterable<Leaves>): Map<Instant, Amounts> {
  const out = new Map<Instant, Amounts>()
  const add = (leaves: readonly UsageLeaf[] | undefined, name: keyof Amounts) => {
    for (const { from, quantity } of leaves ?? [])
      out.set(hourOf(from), plus(out.get(hourOf(from)) ?? NOTHING, { ...NOTHING, [name]: quantity }))
  }
  for (const leaves of stretches) {
    add(leaves.get('cpu_allocated_millicores'), 'cpu')
    add(leaves.get('memory_allocated_bytes'), 'memory')
  }
  return out
}

/** The larger of both in each hour. */
export const mostByHour = (a: ByHour, b: ByHour): ByHour =>
  new Map(
    [...new Set([...a.keys(), ...b.keys()])].map((hour) => [
      hour,
      mostOf(a.get(hour) ?? NOTHING, b.get(hour) ?? NOTHING),
    ]),
  )
