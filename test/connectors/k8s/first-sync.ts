/** `bun test/connectors/k8s/first-sync.ts [PODS]`: how long the first tick of a cluster takes, and how much memory the agent's side of it, in a process of its own. */
import { fileURLToPath } from 'node:url'
import { Listings } from '#agent/listing.ts'
import { Source } from '#agent/source.ts'
import { connector } from '#connectors/kubernetes/index.ts'
import { TRUSTED } from '../certificates.ts'
import { crowd } from './objects.ts'
import { Server, TOKEN } from './server.ts'
import { World } from './world.ts'

export interface FirstSync {
  pods: number
  rows: number
  seconds: number
  /** of a second tick that changed nothing */
  again_seconds: number
  rss_mb: number
}

const PODS = 5_000
/** How often memory is looked at while it works. */
const LOOK_MS = 20

async function look(url: string, realm: string, ca: string): Promise<void> {
  let [rows, pods, most] = [0, 0, 0]
  const watching = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), LOOK_MS)
  const source = new Source(
    {
      id: crypto.randomUUID(),
      connector: 'kubernetes',
      realm,
      interval_ms: 30_000,
      settings: { server: url, ca, token: TOKEN },
    },
    {
      load: async () => connector,
      memory: () => ({ get: async () => undefined, set: async () => {} }),
      log: (level, message, fields) => void (level === 'error' && console.error(message, fields)),
      listings: new Listings(),
      report: (facts) => {
        for (const fact of facts as { type: string; resources?: { kind: string }[] }[]) {
          rows += fact.resources?.length ?? 0
          pods += fact.resources?.filter(({ kind }) => kind === 'pod').length ?? 0
        }
      },
      now: Date.now,
    },
  )
  const timed = async () => {
    const began_ms = performance.now()
    if (!(await source.tick())) throw new Error('the tick failed')
    return Math.round(performance.now() - began_ms) / 1_000
  }
  const seconds = await timed()
  const again_seconds = await timed()
  clearInterval(watching)
  const rss_mb = Math.round(Math.max(most, process.memoryUsage.rss()) / 1e6)
  await source.close()
  console.log(JSON.stringify({ pods, rows, seconds, again_seconds, rss_mb } satisfies FirstSync))
}

/** The cluster here, and a look at it from another process. */
export async function firstSync(pods = PODS): Promise<FirstSync> {
  const world = new World()
  crowd(world, pods)
  const server = await new Server(world, TRUSTED).start()
  const child = Bun.spawn(
    [process.execPath, fileURLToPath(import.meta.url), '--look', server.url, world.uid, TRUSTED.ca],
    {
      stderr: 'inherit',
    },
  )
  const said = await new Response(child.stdout).text()
  await child.exited
  await server.stop()
  return JSON.parse(said) as FirstSync
}

if (import.meta.main) {
  const [first, url = '', realm = '', ca = ''] = process.argv.slice(2)
  if (first === '--look') await look(url, realm, ca)
  else console.log(await firstSync(Number(first ?? PODS)))
}
