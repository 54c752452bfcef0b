/** Verbs of the topology: realms, what stands under each thing, and the way down to one. */
import { z } from 'zod'
import { permit } from '../../base/actor.ts'
import { Problem } from '../../base/problem.ts'
import type { Context } from '../../db/index.ts'
import { decodeCursor, encodeCursor } from '../../http/index.ts'
import { Id, type Page } from '../../http/contract.ts'
import type { TopologyNode, TopologyQuery, TopologyRealm } from '../contract.ts'
import * as store from './store.ts'

const REALMS_MAX = 1_000
/** A way down is no longer: what is a part of itself has none. */
const DEPTH_MAX = 12
const Cursor = z.object({ kind: z.string(), name: z.string(), id: Id })

function staffOnly(ctx: Context): void {
  permit(ctx, 'agents.read')
}

export async function listRealms(ctx: Context): Promise<TopologyRealm[]> {
  staffOnly(ctx)
  return await store.realms(ctx, REALMS_MAX)
}

/** What stands directly under a realm or a resource, with what stands under each of it. */
export async function listNodes(ctx: Context, query: TopologyQuery): Promise<Page<TopologyNode>> {
  staffOnly(ctx)
  const asked = { after: decodeCursor(query.cursor, Cursor), limit: query.limit + 1 }
  const found = await nodesOf(ctx, query, asked)
  const shown = found.slice(0, query.limit)
  const last = found.length > query.limit ? shown.at(-1) : undefined
  const counts = await store.countsOf(ctx, shown)
  return {
    items: shown.map(({ id, kind, name, state }) => {
      const { total = 0, running = 0, stopped = 0 } = counts.get(id) ?? {}
      return { id, kind, name, state, total, running, stopped }
    }),
    next_cursor: last ? encodeCursor({ kind: last.kind, name: last.name, id: last.id }) : null,
    total: null,
  }
}

async function nodesOf(ctx: Context, { realm, under }: TopologyQuery, asked: store.Asked): Promise<store.NodeRow[]> {
  if (under !== undefined) return await store.under(ctx, await required(ctx, under), asked)
  if (realm !== undefined) return await store.topOf(ctx, realm, asked)
  throw new Problem('invalid', 'Say under what to look.', [{ pointer: '/realm', detail: 'must be there, or under' }])
}

async function required(ctx: Context, id: string): Promise<store.NodeRow> {
  const found = await store.find(ctx, id)
  if (!found) throw new Problem('not_found', `There is no resource ${id} now.`)
  return found
}

/** From its realm down to a resource, itself last. */
export async function wayTo(ctx: Context, id: string): Promise<{ realm: string; ids: string[] }> {
  staffOnly(ctx)
  const { realm } = await required(ctx, id)
  const ids = [id]
  for (let depth = 0; depth < DEPTH_MAX; depth += 1) {
    const next = await store.above(ctx, ids[0] ?? id)
    if (next === null || ids.includes(next)) break
    ids.unshift(next)
  }
  return { realm, ids }
}
