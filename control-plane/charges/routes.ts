/** HTTP of charges. */
import { answers, ById, type HttpDeps, router, valid, verb } from '../http/index.ts'
import { page } from '../http/contract.ts'
import { Cancellation, Charge, ChargeQuery, NewCharge } from './contract.ts'
import { addCharge, cancelCharge, listCharges } from './index.ts'

export const routes = (deps: HttpDeps) =>
  router()
    .get(
      '/accounts/:id/charges',
      answers('What an account was charged for once, newest first', page(Charge), 'billing.write'),
      valid('param', ById),
      valid('query', ChargeQuery),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => listCharges(ctx, c.req.valid('param').id, c.req.valid('query')))),
    )
    .post(
      '/accounts/:id/charges',
      answers('Charge an account for something once', Charge, 'billing.write', { status: 201 }),
      valid('param', ById),
      valid('json', NewCharge),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => addCharge(ctx, c.req.valid('param').id, c.req.valid('json'))), 201),
    )
    .post(
      '/charges/:id/cancellation',
      answers('Cancel a charge; what was billed of it is credited by a note', Charge, 'billing.write', {
        repeatable: 'a second time it is refused by the state that the first left',
      }),
      valid('param', ById),
      valid('json', Cancellation),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => cancelCharge(ctx, c.req.valid('param').id, c.req.valid('json').reason))),
    )
