/** The one event stream: says whether the page is live, and marks as stale what changed. */
import type { QueryClient } from '@tanstack/solid-query'
import { createSignal } from 'solid-js'
import { links } from './links.ts'
import { staleAfter } from './queries.ts'

export type LiveState = 'connecting' | 'live' | 'reconnecting'
const [state, setState] = createSignal<LiveState>('connecting')
const [heardAt, setHeardAt] = createSignal(Date.now())
export { heardAt, state as liveState }

const CHANGE_MS = 250
const SAMPLE_MS = 5_000
const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 15_000

/** Gathers what became stale, and tells it once for each `wait_ms`. */
export function gather(wait_ms: number, tell: (gathered: Set<string>) => void) {
  const gathered = new Set<string>()
  let timer: ReturnType<typeof setTimeout> | undefined
  const flush = () => {
    timer = undefined
    const all = new Set(gathered)
    gathered.clear()
    tell(all)
  }
  return {
    add(items: Iterable<string>) {
      for (const item of items) gathered.add(item)
      timer ??= setTimeout(flush, wait_ms)
    },
    stop: () => clearTimeout(timer),
  }
}

function refreshKeys(client: QueryClient, keys: Set<string>) {
  if (keys.has('*')) return void client.invalidateQueries()
  void client.invalidateQueries({ predicate: (query) => keys.has(String(query.queryKey[0])) })
}

/** New readings move current values and charts; lists of resources follow while they are short. */
function refreshSamples(client: QueryClient, ids: Set<string>) {
  void client.invalidateQueries({
    predicate: ({ queryKey: [slice, subject, part], state: { data } }) => {
      if (slice === 'resource') return ids.has(String(subject)) && part !== 'history'
      if (slice === 'resources') return subject === 'list' && pagesIn(data) <= 3
      return slice === 'agents' || slice === 'sources'
    },
  })
}
const pagesIn = (data: unknown): number =>
  typeof data === 'object' && data !== null && 'pages' in data && Array.isArray(data.pages) ? data.pages.length : 0

const field = (data: string, name: string): unknown => {
  const value: unknown = JSON.parse(data)
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

/** Opens the stream until the returned function is called. The browser retries a lost line itself; a refused one is retried here. */
export function startLive(client: QueryClient): () => void {
  const changes = gather(CHANGE_MS, (keys) => refreshKeys(client, keys))
  const samples = gather(SAMPLE_MS, (ids) => refreshSamples(client, ids))
  let source: EventSource | undefined
  let retry: ReturnType<typeof setTimeout> | undefined
  let wait_ms = FIRST_RETRY_MS
  let wasLost = false

  const hello = () => {
    setHeardAt(Date.now())
    setState('live')
    wait_ms = FIRST_RETRY_MS
    if (wasLost) void client.invalidateQueries()
    wasLost = false
  }
  const lost = () => {
    if (!wasLost) setHeardAt(Date.now())
    wasLost = true
    setState('reconnecting')
    if (source?.readyState !== EventSource.CLOSED) return
    clearTimeout(retry)
    retry = setTimeout(open, wait_ms)
    wait_ms = Math.min(wait_ms * 2, LONGEST_RETRY_MS)
  }
  const open = () => {
    source?.close()
    source = new EventSource(links.stream)
    source.addEventListener('hello', hello)
    source.addEventListener('change', (event) => {
      setHeardAt(Date.now())
      changes.add(staleAfter(String(field(event.data, 'type'))))
    })
    source.addEventListener('sample', (event) => {
      setHeardAt(Date.now())
      const ids = field(event.data, 'resource_ids')
      if (Array.isArray(ids)) samples.add(ids.map(String))
    })
    source.addEventListener('error', lost)
  }

  open()
  return () => {
    source?.close()
    clearTimeout(retry)
    changes.stop()
    samples.stop()
    setState('connecting')
  }
}
