/** HTTP of rating: the sums of the accounting page, and gaps that people accept. */
import { z } from 'zod'
import { answers, type HttpDeps, router, valid, verb } from '../http/index.ts'
import { Id } from '../http/contract.ts'
import { Accounting, AccountingQuery } from '../ingest/contract.ts'
import { NewGapAcceptance } from './contract.ts'
import { acceptGaps, usageAccounting } from './index.ts'

export const routes = (deps: HttpDeps) =>
  router()
    .get(
      '/accounting',
      answers('What arrived and what became of it', Accounting, 'intake.read'),
      valid('query', AccountingQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => usageAccounting(ctx, c.req.valid('query')))),
    )
    .post(
      '/accounts/:id/accepted-gaps',
      answers('Let the next invoice go out with these gaps as they are', null, 'billing.write'),
      valid('param', z.object({ id: Id })),
      valid('json', NewGapAcceptance),
      async (c) => {
        await verb(c, deps, (ctx) => acceptGaps(ctx, c.req.valid('param').id, c.req.valid('json')))
        return c.body(null, 204)
      },
    )
