/** A copy of the program's sources in a folder of its own, in which a fault can be planted without touching the tree. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Mutant } from './mutants.ts'

const SOURCES = ['agent', 'connectors', 'control-plane', 'deploy', 'test', 'package.json', 'tsconfig.json']

/** Copies what a world needs and links the packages; answers the root of the copy. */
export function copyTree(root: string, into: string): string {
  mkdirSync(into, { recursive: true })
  for (const name of SOURCES)
    cpSync(join(root, name), join(into, name), { recursive: true, filter: (path) => !path.endsWith('.test.ts') })
  symlinkSync(join(root, 'node_modules'), join(into, 'node_modules'))
  return into
}

/** Plants the fault. Text that is not there exactly once is an error: the product changed, and the mutant must follow. */
export function plant(tree: string, { name, replacements }: Mutant): void {
  for (const { file, text, by } of replacements) {
    const path = join(tree, file)
    const parts = readFileSync(path, 'utf8').split(text)
    if (parts.length !== 2)
      throw new Error(
        `The mutant "${name}" looks for a text in ${file} that is there ${parts.length - 1} times; it must be there once. Write it anew in test/mutants/mutants.ts: ${text}`,
      )
    writeFileSync(path, parts.join(by))
  }
}
