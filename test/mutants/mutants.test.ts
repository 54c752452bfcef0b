/** Each mutant still finds its place in the product: else it would prove nothing. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mutated } from './copy.ts'
import { MUTANTS } from './mutants.ts'

const ROOT = join(import.meta.dirname, '../..')

test.each(MUTANTS)('the mutant "$name" changes text that the product holds once', ({ replacements }) => {
  for (const replacement of replacements) expect(mutated(ROOT, replacement)).toContain(replacement.by)
})
