/** The toy cloud's words → ours. Pure. */
import { z } from 'zod'
import { type Collected, ConnectorError, type ObservationInput, Whole } from '#connectors/contract.ts'

/** What isn't as documented is an error: a guess would be billed. */
const Machine = z.object({
  id: z.string().min(1).max(512),
  name: z.string().min(1).max(512),
  power: z.string(),
  cores: z.int().nonnegative(),
  memory_mib: z
    .int()
    .nonnegative()
    .max(2 ** 32),
  customer: z.string().max(512).nullable(),
  created_at: z.iso.datetime(),
  booted_at: z.iso.datetime(),
  sent_bytes: Whole,
})
const Page = z.object({ machines: z.array(Machine).max(1_000), next: z.string().min(1).max(512).nullable() })
type Machine = z.infer<typeof Machine>

const STATES = { on: 'running', off: 'stopped' } as const

export function readPage(page: unknown): z.infer<typeof Page> {
  const read = Page.safeParse(page)
  if (read.success) return read.data
  const [issue] = read.error.issues
  const where = issue?.path.join('.') || 'the whole answer'
  throw new ConnectorError(
    'bad_answer',
    `the list of machines is not as documented at ${where}`,
    'Report this as a fault.',
  )
}

/** `created_at` tells a machine from another one that had its id before. */
const ref = ({ id, created_at }: Machine) => ({ kind: 'vm' as const, external_id: id, incarnation: created_at })

export const observation = (machine: Machine): ObservationInput => ({
  ...ref(machine),
  name: machine.name,
  state: Object.hasOwn(STATES, machine.power) ? STATES[machine.power as keyof typeof STATES] : 'unknown',
  size: { vcpu_count: machine.cores, memory_bytes: machine.memory_mib * 2 ** 20 },
  attributes: { customer: machine.customer },
})

/** The counter begins anew at each boot, and the vendor tells when that was. */
export const readings = (machine: Machine, seen_at_ms: number): Collected => ({
  type: 'readings',
  seen_at_ms,
  resource: ref(machine),
  epoch: { id: machine.booted_at, origin_ms: Math.max(0, Date.parse(machine.booted_at)) },
  counters: { network_transmit_bytes: machine.sent_bytes },
})
