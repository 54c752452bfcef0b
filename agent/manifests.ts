/** Asks what each connector can do in a process of its own: code that no source uses isn't kept in the agent's memory. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Manifest } from '#connectors/contract.ts'
import { CONNECTORS, loadConnector } from '#connectors/registry.ts'
import type { Log } from './log.ts'

const CHILD_MS_MAX = 30_000
/** Hidden sub-command of the single file, which carries no script that could be started by its path. */
export const MANIFESTS_COMMAND = 'manifests'

interface Told {
  manifests: Manifest[]
  /** connectors that can't be loaded, with the reason */
  broken: Record<string, string>
}

/** What each connector can do; one that doesn't load is left out and named in the log. */
export async function manifests(log: Log): Promise<Manifest[]> {
  try {
    const { manifests, broken } = JSON.parse(await childOutput()) as Told
    for (const [connector, error] of Object.entries(broken))
      log.error({ connector, error }, 'a connector can’t be loaded')
    return manifests
  } catch (error) {
    log.error({ error: String(error) }, 'the connectors could not be asked what they can do')
    return []
  }
}

function command(): [string, string[]] {
  const script = new URL(import.meta.url)
  if (script.pathname.includes('/$bunfs/')) return [process.execPath, [MANIFESTS_COMMAND]]
  return [process.execPath, [fileURLToPath(new URL('./main.ts', script)), MANIFESTS_COMMAND]]
}

function childOutput(): Promise<string> {
  const [program, args] = command()
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: CHILD_MS_MAX })
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk) => (text += chunk))
    child.on('error', reject)
    child.on('close', (code, killed_by) => {
      if (code === 0) resolve(text)
      else reject(new Error(`the process ended with ${code ?? killed_by}`))
    })
  })
}

/** The child's part. */
export async function tellManifests(): Promise<string> {
  const told: Told = { manifests: [], broken: {} }
  for (const name of Object.keys(CONNECTORS)) {
    try {
      const connector = await loadConnector(name)
      if (connector) told.manifests.push(connector.manifest)
    } catch (error) {
      told.broken[name] = String(error)
    }
  }
  return JSON.stringify(told)
}
