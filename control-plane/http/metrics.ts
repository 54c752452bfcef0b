/** The program's own metrics, and how long requests take. */
import type { Actor } from '../base/actor.ts'
import { collectDefaultMetrics, Histogram, register } from 'prom-client'

/** Slices register their counters here. */
export const metricsRegistry = register

export const requestSeconds = new Histogram({
  name: 'atalaya_http_request_duration_seconds',
  help: 'Time to answer a request',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
})

/** Gauges that prom-client names like counters, which Prometheus's own linter refuses; the same figures come by type, too. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

/** Memory, processor time and event loop of this process. */
export function collectProcessMetrics(): void {
  collectDefaultMetrics()
  for (const name of MISNAMED) register.removeSingleMetric(name)
}

export type ExtraMetrics = (actor: Actor) => AsyncIterable<string> | Promise<string>

/** Our own text, which is not for tenants, then what is too much for a registry, piece by piece. */
export async function* metricsText(actor: Actor, extra: ExtraMetrics): AsyncGenerator<string> {
  if (actor.account_id === null) yield await metricsRegistry.metrics()
  const more = extra(actor)
  if ('then' in more) yield await more
  else yield* more
}

/** https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details */
export const escapedLabel = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

export interface Family {
  name: string
  type: 'counter' | 'gauge'
  help: string
  /** `value` is text: an amount of money is never made a float here */
  samples: readonly { labels: Readonly<Record<string, string>>; value: string }[]
}

/** Lines of one chunk, so that no slow reader holds up anybody. */
const CHUNK = 400

/** A family in one piece, as it must come; nothing of one without samples. */
export function* familyText({ name, type, help, samples }: Family): Generator<string> {
  if (samples.length === 0) return
  yield `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
  const line = ({ labels, value }: Family['samples'][number]) =>
    `${name}{${Object.entries(labels)
      .map(([label, text]) => `${label}="${escapedLabel(text)}"`)
      .join(',')}} ${value}\n`
  for (let from = 0; from < samples.length; from += CHUNK)
    yield samples
      .slice(from, from + CHUNK)
      .map(line)
      .join('')
}
