/** The production agent with one connector more: `bun test/chaos/agent.ts STATE`, run and killed by a trial. */
import { Agent } from '#agent/agent.ts'
import { loadIdentity } from '#agent/identity.ts'
import { openLog } from '#agent/log.ts'
import { loadConnector } from '#connectors/registry.ts'
import { connector, manifest } from './connector.ts'

const [state] = process.argv.slice(2)
const identity = state ? loadIdentity(state) : null
if (!state || !identity) throw new Error('Usage: bun test/chaos/agent.ts STATE, the folder of an enrolled agent')

const agent: Agent = new Agent(state, identity, openLog(), () => stop(), {
  load: async (name) => (name === manifest.name ? connector : loadConnector(name)),
  manifests: async () => [manifest],
})
const stop = () => void agent.stop().then(() => process.exit(0))
process.once('SIGTERM', stop).once('SIGINT', stop)
await agent.start()
