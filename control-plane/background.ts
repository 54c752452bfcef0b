/** Background tasks: each looks at the whole state and does what is missing, again and again, never twice at once. */
import { Counter, Gauge, Histogram } from 'prom-client'
import type { Logger } from 'pino'
import { isUnreachable } from './db/index.ts'

export interface Task {
  name: string
  /** between the end of one run and the start of the next */
  every_ms: number
  /** at most this share of the time goes into it: under load a run waits longer, and has more to do at once */
  share?: number
  /** it rests no longer than this for its share; default: 5 s, for what people wait for */
  rest_ms_max?: number
  /** while that task of this process works, people wait for it: this one begins only once in a while beside it */
  gives_way_to?: string
  run(): Promise<unknown>
}

/** A task that fails is tried less and less often, down to this. */
const LONGEST_WAIT_MS = 5_000
/** So long a task gives way at most, and looks so often whether it still has to. */
const GIVES_WAY_MS = { longest: 60_000, look: 500 }

const seconds = new Histogram({
  name: 'atalaya_task_duration_seconds',
  help: 'Time of one run of a background task',
  labelNames: ['task'],
  buckets: [0.01, 0.1, 1, 10, 60],
})
const failures = new Counter({
  name: 'atalaya_task_failures_total',
  help: 'Runs of a background task that failed; it is run again',
  labelNames: ['task'],
})
const succeeded = new Gauge({
  name: 'atalaya_task_last_success_timestamp_seconds',
  help: 'When a background task last succeeded',
  labelNames: ['task'],
})

export interface Background {
  /** Lets running tasks finish. */
  stop(): Promise<void>
}

export function background(tasks: readonly Task[], log: Logger, gives_way_ms = GIVES_WAY_MS): Background {
  const stopping = new AbortController()
  const working = new Set<string>()
  const loops = tasks.map((task) => repeat(task, { working, gives_way_ms }, log, stopping.signal))
  return {
    async stop() {
      stopping.abort()
      await Promise.all(loops)
    },
  }
}

export const waitMs = (every_ms: number, failed: number): number =>
  failed === 0 ? every_ms : Math.max(every_ms, Math.min(LONGEST_WAIT_MS, 250 * 2 ** (failed - 1)))

/** The rest after a run that took so long; never more than the longest. */
export const restMs = (
  { every_ms, share = 1, rest_ms_max = LONGEST_WAIT_MS }: Pick<Task, 'every_ms' | 'share' | 'rest_ms_max'>,
  took_ms: number,
): number => Math.max(every_ms, Math.min(rest_ms_max, took_ms * (1 / share - 1)))

async function repeat(
  task: Task,
  { working, gives_way_ms }: { working: Set<string>; gives_way_ms: typeof GIVES_WAY_MS },
  log: Logger,
  stopping: AbortSignal,
): Promise<void> {
  let failed = 0
  while (!stopping.aborted) {
    const began = performance.now()
    working.add(task.name)
    failed = (await runOnce(task, log, failed)) ? 0 : failed + 1
    working.delete(task.name)
    await pause(failed === 0 ? restMs(task, performance.now() - began) : waitMs(task.every_ms, failed), stopping)
    const { gives_way_to = '' } = task
    for (
      let waited = 0;
      working.has(gives_way_to) && !stopping.aborted && waited < gives_way_ms.longest;
      waited += gives_way_ms.look
    )
      await pause(gives_way_ms.look, stopping)
  }
}

async function runOnce({ name, run }: Task, log: Logger, failed: number): Promise<boolean> {
  const stop = seconds.startTimer({ task: name })
  try {
    await run()
    if (failed > 0) log.info({ task: name, failed }, 'the task works again')
    succeeded.set({ task: name }, Date.now() / 1_000)
    return true
  } catch (error) {
    failures.inc({ task: name })
    const isFirst = failed === 0
    if (!isUnreachable(error))
      log[isFirst ? 'error' : 'warn']({ task: name, err: error }, 'the task failed and is tried again')
    else if (isFirst) log.warn({ task: name }, 'the task waits for the database')
    return false
  } finally {
    stop()
  }
}

/** Ends early when the process is asked to stop. */
function pause(ms: number, stopping: AbortSignal): Promise<void> {
  if (stopping.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      stopping.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    stopping.addEventListener('abort', done)
  })
}
