/** A copy of the program's sources in a folder of its own, in which a fault can be planted without touching the tree. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Mutant, Replacement } from './mutants.ts'

const SOURCES = ['agent', 'connectors', 'control-plane', 'deploy', 'test', 'package.json', 'tsconfig.json']

/** Copies what a world needs and links the packages; answers the root of the copy. */
export function copyTree(root: string, into: string): string {
  mkdirSync(into, { recursive: true })
  for (const name of SOURCES)
    cpSync(join(root, name), join(into, name), { recursive: true, filter: (path) => !path.endsWith('.test.ts') })
  symlinkSync(join(root, 'node_modules'), join(into, 'node_modules'))
  return into
}

/** Plants the fault into a copy. */
export function plant(tree: string, { replacements }: Mutant): void {
  for (const replacement of replacements) writeFileSync(join(tree, replacement.file), mutated(tree, replacement))
}

/** The file with the fault in it. Text that is not there exactly once is an error: the product changed, and the mutant must follow. */
export function mutated(tree: string, { file, text, by }: Replacement): string {
  const parts = readFileSync(join(tree, file), 'utf8').split(text)
  if (parts.length === 2) return parts.join(by)
  throw new Error(
    `A mutant looks for a text that is in ${file} ${parts.length - 1} times; it must be there once. Write it anew in test/mutants/mutants.ts: ${text}`,
  )
}
