/** HTTP of the topology. */
import { z } from 'zod'
import { answers, ById, type HttpDeps, router, valid, verb } from '../../http/index.ts'
import { Id, page } from '../../http/contract.ts'
import { TopologyNode, TopologyQuery, TopologyRealm } from '../contract.ts'
import { listNodes, listRealms, wayTo } from './index.ts'

const Realms = z.object({ items: z.array(TopologyRealm) })
const Way = z.object({ realm: z.string(), ids: z.array(Id) })

export const routes = (deps: HttpDeps) =>
  router()
    .get('/topology', answers('Realms with what is in them', Realms, 'agents.read'), async (c) =>
      c.json({ items: await verb(c, deps, listRealms) }),
    )
    .get(
      '/topology/nodes',
      answers('What stands directly under a realm or a resource', page(TopologyNode), 'agents.read'),
      valid('query', TopologyQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => listNodes(ctx, c.req.valid('query')))),
    )
    .get(
      '/topology/nodes/:id/way',
      answers('The way from the realm down to a resource', Way, 'agents.read'),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => wayTo(ctx, c.req.valid('param').id))),
    )
