/** The prices of a trial, and the bill that must follow from the ticks of an account's agents. */
import { type Fleet, MACHINES, nameOf } from './fleet.ts'
import { type BillLine, lineOf, type Price, type Span, taxMinor, type Ticks } from './oracle.ts'

const GIB = 2n ** 30n
const GB = 10n ** 9n
const PERCENT = 21n

export const PRICES: readonly Price[] = [
  {
    meter: 'vcpu',
    per: 'hour',
    unit: 'vCPU',
    factor: 1n,
    amount: '97.31',
    held: { size: 'vcpu_count', running: true },
  },
  {
    meter: 'memory',
    per: 'hour',
    unit: 'GiB',
    factor: GIB,
    amount: '13.707',
    held: { size: 'memory_bytes', running: true },
  },
  {
    meter: 'disk',
    per: 'hour',
    unit: 'GiB',
    factor: GIB,
    amount: '1.003',
    held: { size: 'disk_bytes', running: false },
  },
  { meter: 'network_transmit_bytes', per: 'quantity', unit: 'GB', factor: GB, amount: '7.77', held: null },
  { meter: 'disk_read_bytes', per: 'quantity', unit: 'GB', factor: GB, amount: '0.333333333333', held: null },
  { meter: 'cpu_time_ns', per: 'quantity', unit: 'CPU_second', factor: GB, amount: '4.5', held: null },
]

export interface Bill {
  /** by `machine meter` */
  lines: Map<string, BillLine>
  net_minor: bigint
  tax_minor: bigint
}

export function billOf(agents: readonly { fleet: Fleet; ticks: Ticks }[], period: Span): Bill {
  const lines = new Map<string, BillLine>()
  for (const { fleet, ticks } of agents)
    for (let machine = 0; machine < MACHINES; machine += 1)
      for (const price of PRICES) {
        const line = lineOf(fleet, machine, ticks, period, price)
        if (line) lines.set(`${nameOf(fleet, machine)} ${price.meter}`, line)
      }
  const net_minor = [...lines.values()].reduce((sum, line) => sum + line.net_minor, 0n)
  return { lines, net_minor, tax_minor: taxMinor(net_minor, PERCENT) }
}
