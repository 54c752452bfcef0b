/** Sets documents in a thread of its own, one after the other; it is started by the first and again after one that broke it. */
import { Worker } from 'node:worker_threads'

export interface Job {
  id: number
  source: string
  inputs: Readonly<Record<string, string>>
  /** the file "logo" of the template */
  logo: Uint8Array | null
  /** Unix time that the file says it was made at */
  at_seconds: number
}
export type Answer = { id: number; bytes: Uint8Array } | { id: number; problem: string }

/** A document of thousands of lines takes some seconds; what takes longer than this hangs. */
const LONGEST_MS = 120_000

interface Waiting {
  resolve(bytes: Uint8Array): void
  reject(error: Error): void
  timer: NodeJS.Timeout
}
let thread: Worker | null = null
let last_id = 0
const waiting = new Map<number, Waiting>()

/** The PDF/A-3b of a template. A warning (a font that isn't there) is an error. */
export function setDocument(job: Omit<Job, 'id'>): Promise<Uint8Array> {
  const id = ++last_id
  const worker = (thread ??= start())
  worker.ref()
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => breakOff(worker, new Error(`Setting a document took over ${LONGEST_MS} ms.`)),
      LONGEST_MS,
    )
    waiting.set(id, { resolve, reject, timer })
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is of windows
    worker.postMessage({ ...job, id })
  })
}

function start(): Worker {
  const worker = new Worker(new URL('typst-worker.ts', import.meta.url))
  worker.on('message', (answer: Answer) => {
    const asked = waiting.get(answer.id)
    forget(answer.id)
    // an idle thread keeps no process alive
    if (waiting.size === 0) worker.unref()
    if ('bytes' in answer) asked?.resolve(answer.bytes)
    else asked?.reject(new Error(`The document can't be set: ${answer.problem}`))
  })
  worker.on('error', (error: Error) => breakOff(worker, error))
  worker.on('exit', () => breakOff(worker, new Error('The thread that sets documents ended.')))
  return worker
}

function forget(id: number): void {
  clearTimeout(waiting.get(id)?.timer)
  waiting.delete(id)
}

/** All who wait for this thread are told; the next document starts another. */
function breakOff(worker: Worker, error: Error): void {
  if (thread !== worker) return
  thread = null
  for (const [id, { reject }] of waiting) {
    forget(id)
    reject(error)
  }
  void worker.terminate()
}
