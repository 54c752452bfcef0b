/** HTTP of margins. */
import { z } from 'zod'
import { answers, type HttpDeps, router, valid, verb } from '../http/index.ts'
import { MarginQuery, Margins } from './contract.ts'
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
