/** What survives a restart of the agent: which cluster this is, and up to where what happened there has been told. */
import { z } from 'zod'

const Memory = z.strictObject({
  cluster_uid: z.string().max(128).optional(),
  /** the last listing that was told */
  told_ms: z.int().nonnegative().optional(),
  /** each collection's version up to which all has been told */
  versions: z.record(z.string(), z.string().max(256)),
  /** namespaces that were listed: one that went away meanwhile is listed empty once */
  namespaces: z.array(z.string().max(253)).max(100_000),
})
export type Memory = z.infer<typeof Memory>

/** What was kept, or nothing where it isn't ours. */
export function remembered(value: unknown): Memory {
  const read = Memory.safeParse(value)
  return read.success ? read.data : { versions: {}, namespaces: [] }
}
