/** HTTP of closing. */
import { z } from 'zod'
import { answers, ById, type HttpDeps, router, valid, verb } from '../http/index.ts'
import { Id, page, PageQuery } from '../http/contract.ts'
import { AccountQuery, Close, ClosingAccount, Finalise, Hold, MailedClose, NewClose } from './contract.ts'
import {
  cancelClose,
  finaliseClose,
  getClose,
  holdAccount,
  listCloses,
  listClosing,
  mailClose,
  openClose,
  retryParked,
  reviewAgain,
} from './index.ts'

const Param = z.object({ id: Id, account: Id })
const STEP = { repeatable: 'a second time it is refused by the state that the first left' }

export const routes = (deps: HttpDeps) =>
  router()
    .get(
      '/period-closes',
      answers('Months that are or were closed, newest first', page(Close), 'billing.write'),
      valid('query', PageQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => listCloses(ctx, c.req.valid('query')))),
    )
    .post(
      '/period-closes',
      answers('Open a month of a company: drafts of all its accounts are made', Close, 'billing.write', {
        status: 201,
      }),
      valid('json', NewClose),
      async (c) => c.json(await verb(c, deps, (ctx) => openClose(ctx, c.req.valid('json'))), 201),
    )
    .get('/period-closes/:id', answers('One close', Close, 'billing.write'), valid('param', ById), async (c) =>
      c.json(await verb(c, deps, (ctx) => getClose(ctx, c.req.valid('param').id))),
    )
    .get(
      '/period-closes/:id/accounts',
      answers('Its accounts by name, with their drafts and flags', page(ClosingAccount), 'billing.write'),
      valid('param', ById),
      valid('query', AccountQuery),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => listClosing(ctx, c.req.valid('param').id, c.req.valid('query')))),
    )
    .patch(
      '/period-closes/:id/accounts/:account',
      answers('Hold an account back, or let it in again', ClosingAccount, 'billing.write'),
      valid('param', Param),
      valid('json', Hold),
      async (c) => {
        const { id, account } = c.req.valid('param')
        return c.json(await verb(c, deps, (ctx) => holdAccount(ctx, id, account, c.req.valid('json'))))
      },
    )
    .post(
      '/period-closes/:id/review',
      answers('Make the drafts anew', Close, 'billing.write', STEP),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => reviewAgain(ctx, c.req.valid('param').id))),
    )
    .post(
      '/period-closes/:id/finalise',
      answers('Issue every account that is ready', Close, 'billing.write', STEP),
      valid('param', ById),
      valid('json', Finalise),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => finaliseClose(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
    .post(
      '/period-closes/:id/retry',
      answers('Try again to issue what was parked', Close, 'billing.write', STEP),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => retryParked(ctx, c.req.valid('param').id))),
    )
    .post(
      '/period-closes/:id/cancel',
      answers('Give it up before anything was issued', Close, 'billing.write', STEP),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => cancelClose(ctx, c.req.valid('param').id))),
    )
    .post(
      '/period-closes/:id/mails',
      answers('Send by mail what this close issued and nobody sent yet', MailedClose, 'billing.write', {
        repeatable: 'what is on its way, or was sent, is left alone',
      }),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => mailClose(ctx, c.req.valid('param').id))),
    )
