/** Runs the inventory in a process of its own: its memory and its forks are gone when it ends. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { InventoryFacts } from './listing.ts'

const CHILD_MS_MAX = 30_000
const CHILD_BYTES_MAX = 4 * 1024 * 1024
/** The agent's hidden sub-command: the single file carries no script that could be started by its path. */
const INVENTORY_COMMAND = 'host-inventory'

/** A module within the single file has no path on the disk. */
function inventoryCommand(): [string, string[]] {
  const script = new URL('./inventory.ts', import.meta.url)
  if (script.pathname.includes('/$bunfs/')) return [process.execPath, [INVENTORY_COMMAND]]
  return [process.execPath, [fileURLToPath(script)]]
}

export function runInventory(signal: AbortSignal): Promise<InventoryFacts> {
  const [command, args] = inventoryCommand()
  const child = spawn(command, args, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(CHILD_MS_MAX)]),
    stdio: ['ignore', 'pipe', 'pipe'],
    killSignal: 'SIGKILL',
  })
  return new Promise((resolve, reject) => {
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk) => {
      out += chunk
      if (out.length > CHILD_BYTES_MAX) child.kill('SIGKILL')
    })
    child.stderr.on('data', (chunk) => (err = (err + chunk).slice(-500)))
    child.on('error', reject)
    child.on('close', (code, killedBy) => {
      if (code !== 0) return reject(new Error(`inventory ended with ${code ?? killedBy}: ${err.trim()}`))
      try {
        resolve(JSON.parse(out))
      } catch (error) {
        reject(error)
      }
    })
  })
}
