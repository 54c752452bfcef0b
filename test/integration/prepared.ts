/** A prepared database that ends with its suite. */
import { inject } from 'vitest'
import { prepare, type Prepared } from '../setup/prepare.ts'
import { emptyDatabase, type Suite } from '../setup/stack.ts'

export type { Prepared }

export async function prepared(suite: Suite, now: string): Promise<Prepared> {
  const { ownerUrl } = await emptyDatabase(suite)
  const made = await prepare(ownerUrl, inject('folder'), now)
  suite.atEnd(() => made.db.$client.end({ timeout: 1 }))
  return made
}
