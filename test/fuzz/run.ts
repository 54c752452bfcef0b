/** Gives inputs to the targets, one by one, and keeps count: of failures, of memory, of what each target got. */
import { Random } from './random.ts'
import type { AnyTarget, Failed } from './target.ts'

export interface Plan {
  inputs: number
  seed: number
  /** run the input of this number alone */
  only?: number | undefined
  /** only inputs of targets whose name begins so */
  target?: string | undefined
  say(line: string): void
}
export interface Failure extends Failed {
  number: number
  target: string
}
export interface Outcome {
  passed: number
  failures: Failure[]
  /** how many were not told, because there are many */
  untold: number
  byTarget: Map<string, number>
  memory: Memory
}
export interface Memory {
  start_bytes: number
  end_bytes: number
  highest_bytes: number
}

/** The bar: what was read is forgotten. */
export const GROWTH_MAX_BYTES = 50 * 1024 * 1024
const FAILURES_TOLD = 20
/** of one kind: the fourth says nothing new */
const ALIKE_TOLD = 3
/** inputs that warm the program up: code is compiled and pools are opened, once */
const WARM_UP_SHARE = 0.5
const WARM_UP_MAX = 20_000
/** Garbage is collected as often: how high it was heaped, the allocator never quite gives back. */
const SAMPLE_EVERY = 1_000

const memory = (): number => {
  Bun.gc(true)
  return process.memoryUsage.rss()
}
/** When nothing is under way any more: some of what is freed goes back a moment later. */
async function settled(): Promise<number> {
  for (let turn = 0; turn < 3; turn += 1) {
    Bun.gc(true)
    await Bun.sleep(300)
  }
  return memory()
}

export async function run(
  targets: readonly AnyTarget[],
  { inputs, seed, only, target: wanted = '', say }: Plan,
): Promise<Outcome> {
  const failures: Failure[] = []
  const byTarget = new Map(targets.map(({ name }) => [name, 0]))
  const marks: Memory = { start_bytes: memory(), end_bytes: 0, highest_bytes: 0 }
  let failed = 0
  const fail = (failure: Failure) => {
    failed += 1
    const alike = failures.filter(
      (known) => known.target === failure.target && known.wrong.slice(0, 30) === failure.wrong.slice(0, 30),
    )
    if (failures.length >= FAILURES_TOLD || alike.length >= ALIKE_TOLD) return
    failures.push(failure)
    say(tell(failure, seed))
  }
  const warm = Math.min(WARM_UP_MAX, Math.floor(inputs * WARM_UP_SHARE))
  const from = only ?? 1
  const to = only ?? inputs
  for (let number = from; number <= to; number += 1) {
    if (number === warm + 1) marks.start_bytes = await settled()
    const random = new Random(seed, number)
    const target = random.weighted(targets)
    if (!target.name.startsWith(wanted)) continue
    byTarget.set(target.name, (byTarget.get(target.name) ?? 0) + 1)
    const wrong = await target.run(random, failures.length < FAILURES_TOLD)
    if (wrong) fail({ ...wrong, number, target: target.name })
    if (number % SAMPLE_EVERY === 0) marks.highest_bytes = Math.max(marks.highest_bytes, memory())
    if (number % 10_000 === 0) say(`  ${number} of ${inputs}, ${failed} failed, ${mib(memory())} MiB`)
  }
  for (const target of targets)
    for (const wrong of await target.verdict())
      fail({ wrong, input: 'all inputs together', number: to, target: target.name })
  marks.end_bytes = await settled()
  marks.highest_bytes = Math.max(marks.highest_bytes, marks.end_bytes)
  return {
    passed: [...byTarget.values()].reduce((sum, count) => sum + count, 0) - failed,
    failures,
    untold: failed - failures.length,
    byTarget,
    memory: marks,
  }
}

export const mib = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1)

const tell = ({ number, target, wrong, input }: Failure, seed: number): string =>
  [
    `\n  FAILED  input ${number} of seed ${seed}, target ${target}`,
    `  ${wrong.replaceAll('\n', '\n  ')}`,
    `  with: ${printable(input)}`,
    `  again: bun run fuzz -- --seed ${seed} --only ${number}`,
  ].join('\n')

/** Control characters, halves of characters and marks without width as escapes: a terminal shows them as they are. */
const printable = (text: string): string =>
  text.replaceAll(/[\p{Cc}\p{Cs}\p{Cf}]/gu, (found) =>
    found === '\n' ? found : `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
