/** HTTP of metrics: current values and charts of one resource. */
import { z } from 'zod'
import { Id } from '../http/contract.ts'
import { answers, type HttpDeps, router, valid, verb } from '../http/index.ts'
import { requireResource } from '../inventory/index.ts'
import { CurrentValues, Series, SeriesQuery } from './contract.ts'
import { currentValues, series } from './index.ts'

const OneResource = z.object({ id: Id })

export const routes = (deps: HttpDeps) =>
  router()
    .get(
      '/resources/:id/metrics',
      answers('Current values of a resource', CurrentValues, 'metrics.read'),
      valid('param', OneResource),
      async (c) => {
        const { id } = c.req.valid('param')
        const values = await verb(c, deps, async (ctx) => {
          await requireResource(ctx, id)
          return currentValues(ctx, id)
        })
        return c.json(values)
      },
    )
    .get(
      '/resources/:id/series',
      answers('Charts of a resource: one day of history', Series, 'metrics.read'),
      valid('param', OneResource),
      valid('query', SeriesQuery),
      async (c) => {
        const { id } = c.req.valid('param')
        const charts = await verb(c, deps, async (ctx) => {
          const { size } = await requireResource(ctx, id)
          return series(ctx, id, c.req.valid('query'), size.vcpu_count === undefined ? null : Number(size.vcpu_count))
        })
        return c.json(charts)
      },
    )
