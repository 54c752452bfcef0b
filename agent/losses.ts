/** Facts that will never come, kept on disk until the control plane has acknowledged their admission. */
import { type Shape, list, oneOf, optional, readAs, strict, whole } from '#connectors/shape.ts'
import { isFullDisk, readJsonIfWhole, writeWhole } from './files.ts'

export interface Loss {
  cause: 'spool_overflow' | 'spool_damaged'
  from_ms: number
  to_ms: number
  first_sequence?: number | undefined
  last_sequence?: number | undefined
}
/** In the spool, in the batch of that sequence; a batch that is dropped takes its admissions along. */
interface Told extends Loss {
  told_in?: number | undefined
}
const toldShape: Shape<Told> = strict({
  cause: oneOf(['spool_overflow', 'spool_damaged']),
  from_ms: whole(),
  to_ms: whole(),
  first_sequence: optional(whole()),
  last_sequence: optional(whole()),
  told_in: optional(whole()),
})

/** A loss that follows the one before it is one with it. */
function joined(losses: readonly Loss[], next: Loss): Loss[] {
  const last = losses.at(-1)
  const follows =
    last?.cause === next.cause && last.last_sequence !== undefined && last.last_sequence + 1 === next.first_sequence
  if (!last || !follows) return [...losses, next]
  return [...losses.slice(0, -1), { ...last, to_ms: next.to_ms, last_sequence: next.last_sequence }]
}

const untold = ({ told_in: _in, ...loss }: Told): Loss => loss
const unnumbered = ({ cause, from_ms, to_ms }: Loss): Loss => ({ cause, from_ms, to_ms })

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
  #told: Told[] = []
  /** the control plane acknowledged something since the last loss */
  #heard = false

  constructor(path: string) {
    this.#path = path
    const kept = readAs(list(toldShape), readJsonIfWhole(path)) ?? []
    this.#pending = kept.filter(({ told_in }) => told_in === undefined)
    this.#told = kept.filter(({ told_in }) => told_in !== undefined)
  }

  get pending(): readonly Loss[] {
    return this.#pending
  }

  /**
   * To be admitted now. While nothing is acknowledged an admission would only make a full spool lose more, and go with its own
   * batch: until then the losses grow together here.
   */
  get due(): readonly Loss[] {
    return this.#heard ? this.#pending : []
  }

  /** Called before what is lost goes: a kill between the two admits too much, never too little. */
  admit(loss: Loss): void {
    const { first_sequence: first = Infinity, last_sequence: last = -Infinity } = loss
    const goes = ({ told_in = 0 }: Told) => first <= told_in && told_in <= last
    this.#pending = [...this.#told.filter(goes).map(untold), ...this.#pending, loss].reduce<Loss[]>(joined, [])
    this.#told = this.#told.filter((told) => !goes(told))
    this.#heard = false
    this.#keep()
  }

  /** They are in a batch of the spool now, under that sequence. */
  admitted(losses: readonly Loss[], sequence: number): void {
    if (losses.length === 0) return
    this.#pending = this.#pending.flatMap((loss) => (losses.includes(loss) ? [] : [rest(loss, losses)]))
    this.#told = [...this.#told, ...losses.map((loss) => ({ ...loss, told_in: sequence }))]
    this.#keep()
  }

  /** Batches up to that sequence are durable, and so is what they admit. */
  acknowledged(up_to: number): void {
    this.#heard = true
    const left = this.#told.filter(({ told_in = 0 }) => told_in > up_to)
    if (left.length === this.#told.length) return
    this.#told = left
    this.#keep()
  }

  /** The spool begins anew: its old sequences say nothing any more, and would be taken for new ones. */
  renumbered(): void {
    if (this.#told.length + this.#pending.length === 0) return
    this.#pending = [...this.#told, ...this.#pending].map(unnumbered)
    this.#told = []
    this.#keep()
  }

  /** Room is made by dropping batches, so a full disk must not stop it; the losses stay in memory then. */
  #keep(): void {
    try {
      writeWhole(this.#path, JSON.stringify([...this.#told, ...this.#pending]))
    } catch (error) {
      if (!isFullDisk(error)) throw error
    }
  }
}
