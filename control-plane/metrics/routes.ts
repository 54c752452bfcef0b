/** HTTP of metrics: current values and charts of one resource. */
import { z } from 'zod'
import { Id } from '../http/contract.ts'
import { answers, type HttpDeps, router, valid, verb } from '../http/index.ts'
import { CurrentValues, Series, SeriesQuery } from './contract.ts'
import { currentValues, series, shown } from './index.ts'

const OneResource = z.object({ id: Id })

export const routes = (deps: HttpDeps) =>
  router()
    .get(
      '/resources/:id/metrics',
      answers('Current values of a resource', CurrentValues, 'metrics.read'),
      valid('param', OneResource),
      async (c) => {
        const { id } = c.req.valid('param')
        return c.json(await verb(c, deps, async (ctx) => currentValues(ctx, await shown(ctx, id))))
      },
    )
    .get(
      '/resources/:id/series',
      answers('Charts of a resource: one day of history', Series, 'metrics.read'),
      valid('param', OneResource),
      valid('query', SeriesQuery),
      async (c) => {
        const { id } = c.req.valid('param')
        return c.json(await verb(c, deps, async (ctx) => series(ctx, await shown(ctx, id), c.req.valid('query'))))
      },
    )
