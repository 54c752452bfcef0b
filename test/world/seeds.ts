/** Reads what was asked for on the command line. Pure. */

/** `7` or `1..20`. */
export function seedsOf(text: string): number[] {
  const [, first, last = first] = /^(\d+)(?:\.\.(\d+))?$/.exec(text) ?? []
  const [from, to] = [Number(first), Number(last)]
  if (!(from <= to)) throw new Error(`--seeds ${text}: write one seed or a range, such as 1..20.`)
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

export function wholeOf(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} ${text}: write a whole number from 1 on.`)
  return value
}
