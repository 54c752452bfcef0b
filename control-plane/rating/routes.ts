/** HTTP of rating: the sums of the accounting page. */
import { answers, type HttpDeps, router, valid, verb } from '../http/index.ts'
import { Accounting, AccountingQuery } from '../ingest/contract.ts'
import { usageAccounting } from './index.ts'

export const routes = (deps: HttpDeps) =>
  router().get(
    '/accounting',
    answers('What arrived and what became of it', Accounting),
    valid('query', AccountingQuery),
    async (c) => c.json(await verb(c, deps, (ctx) => usageAccounting(ctx, c.req.valid('query')))),
  )
