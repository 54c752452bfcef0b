/** Planted fault: bytes are taken for kibibytes. */
import { changing } from './wrapped.ts'

const bytes = (value: unknown) => String((BigInt(String(value)) * 1_024n) % 2n ** 64n)

export const wrongUnit = changing((fact) =>
  fact.type === 'readings'
    ? { ...fact, counters: { network_transmit_bytes: bytes(fact.counters?.['network_transmit_bytes']) } }
    : fact,
)
