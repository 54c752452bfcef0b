/** HTTP of negotiated books: which accounts have which, assigning and ending. */
import { answers, ById, type HttpDeps, router, valid, verb } from '../../http/index.ts'
import { BookAssignment, BookAssignmentList, BookEnd, EndedBook, NewBookAssignment } from '../contract.ts'
import { assignBook, endBook, listBooksOf, listHolders } from './index.ts'

export const routes = (deps: HttpDeps) =>
  router()
    .get(
      '/accounts/:id/price-books',
      answers('Negotiated price books of an account, the oldest first', BookAssignmentList, 'catalog.read'),
      valid('param', ById),
      async (c) => c.json({ items: await verb(c, deps, (ctx) => listBooksOf(ctx, c.req.valid('param').id)) }),
    )
    .post(
      '/accounts/:id/price-books',
      answers('Assign a negotiated price book to an account for a time', BookAssignment, 'contracts.write', {
        status: 201,
      }),
      valid('param', ById),
      valid('json', NewBookAssignment),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => assignBook(ctx, c.req.valid('param').id, c.req.valid('json'))), 201),
    )
    .get(
      '/price-books/:id/accounts',
      answers('Accounts that have a negotiated price book', BookAssignmentList, 'catalog.read'),
      valid('param', ById),
      async (c) => c.json({ items: await verb(c, deps, (ctx) => listHolders(ctx, c.req.valid('param').id)) }),
    )
    .post(
      '/book-assignments/:id/end',
      answers('Let a negotiated price book hold no more from an instant on', EndedBook, 'contracts.write'),
      valid('param', ById),
      valid('json', BookEnd),
      async (c) =>
        c.json({
          assignment: await verb(c, deps, (ctx) => endBook(ctx, c.req.valid('param').id, c.req.valid('json'))),
        }),
    )
