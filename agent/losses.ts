/** Facts that will never come, kept on disk until they are admitted to the control plane. */
import { z } from 'zod'
import { isFullDisk, readJsonIfWhole, writeWhole } from './files.ts'

const Loss = z.strictObject({
  cause: z.enum(['spool_overflow', 'spool_damaged']),
  from_ms: z.int(),
  to_ms: z.int(),
  first_sequence: z.int().optional(),
  last_sequence: z.int().optional(),
})
export type Loss = z.infer<typeof Loss>

/** A loss that grew while a part of it was being admitted: what is left of it. */
function rest(loss: Loss, admitted: readonly Loss[]): Loss {
  const part = admitted.find(
    ({ cause, first_sequence: first }) => first !== undefined && cause === loss.cause && first === loss.first_sequence,
  )
  if (part?.last_sequence === undefined) return loss
  return { ...loss, from_ms: part.to_ms, first_sequence: part.last_sequence + 1 }
}

export class Losses {
  #path: string
  #pending: Loss[] = []

  constructor(path: string) {
    this.#path = path
    const kept = z.array(Loss).safeParse(readJsonIfWhole(path))
    if (kept.success) this.#pending = kept.data
  }

  get pending(): readonly Loss[] {
    return this.#pending
  }

  /** Called before what is lost goes: a kill between the two admits too much, never too little. */
  admit(loss: Loss): void {
    const last = this.#pending.at(-1)
    const follows =
      last?.cause === loss.cause && last.last_sequence !== undefined && last.last_sequence + 1 === loss.first_sequence
    this.#pending = follows
      ? [...this.#pending.slice(0, -1), { ...last, to_ms: loss.to_ms, last_sequence: loss.last_sequence }]
      : [...this.#pending, loss]
    this.#keep()
  }

  /** They are in a batch of the spool now. */
  admitted(losses: readonly Loss[]): void {
    if (losses.length === 0) return
    this.#pending = this.#pending.flatMap((loss) => (losses.includes(loss) ? [] : [rest(loss, losses)]))
    this.#keep()
  }

  /** Room is made by dropping batches, so a full disk must not stop it; the losses stay in memory then. */
  #keep(): void {
    try {
      writeWhole(this.#path, JSON.stringify(this.#pending))
    } catch (error) {
      if (!isFullDisk(error)) throw error
    }
  }
}
