/** What differs between the two sides of a record, field by field; pure. */

export interface Change {
  /** `address.city` */
  field: string
  /** undefined where the side has no such field */
  before: string | undefined
  after: string | undefined
}

type Leaves = Map<string, string>

const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0

/** Text as it is; everything else as JSON. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

function leavesOf(value: unknown, path = '', leaves: Leaves = new Map()): Leaves {
  if (isGroup(value))
    for (const [name, part] of Object.entries(value)) leavesOf(part, path ? `${path}.${name}` : name, leaves)
  else if (value !== null && value !== undefined) leaves.set(path || 'value', textOf(value))
  return leaves
}

/** Only fields that differ, in the order of the later side. */
export function changesOf(before: unknown, after: unknown): Change[] {
  const [old, fresh] = [leavesOf(before), leavesOf(after)]
  const fields = new Set([...fresh.keys(), ...old.keys()])
  return [...fields]
    .map((field) => ({ field, before: old.get(field), after: fresh.get(field) }))
    .filter((change) => change.before !== change.after)
}
