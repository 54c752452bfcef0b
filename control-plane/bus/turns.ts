/** Who waits for an answer, and whose turn is next: bounded, and fair to each subject, which is each agent. */

interface Limits {
  /** answered at once */
  concurrency: number
  /** that wait for their turn */
  waiting: number
}

/**
 * Returns what takes a message: those of one subject are answered in turn, so that reports of one agent keep their order and a long
 * backlog of one takes no place of others. When too many wait, the newest of the subject of which most wait is dropped: who floods
 * drops his own.
 */
export function inTurns<M extends { subject: string }>(
  { concurrency, waiting: limit }: Limits,
  answer: (message: M) => Promise<void>,
  dropped: () => void,
): (message: M) => void {
  const waiting: M[] = []
  const counts = new Map<string, number>()
  const running = new Set<string>()
  const count = (subject: string, by: 1 | -1) => {
    const left = (counts.get(subject) ?? 0) + by
    if (left > 0) counts.set(subject, left)
    else counts.delete(subject)
  }
  const remove = (index: number) => {
    const [message] = waiting.splice(index, 1)
    if (message) count(message.subject, -1)
    return message
  }
  const next = () => {
    const free = running.size < concurrency ? waiting.findIndex(({ subject }) => !running.has(subject)) : -1
    const message = free < 0 ? undefined : remove(free)
    if (!message) return
    running.add(message.subject)
    void answer(message).finally(() => {
      running.delete(message.subject)
      next()
    })
  }
  /** False where nobody has more waiting than the subject would have. */
  const makeRoom = (subject: string): boolean => {
    const most = Math.max(...counts.values())
    if ((counts.get(subject) ?? 0) + 1 >= most) return false
    remove(waiting.findLastIndex((one) => counts.get(one.subject) === most))
    dropped()
    return true
  }
  return (message) => {
    if (waiting.length >= limit && !makeRoom(message.subject)) return dropped()
    waiting.push(message)
    count(message.subject, 1)
    next()
  }
}
