/** What the month of the rating bench must cost, by an arithmetic of its own: integers, nothing of the product, no database. */
import { MACHINES_EACH, PRICE_CHANGE_HOUR, TRAFFIC_HOURS } from './month-plan.ts'

const [SECOND, HOUR, GIB, GB] = [1_000n, 3_600_000n, 1_073_741_824n, 1_000_000_000n]
/** Prices in 1/10,000. */
const [VCPU, VCPU_LATER, MEMORY, DISK, TRAFFIC] = [120n, 135n, 36_500n, 890n, 117n]
const INCLUDED_GB = 20n
const VAT = 21n

/** Half away from zero, in cents, of so many 1/10,000 ÷ `divisor`. */
const cents = (amount: bigint, divisor: bigint): bigint => (2n * amount + 100n * divisor) / (200n * divisor)

/** Net of one machine's lines in cents, each rounded for itself. */
function machineCents(machine: number, month_ms: bigint): bigint {
  const n = BigInt(machine)
  const resized = SECOND * (86_400n + ((n * 7_919n) % 345_600n))
  const stopped = resized + SECOND * (144_000n + ((n * 104_729n) % 216_000n))
  const started = stopped + SECOND * (3_600n + ((n * 1_299_709n) % 259_200n))
  const change = BigInt(PRICE_CHANGE_HOUR) * HOUR
  const [vcpu, memory, disk] = [1n + (n % 8n), (1n + (n % 16n)) * GIB, (10n + (n % 490n)) * GB]
  const [more, doubled, larger] = [vcpu + 1n + (n % 3n), memory * 2n, disk + 10n * GB]
  const vcpu_ms = vcpu * resized + more * (stopped - resized) + more * (change - started)
  const memory_ms = memory * resized + doubled * (stopped - resized) + doubled * (month_ms - started)
  const disk_ms = disk * resized + larger * (month_ms - resized)
  let bytes = 0n
  for (let k = 0n; k < BigInt(TRAFFIC_HOURS); k += 1n) bytes += 1_000_000_007n + ((n * 31n + k * 7_919n) % 900_000_000n)
  const above = bytes > INCLUDED_GB * GB ? bytes - INCLUDED_GB * GB : 0n
  return (
    cents(vcpu_ms * VCPU, HOUR) +
    cents(more * (month_ms - change) * VCPU_LATER, HOUR) +
    cents(memory_ms * MEMORY, GIB * month_ms) +
    cents(disk_ms * DISK, GB * month_ms) +
    cents(above * TRAFFIC, GB)
  )
}

/** Totals of every account in cents: net, and with its tax on the whole. */
export function expected(accounts: number, month_ms: number): { net: bigint; total: bigint } {
  let [net, total] = [0n, 0n]
  for (let account = 0; account < accounts; account += 1) {
    let own = 0n
    for (let k = 0; k < MACHINES_EACH; k += 1) own += machineCents(account * MACHINES_EACH + k, BigInt(month_ms))
    net += own
    total += own + (2n * own * VAT + 100n) / 200n
  }
  return { net, total }
}
