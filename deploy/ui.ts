/** Builds the web page, only when its sources changed since the last build. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Refusal } from './settings.ts'

function filesUnder(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
}

function sourcesHash(root: string): string {
  const hash = createHash('sha256')
  for (const file of [...filesUnder(join(root, 'ui')), join(root, 'vite.config.ts'), join(root, 'bun.lock')]) {
    hash.update(file.slice(root.length)).update('\0')
    if (existsSync(file)) hash.update(readFileSync(file))
    hash.update('\0')
  }
  return hash.digest('hex')
}

/** True when it was built now, false when the last build still holds. */
export async function buildUi(root: string, starting: () => void = () => {}): Promise<boolean> {
  const stamp = join(root, 'dist/ui/.sources')
  const hash = sourcesHash(root)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return false
  starting()
  const build = Bun.spawn(['bunx', '--bun', 'vite', 'build', '--logLevel', 'warn'], {
    cwd: root,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [stdout, stderr, code] = await Promise.all([
    new Response(build.stdout).text(),
    new Response(build.stderr).text(),
    build.exited,
  ])
  if (code !== 0) {
    throw new Refusal(
      'The web page could not be built (bunx --bun vite build)',
      `${stdout}${stderr}`.trimEnd().split('\n').slice(-20),
    )
  }
  writeFileSync(stamp, hash)
  return true
}

if (import.meta.main) await buildUi(join(import.meta.dirname, '..'))
