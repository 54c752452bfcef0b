/** HTTP of settlement. */
import { z } from 'zod'
import { answers, ById, type HttpDeps, router, valid, verb } from '../http/index.ts'
import { NewReversal, NewWriteOff, Receivables, WriteOff } from './contract.ts'
import { listWriteOffs, receivables, reverseWriteOff, writeOff } from './index.ts'

export const routes = (deps: HttpDeps) =>
  router()
    .get(
      '/receivables',
      answers('What all documents together leave open, for each currency', Receivables, 'billing.write'),
      async (c) => c.json(await verb(c, deps, receivables)),
    )
    .get(
      '/invoices/:id/write-offs',
      answers('What was written off of a document', z.object({ items: z.array(WriteOff) }), 'billing.write'),
      valid('param', ById),
      async (c) => c.json({ items: await verb(c, deps, (ctx) => listWriteOffs(ctx, c.req.valid('param').id)) }),
    )
    .post(
      '/invoices/:id/write-offs',
      answers('Give up what is open of a document, or a part of it', WriteOff, 'billing.write', { status: 201 }),
      valid('param', ById),
      valid('json', NewWriteOff),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => writeOff(ctx, c.req.valid('param').id, c.req.valid('json'))), 201),
    )
    .post(
      '/write-offs/:id/reversal',
      answers('Undo a write-off', WriteOff, 'billing.write', {
        repeatable: 'a second time it is refused by the state that the first left',
      }),
      valid('param', ById),
      valid('json', NewReversal),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => reverseWriteOff(ctx, c.req.valid('param').id, c.req.valid('json').reason))),
    )
