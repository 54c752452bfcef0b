/** What the intake tells Prometheus of itself. */
import { Counter, Gauge } from 'prom-client'

export const batches = new Counter({
  name: 'atalaya_ingest_messages_total',
  help: 'Messages of agents, by what became of them',
  labelNames: ['result'],
})
export const pendingResources = new Gauge({
  name: 'atalaya_settle_pending',
  help: 'Resources whose timeline or usage waits to be made anew',
})
export const oldestPending = new Gauge({
  name: 'atalaya_settle_oldest_age_seconds',
  help: 'How long the oldest change has waited to be settled',
})
