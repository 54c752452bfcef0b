/** Reads the files of the tree that belong to the project. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { File } from './imports.ts'

export const root = join(import.meta.dirname, '../..')
export const RECORD = join(import.meta.dirname, 'migrations.sha256')

const SKIPPED = new Set(['node_modules', '.tools', '.atalaya', 'dist', 'coverage', '.git'])
const TEXT =
  /\.(tsx?|mjs|sh|sql|json|jsonc|toml|ya?ml|md|css|html|typ|service|conf|lock|lockb|sha256)$|(^|\/)(run|Dockerfile|LICENSE|\.gitignore)$/

export function projectFiles(folder = root): File[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry): File[] => {
    const full = join(folder, entry.name)
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : projectFiles(full)
    const path = relative(root, full)
    return entry.isFile() && TEXT.test(path) ? [{ path, text: readFileSync(full, 'utf8') }] : []
  })
}
