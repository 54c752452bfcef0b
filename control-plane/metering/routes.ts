/** HTTP of metering: usage by the hour, with the readings that prove it. */
import { z } from 'zod'
import { ById, answers, type HttpDeps, router, valid, verb } from '../http/index.ts'
import { UsageHour, UsageQuery } from './contract.ts'
import { usageByHour } from './index.ts'

export const routes = (deps: HttpDeps) =>
  router().get(
    '/resources/:id/usage',
    answers(
      'Usage of one resource by UTC hour and meter, oldest first',
      z.object({ items: z.array(UsageHour) }),
      'usage.read',
    ),
    valid('param', ById),
    valid('query', UsageQuery),
    async (c) =>
      c.json({ items: await verb(c, deps, (ctx) => usageByHour(ctx, c.req.valid('param').id, c.req.valid('query'))) }),
  )
