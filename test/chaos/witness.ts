/** What a connector really said, in a file of its own outside of the product's path: the physical truth of a trial. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { z } from 'zod'

const Said = z.strictObject({
  at_ms: z.int(),
  /** its tick before in the same process, since which it told events; null at the first */
  previous_ms: z.int().nullable(),
  /** hash of the facts */
  facts: z.string(),
})
export type Said = z.infer<typeof Said>

/** On the disk when it returns; each line begins with its newline, so that a torn one spoils no other. */
export function testify(file: string, said: Said): void {
  const descriptor = openSync(file, 'a')
  try {
    writeSync(descriptor, `\n${JSON.stringify(said)}`)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** All ticks that were testified, oldest first. */
export function testimony(file: string): Said[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : whole(line)))
}

/** A process that was killed while it wrote had not reported the tick yet. */
function whole(line: string): Said[] {
  try {
    return [Said.parse(JSON.parse(line))]
  } catch {
    return []
  }
}
