/** Debian's prometheus-node-exporter, limited to the quantities that the `host` connector reads, scraped as Prometheus does. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'

const root = join(import.meta.dirname, '../..')
const unpacked = join(root, '.tools/debian/prometheus/usr/bin/prometheus-node-exporter')
const COLLECTORS = ['cpu', 'meminfo', 'loadavg', 'filesystem', 'diskstats', 'netdev', 'pressure', 'processes', 'stat']

/** The one on PATH, or Debian's package unpacked beside the project's tools. */
export function exporterProgram(): string {
  const found = process.env.ATALAYA_NODE_EXPORTER ?? Bun.which('prometheus-node-exporter')
  if (found) return found
  if (!existsSync(unpacked)) {
    const fetch = `. "$root/deploy/tools.sh" && debian_unpack "$tools/debian/prometheus" prometheus prometheus-node-exporter`
    Bun.spawnSync(['sh', '-eu', '-c', fetch], { env: { ...process.env, root }, stdout: 'ignore', stderr: 'inherit' })
  }
  if (existsSync(unpacked)) return unpacked
  throw new Error(
    'prometheus-node-exporter was not found. Install Debian’s package of this name, or set ATALAYA_NODE_EXPORTER.',
  )
}

/** Its own metrics are off and loopback is on, as with us; everything else is as Debian ships it. */
export const exporterCommand = (port: number): string[] => [
  exporterProgram(),
  `--web.listen-address=127.0.0.1:${port}`,
  '--web.disable-exporter-metrics',
  '--collector.disable-defaults',
  ...COLLECTORS.map((name) => `--collector.${name}`),
  '--collector.netdev.device-exclude=^$',
  '--log.level=error',
]

/** As Prometheus 2.42 sends them. */
const HEADERS = {
  'user-agent': 'Prometheus/2.42.0',
  accept:
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
  'accept-encoding': 'gzip',
  'x-prometheus-scrape-timeout-seconds': '10',
}

export interface Scrape {
  gzip_bytes: number
  text_bytes: number
  /** gzip of those lines alone that say what the agent says too */
  same_bytes: number
}

export async function scrape(port: number, devices: ReadonlySet<string>): Promise<Scrape> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: HEADERS, decompress: false })
  const body = new Uint8Array(await answer.arrayBuffer())
  if (!answer.ok || answer.headers.get('content-encoding') !== 'gzip')
    throw new Error(`The exporter answered HTTP ${answer.status} without gzip.`)
  const text = gunzipSync(body).toString()
  return { gzip_bytes: body.length, text_bytes: text.length, same_bytes: gzipSync(sameOnly(text, devices)).length }
}

/** Families that the connector reports as well: what else the exporter prints is no part of the hardest comparison. */
const SAME =
  /^node_(cpu_seconds_total|memory_(MemTotal|MemFree|MemAvailable|Buffers|Cached|SwapTotal|SwapFree)_bytes|load(1|5|15)|filesystem_(size_bytes|avail_bytes|files|files_free)|disk_(read_bytes|written_bytes|reads_completed|writes_completed|io_time_seconds)_total|network_(receive|transmit)_(bytes|packets|errs|drop)_total|pressure_\w+_total|procs_(running|blocked)|boot_time_seconds|disk_written_bytes_total)$/

/** The text with the families, devices and one processor that the agent reports, help and types included. */
export function sameOnly(text: string, devices: ReadonlySet<string>): string {
  return text
    .split('\n')
    .filter((line) => {
      const [, family = ''] = /^(?:# (?:HELP|TYPE) )?(\w+)/.exec(line) ?? []
      // OpenMetrics leaves `_total` out of the names of families
      if (!SAME.test(family) && !SAME.test(`${family}_total`)) return false
      const [, device] = /\bdevice="([^"]*)"/.exec(line) ?? []
      const [, cpu] = /\bcpu="(\d+)"/.exec(line) ?? []
      const counted = device === undefined || devices.has(device) || device.startsWith('/')
      return counted && (cpu === undefined || cpu === '0')
    })
    .join('\n')
}
