/** HTTP of events: the list, notices, and the stream of live updates. */
import { z } from 'zod'
import type { Actor } from '../base/actor.ts'
import { Problem } from '../base/problem.ts'
import { page } from '../http/contract.ts'
import { answers, type HttpDeps, router, valid, verb } from '../http/index.ts'
import { Event, EventQuery, Notice } from './contract.ts'
import { listEvents, listNotices } from './index.ts'
import { type Client, type Live, LIVE_LIMITS, type View } from './live.ts'

const NoticeQuery = z.object({ open: z.enum(['true', 'false']).optional() })
const isOpen = { true: true, false: false } as const

export interface EventsDeps extends HttpDeps {
  live: Live
  /** what a caller may hear of; null: everything */
  viewOf: (actor: Actor) => Promise<View | null>
}

export const routes = (deps: EventsDeps) =>
  router()
    .get(
      '/events',
      answers('Events, newest first', page(Event), 'events.read'),
      valid('query', EventQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => listEvents(ctx, c.req.valid('query')))),
    )
    .get(
      '/notices',
      answers('Notices that wait for a person', z.object({ items: z.array(Notice) }), 'notices.read'),
      valid('query', NoticeQuery),
      async (c) => {
        const { open } = c.req.valid('query')
        return c.json({ items: await verb(c, deps, (ctx) => listNotices(ctx, open && isOpen[open])) })
      },
    )
    .get(
      '/stream',
      answers('Live updates, server-sent', z.string(), 'events.read', { media: 'text/event-stream' }),
      async (c) => {
        const { id, account_id } = c.get('actor')
        const look = () => deps.viewOf(c.get('actor'))
        const own = { of: account_id ?? id, view: await look(), look, still_valid: c.get('still_same') }
        const body = streamOf(deps.live, own, c.req.raw.signal)
        return new Response(body, {
          headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
        })
      },
    )

/** One client of the live updates as a body; it ends when he leaves, is cut, or his session is over. */
function streamOf(
  live: Live,
  own: Pick<Client, 'of' | 'view' | 'look' | 'still_valid'>,
  left: AbortSignal,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let leave: (() => void) | null = null
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const client: Client = {
          send(text) {
            if ((controller.desiredSize ?? 0) <= 0) return false
            controller.enqueue(encoder.encode(text))
            return true
          },
          close: () => controller.close(),
          ...own,
        }
        leave = live.join(client)
        if (!leave) throw new Problem('unavailable', 'Too many pages are open; close one and reload.')
        left.addEventListener('abort', () => leave?.())
      },
      cancel: () => leave?.(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: LIVE_LIMITS.unreadBytes }),
  )
}
