/** HTTP of metering: usage by the hour, with the readings that prove it; and replays of what a source said. */
import { z } from 'zod'
import { ById, answers, type HttpDeps, router, valid, verb } from '../http/index.ts'
import { NewReplay, Replay, UsageHour, UsageQuery } from './contract.ts'
import { replay, usageByHour } from './index.ts'

export const routes = (deps: HttpDeps) =>
  router()
    .get(
      '/resources/:id/usage',
      answers(
        'Usage of one resource by UTC hour and meter, oldest first',
        z.object({ items: z.array(UsageHour) }),
        'usage.read',
      ),
      valid('param', ById),
      valid('query', UsageQuery),
      async (c) =>
        c.json({
          items: await verb(c, deps, (ctx) => usageByHour(ctx, c.req.valid('param').id, c.req.valid('query'))),
        }),
    )
    .post(
      '/sources/:id/replay',
      answers('Meter the stored readings of a source again, part by part', Replay, 'agents.write', {
        repeatable: 'the same readings give the same usage',
      }),
      valid('param', ById),
      valid('json', NewReplay),
      async (c) => c.json(await verb(c, deps, (ctx) => replay(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
