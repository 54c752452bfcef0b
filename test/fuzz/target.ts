/** What is fuzzed: a target makes an input from chance, gives it to the product, and says what was wrong with the outcome. */
import type { Random } from './random.ts'

export interface Target<Input> {
  name: string
  /** its share of all inputs, against the others */
  weight: number
  make(random: Random): Input
  /** null where the product did right; else what it did, in words. What it throws is a crash. */
  try(input: Input): Promise<string | null> | string | null
  /** smaller inputs, the smallest first; none where an input can't be made smaller */
  shrink?(input: Input): Iterable<Input>
  /** the input as a person can read it */
  show(input: Input): string
  /** what can only be seen at the end, over all inputs */
  verdict?(): Promise<string[]>
}

/** A target whose kind of input only it knows. */
export interface AnyTarget {
  name: string
  weight: number
  /** makes the input of that chance and tries it; one that fails is made smaller where asked for */
  run(random: Random, minimise: boolean): Promise<Failed | null>
  verdict(): Promise<string[]>
}
export interface Failed {
  wrong: string
  input: string
}

const TRIES_MAX = 200
const SHOWN_CHARS = 1_500

const crash = (error: unknown): string =>
  `crashed: ${error instanceof Error ? `${error.name}: ${error.message.slice(0, 300)}\n${placeOf(error)}` : String(error)}`
/** Where it was thrown, within our own files. */
const placeOf = (error: Error): string =>
  (error.stack ?? '')
    .split('\n')
    .filter((line) => line.includes('.ts:') && !line.includes('node_modules'))
    .slice(0, 4)
    .join('\n')

/** A failure is the same one as long as it begins alike: its numbers and texts may shrink. */
const sameness = (wrong: string): string => wrong.slice(0, 30)

export function target<Input>(own: Target<Input>): AnyTarget {
  const tried = async (input: Input): Promise<string | null> => {
    try {
      return await own.try(input)
    } catch (error) {
      return crash(error)
    }
  }
  const minimised = async (input: Input, wrong: string): Promise<Failed> => {
    let best = { input, wrong }
    let left = TRIES_MAX
    // what could not be left out before is seldom in the way later: go on from there, and once more from the start
    for (let from = 0, reached = 0; left > 0;) {
      let at = 0
      let smaller = false
      for (const candidate of own.shrink?.(best.input) ?? []) {
        if ((at += 1) <= from) continue
        if ((left -= 1) < 0) break
        const still = await tried(candidate)
        if (still === null || sameness(still) !== sameness(wrong)) continue
        best = { input: candidate, wrong: still }
        smaller = true
        reached = at - 1
        break
      }
      if (!smaller && from === 0) break
      from = smaller ? reached : 0
    }
    return { wrong: best.wrong, input: own.show(best.input).slice(0, SHOWN_CHARS) }
  }
  return {
    name: own.name,
    weight: own.weight,
    async run(random, minimise) {
      const input = own.make(random)
      const wrong = await tried(input)
      if (wrong === null) return null
      return minimise ? minimised(input, wrong) : { wrong, input: own.show(input) }
    },
    verdict: async () => (await own.verdict?.()) ?? [],
  }
}
