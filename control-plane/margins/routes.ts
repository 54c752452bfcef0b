/** HTTP of margins. */
import { z } from 'zod'
import { answers, type HttpDeps, router, valid, verb } from '../http/index.ts'
import { IdleCosts, IdleQuery, MarginQuery, Margins } from './contract.ts'
import { idleCosts, idleCsv } from './idle/index.ts'
import { margins, marginsCsv } from './index.ts'

export const routes = (deps: HttpDeps) =>
  router()
    .get(
      '/margins',
      answers(
        'What was earned in a month beside what it cost us, by customer, product, realm or resource',
        Margins,
        'margins.read',
      ),
      valid('query', MarginQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => margins(ctx, c.req.valid('query')))),
    )
    .get(
      '/margins.csv',
      answers('The same as CSV', z.string(), 'margins.read', { media: 'text/csv' }),
      valid('query', MarginQuery),
      async (c) => {
        const made = await verb(c, deps, (ctx) => margins(ctx, c.req.valid('query')))
        return c.body(marginsCsv(made), 200, {
          'content-type': 'text/csv; charset=utf-8',
          'content-disposition': `attachment; filename="margins-${made.month}.csv"`,
        })
      },
    )
    .get(
      '/margins/idle',
      answers(
        'What the nodes of clusters cost in a month, what of that pods were allocated, and what was idle',
        IdleCosts,
        'margins.read',
      ),
      valid('query', IdleQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => idleCosts(ctx, c.req.valid('query')))),
    )
    .get(
      '/margins/idle.csv',
      answers('The same as CSV, by node or by namespace', z.string(), 'margins.read', { media: 'text/csv' }),
      valid('query', IdleQuery),
      async (c) => {
        const query = c.req.valid('query')
        const made = await verb(c, deps, (ctx) => idleCosts(ctx, query))
        return c.body(idleCsv(made, query.by), 200, {
          'content-type': 'text/csv; charset=utf-8',
          'content-disposition': `attachment; filename="idle-${made.month}.csv"`,
        })
      },
    )
