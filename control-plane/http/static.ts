/** The built page, and what servers download to install an agent. */
import { join, normalize, sep } from 'node:path'
import { Hono } from 'hono'
import { Problem } from '../base/problem.ts'

const ROOT = join(import.meta.dirname, '../..')
/** Linux takes 4096 for a path, with the folder and all. */
const PATH_BYTES_MAX = 3_000
const IMMUTABLE = 'public, max-age=31536000, immutable'

/** A path below the folder, or null where it would leave it. */
export function pathWithin(folder: string, asked: string): string | null {
  let decoded: string
  try {
    decoded = decodeURIComponent(asked)
  } catch {
    return null
  }
  if (decoded.includes('\0') || Buffer.byteLength(decoded) > PATH_BYTES_MAX) return null
  const path = normalize(join(folder, decoded))
  return path.startsWith(folder + sep) ? path : null
}

async function fileOf(folder: string, asked: string): Promise<Bun.BunFile | null> {
  const path = pathWithin(folder, asked)
  const file = path === null ? null : Bun.file(path)
  return file && (await file.exists()) ? file : null
}

const NOT_BUILT = 'The page is not built. Run: bun run build\nThe API is at /api/v1, its reference at /api/reference.\n'

/** Files as they are; any other address is one of the page's own and gets its shell. */
export const page = (folder = join(ROOT, 'dist/ui')) =>
  new Hono().get('*', async (c) => {
    const file = await fileOf(folder, c.req.path)
    const hashed = c.req.path.startsWith('/assets/')
    if (file) return new Response(file, { headers: { 'cache-control': hashed ? IMMUTABLE : 'no-cache' } })
    if (hashed || c.req.path.startsWith('/api/')) throw new Problem('not_found', `There is nothing at ${c.req.path}.`)
    const shell = await fileOf(folder, '/index.html')
    if (!shell) return c.text(NOT_BUILT, 503)
    return new Response(shell, { headers: { 'cache-control': 'no-cache' } })
  })

/** `atalaya-agent-<platform>` as built, and the script that fetches it. */
export const installation = (dist = join(ROOT, 'dist'), deploy = join(ROOT, 'deploy')) =>
  new Hono().get('/:name', async (c) => {
    const { name } = c.req.param()
    const file = /^atalaya-agent[a-z0-9-]*$/.test(name)
      ? await fileOf(dist, name)
      : name === 'install-agent.sh'
        ? await fileOf(deploy, name)
        : null
    if (!file) throw new Problem('not_found', `${name} is not offered here. Build it by: bun run build`)
    return new Response(file, { headers: { 'cache-control': 'no-cache' } })
  })
