/** What the bus tells of itself to Prometheus. */
import { Counter, Gauge } from 'prom-client'

export const connectedGauge = new Gauge({ name: 'atalaya_bus_connected', help: '1 while NATS is connected' })
export const connections = new Counter({ name: 'atalaya_bus_connections_total', help: 'Connections made to NATS' })
export const dropped = new Counter({
  name: 'atalaya_bus_dropped_messages_total',
  help: 'Requests left unanswered because too many were waiting; their senders send them again',
})
export const failed = new Counter({
  name: 'atalaya_bus_failed_messages_total',
  help: 'Messages whose handler failed unexpectedly',
})
