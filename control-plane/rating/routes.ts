/** HTTP of rating: services with their fees, what a price would charge, usage by day, the sums of the accounting page, and gaps that people accept. */
import { z } from 'zod'
import { answers, ById, csvAnswer, type HttpDeps, router, valid, verb } from '../http/index.ts'
import { Accounting, AccountingQuery } from '../ingest/contract.ts'
import { AccountUsage, AccountUsageQuery, NewGapAcceptance, NewQuote, Quote, SubscriptionList } from './contract.ts'
import { acceptGaps, pricedServices, quote, usageAccounting, usageByDay, usageCsv } from './index.ts'

export const routes = (deps: HttpDeps) =>
  router()
    .get(
      '/accounting',
      answers('What arrived and what became of it', Accounting, 'intake.read'),
      valid('query', AccountingQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => usageAccounting(ctx, c.req.valid('query')))),
    )
    .get(
      '/accounts/:id/usage',
      answers('Usage of an account by day, as its next invoice counts it', AccountUsage, 'usage.read'),
      valid('param', ById),
      valid('query', AccountUsageQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => usageByDay(ctx, c.req.valid('param').id, c.req.valid('query')))),
    )
    .get(
      '/accounts/:id/usage.csv',
      answers('The same as CSV', z.string(), 'usage.read', { media: 'text/csv' }),
      valid('param', ById),
      valid('query', AccountUsageQuery),
      async (c) => {
        const { id } = c.req.valid('param')
        const usage = await verb(c, deps, (ctx) => usageByDay(ctx, id, c.req.valid('query')))
        return csvAnswer(usageCsv(usage), `usage-${usage.month}`)
      },
    )
    .get(
      '/accounts/:id/services',
      answers('Plans that an account is subscribed to, with what fulfils them', SubscriptionList, 'accounts.read'),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => pricedServices(ctx, c.req.valid('param').id))),
    )
    .post(
      '/prices/quote',
      answers('What a quantity would cost at a price', Quote, 'catalog.read', { repeatable: 'only reads' }),
      valid('json', NewQuote),
      async (c) => c.json(await verb(c, deps, (ctx) => quote(ctx, c.req.valid('json')))),
    )
    .post(
      '/accounts/:id/accepted-gaps',
      answers('Let the next invoice go out with these gaps as they are', null, 'billing.write'),
      valid('param', ById),
      valid('json', NewGapAcceptance),
      async (c) => {
        await verb(c, deps, (ctx) => acceptGaps(ctx, c.req.valid('param').id, c.req.valid('json')))
        return c.body(null, 204)
      },
    )
