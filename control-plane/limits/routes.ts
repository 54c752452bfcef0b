/** HTTP of limits: a month by the day, budgets and limits, and how near an account is to them. */
import { answers, ById, type HttpDeps, router, valid, verb } from '../http/index.ts'
import { MonthBill, MonthQuery, NewUsageLimit, Standings, UsageLimit, UsageLimits } from './contract.ts'
import { listLimits, monthBill, removeLimit, setLimit, standings } from './index.ts'

export const routes = (deps: HttpDeps) =>
  router()
    .get(
      '/accounts/:id/bill',
      answers('A month of an account by the day, with its forecast and its overage', MonthBill, 'billing.read'),
      valid('param', ById),
      valid('query', MonthQuery),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => monthBill(ctx, c.req.valid('param').id, c.req.valid('query').month))),
    )
    .get(
      '/accounts/:id/standings',
      answers('How near an account is to its budget, limits and allowances', Standings, 'usage.read'),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => standings(ctx, c.req.valid('param').id))),
    )
    .get(
      '/accounts/:id/limits',
      answers('The budget and the limits that an account set itself', UsageLimits, 'billing.read'),
      valid('param', ById),
      async (c) =>
        c.json(await verb(c, deps, async (ctx) => ({ items: await listLimits(ctx, c.req.valid('param').id) }))),
    )
    .post(
      '/accounts/:id/limits',
      answers('Set the budget of an account, or a limit of one of its resources', UsageLimit, 'accounts.write', {
        status: 201,
      }),
      valid('param', ById),
      valid('json', NewUsageLimit),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => setLimit(ctx, c.req.valid('param').id, c.req.valid('json'))), 201),
    )
    .delete(
      '/limits/:id',
      answers('Remove a budget or a limit', null, 'accounts.write'),
      valid('param', ById),
      async (c) => {
        await verb(c, deps, (ctx) => removeLimit(ctx, c.req.valid('param').id))
        return c.body(null, 204)
      },
    )
