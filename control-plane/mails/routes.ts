/** HTTP of mails. */
import { answers, ById, type HttpDeps, router, valid, verb } from '../http/index.ts'
import { page } from '../http/contract.ts'
import { Mail, MailQuery } from './contract.ts'
import { confirmArrival, listMails } from './index.ts'

export const routes = (deps: HttpDeps) =>
  router()
    .get(
      '/mails',
      answers('Mails with documents, newest first, and what became of each', page(Mail), 'billing.write'),
      valid('query', MailQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => listMails(ctx, c.req.valid('query')))),
    )
    .post(
      '/mails/:id/arrival',
      answers('Say of a mail of which nobody could know that it arrived', Mail, 'billing.write', {
        repeatable: 'a second time it is refused by the state that the first left',
      }),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => confirmArrival(ctx, c.req.valid('param').id))),
    )
