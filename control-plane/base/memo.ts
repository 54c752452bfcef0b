/** What is made from a text again and again is made once. */

/** Distinct texts that are remembered; whoever brings more makes us begin anew, never grow. */
const REMEMBERED = 4_096

/** The same as `make`, which must be pure, for texts that come back: names of metrics, for instance. */
export function remembered<T extends object | null>(make: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>()
  return (text) => {
    const found = known.get(text)
    if (found !== undefined) return found
    if (known.size >= REMEMBERED) known.clear()
    const made = make(text)
    known.set(text, made)
    return made
  }
}
