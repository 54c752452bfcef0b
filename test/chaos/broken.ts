/** A control plane without de-duplication, made by the harness alone: a copy of the sources with exact replacements. */
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './site.ts'

interface Replacement {
  file: string
  /** matches exactly once, or the harness fails */
  from: string
  to: string
}

/** The key is looked up no more and claimed no more: a report that comes again is taken again. */
const WITHOUT_KEY: readonly Replacement[] = [
  {
    file: 'control-plane/ingest/index.ts',
    from: 'if (known || envelope.sequence <= spool.watermark)',
    to: 'if (known && spool.watermark < 0)',
  },
  {
    file: 'control-plane/ingest/store.ts',
    from: 'ctx.tx.insert(batch).values({ ...row, stored_at: ctx.now() })',
    to: 'ctx.tx.insert(batch).values({ ...row, stored_at: ctx.now() }).onConflictDoNothing()',
  },
]
/** The database would still refuse a reading that it holds. */
export const WITHOUT_KEY_SQL =
  'alter table reading drop constraint reading_resource_id_seen_at_spool_id_sequence_position_pk'

function replace(folder: string, { file, from, to }: Replacement): void {
  const path = join(folder, file)
  const text = readFileSync(path, 'utf8')
  const parts = text.split(from)
  if (parts.length !== 2)
    throw new Error(
      `${file} holds ${parts.length - 1} times what is to be broken: bring test/chaos/broken.ts up to date`,
    )
  writeFileSync(path, parts.join(to))
}

/** Answers the folder from which the broken control plane runs. */
export function withoutDeduplication(folder: string): string {
  const copy = join(folder, 'broken')
  for (const name of ['control-plane', 'connectors', 'package.json', 'tsconfig.json'])
    cpSync(join(ROOT, name), join(copy, name), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  for (const each of WITHOUT_KEY) replace(copy, each)
  return copy
}
