/** What survives a restart of the agent, so that it doesn't take its own absence for a reset, or miss what was done meanwhile. */
import { z } from 'zod'
import { Epoch } from './counters.ts'

const GuestMemory = z.strictObject({
  type: z.enum(['qemu', 'lxc']),
  kind: z.enum(['vm', 'container', 'template']),
  node: z.string(),
  incarnation: z.string(),
  epoch: Epoch.optional(),
})
export type GuestMemory = z.infer<typeof GuestMemory>

const Memory = z.strictObject({
  /** the last time that the cluster was read */
  seen_ms: z.int().nonnegative(),
  guests: z.record(z.string(), GuestMemory),
  /** sizes of nodes: an offline one doesn't tell */
  nodes: z.record(
    z.string(),
    z.strictObject({
      vcpu_count: z.union([z.number(), z.string()]).optional(),
      memory_bytes: z.union([z.number(), z.string()]).optional(),
    }),
  ),
  /** numbers that were freed before our eyes, and what tells their next bearer where his configuration doesn't */
  freed: z.record(z.string(), z.string()),
  /** tasks that ended lately and were told, with the millisecond of their end */
  told: z.record(z.string(), z.number()),
})
export type Memory = z.infer<typeof Memory>

export const blank = (): Memory => ({ seen_ms: 0, guests: {}, nodes: {}, freed: {}, told: {} })

/** What was kept, or nothing where it isn't ours. */
export function remembered(value: unknown): Memory {
  const read = Memory.safeParse(value)
  return read.success ? read.data : blank()
}

const FREED_MAX = 5_000
/** The newest of what would else grow for ever. */
export function pruned(memory: Memory, told_since_ms: number): void {
  const freed = Object.entries(memory.freed)
  if (freed.length > FREED_MAX) memory.freed = Object.fromEntries(freed.slice(-FREED_MAX))
  memory.told = Object.fromEntries(Object.entries(memory.told).filter(([, end_ms]) => end_ms >= told_since_ms))
}
