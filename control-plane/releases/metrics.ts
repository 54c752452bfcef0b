/** What releases tell Prometheus. */
import { Gauge } from 'prom-client'

export const agentVersions = new Gauge({
  name: 'atalaya_agents',
  help: 'Agents that were not revoked, by the version that they run',
  labelNames: ['version'],
})
export const failedUpdates = new Gauge({
  name: 'atalaya_agent_updates_failed',
  help: 'Updates of agents that were refused, or did not prove themselves',
})
