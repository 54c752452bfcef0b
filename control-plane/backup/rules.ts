/** Decisions of backups: the order of tables, whether a backup's tables fit this program, how far the work is. Pure. */

export interface Dependent {
  name: string
  /** tables that its foreign keys point to */
  references: readonly string[]
}

/** Each table after those that it refers to; throws where tables refer to each other in a circle. */
export function inDependencyOrder<T extends Dependent>(tables: readonly T[]): T[] {
  const ordered: T[] = []
  const placed = new Set<string>()
  let waiting = tables.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  while (waiting.length > 0) {
    const free = waiting.filter((table) => table.references.every((name) => name === table.name || placed.has(name)))
    if (free.length === 0)
      throw new Error(
        `These tables refer to each other in a circle, so no order loads them: ${waiting.map((table) => table.name).join(', ')}`,
      )
    for (const table of free) placed.add(table.name)
    ordered.push(...free)
    waiting = waiting.filter((table) => !placed.has(table.name))
  }
  return ordered
}

/** Null where this program can load what went through `theirs`, its own migrations being `ours`; else why not. */
export function whyMigrationsDiffer(
  theirs: readonly string[],
  ours: readonly string[],
  version: string,
): string | null {
  if (theirs.some((hash) => !ours.includes(hash)))
    return (
      `It was made by a newer Atalaya (${version}), with tables that this one doesn't know. ` +
      `Install Atalaya ${version} or newer, and restore with that.`
    )
  return theirs.every((hash, index) => ours[index] === hash)
    ? null
    : `Its tables went through other migrations than this program's. Restore it with Atalaya ${version}.`
}

/** Whole percent, at most 99 until all is done. */
export const percentOf = (done: number, all: number): number =>
  Math.min(99, Math.floor((100 * done) / Math.max(all, 1)))

/** Newlines end rows in COPY's text; those within a value are escaped. */
export function rowsIn(chunk: Uint8Array): number {
  let rows = 0
  for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) rows += 1
  return rows
}
