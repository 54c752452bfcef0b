/** The words of example → ours. Pure. */
import { z } from 'zod'
import { ConnectorError, type ObservationInput, Whole } from '#connectors/contract.ts'

/** What isn't as documented is an error: a guess would be billed. */
const Machine = z.object({
  id: z.string().min(1).max(512),
  name: z.string().min(1).max(512),
  state: z.string(),
  memory_bytes: Whole,
})
const Answer = z.object({ machines: z.array(Machine).max(50_000) })
type Machine = z.infer<typeof Machine>

export function readMachines(answer: unknown): Machine[] {
  const read = Answer.safeParse(answer)
  if (read.success) return read.data.machines
  const where = read.error.issues[0]?.path.join('.') || 'the whole answer'
  throw new ConnectorError('bad_answer', `the machines are not as documented at ${where}`, 'Report this as a fault.')
}

/** `incarnation` stays empty only where an id is never given to another machine. */
export const observation = ({ id, name, state, memory_bytes }: Machine): ObservationInput => ({
  kind: 'vm',
  external_id: id,
  name,
  state: state === 'on' ? 'running' : state === 'off' ? 'stopped' : 'unknown',
  size: { memory_bytes },
})
