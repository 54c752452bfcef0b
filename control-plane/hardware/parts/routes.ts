/** HTTP of parts. */
import { z } from 'zod'
import { answers, ById, csvAnswer, type HttpDeps, router, valid, verb } from '../../http/index.ts'
import { NewPartEntries, PartEntryList, PartHistory, PartKey, PartPage, PartQuery } from '../contract.ts'
import { partsCsv } from './csv.ts'
import { addEntries, listParts, partHistory, withdrawEntry } from './index.ts'

export const routes = (deps: HttpDeps) =>
  router()
    .get(
      '/hardware/parts',
      answers('Parts by their serial: in machines, in stock, retired and missing, one page', PartPage, 'agents.read'),
      valid('query', PartQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => listParts(ctx, c.req.valid('query')))),
    )
    .get(
      '/hardware/parts.csv',
      answers('The same list as CSV, all pages', z.string(), 'agents.read', { media: 'text/csv' }),
      valid('query', PartQuery),
      async (c) => csvAnswer(await verb(c, deps, (ctx) => partsCsv(ctx, c.req.valid('query'))), 'parts'),
    )
    .get(
      '/hardware/parts/:type/:serial',
      answers('Where one part is, where it was, and what was said of it', PartHistory, 'agents.read'),
      valid('param', PartKey),
      async (c) => c.json(await verb(c, deps, (ctx) => partHistory(ctx, c.req.valid('param')))),
    )
    .post(
      '/hardware/entries',
      answers('Put parts into stock, or retire them', PartEntryList, 'agents.write', { status: 201 }),
      valid('json', NewPartEntries),
      async (c) => c.json({ items: await verb(c, deps, (ctx) => addEntries(ctx, c.req.valid('json'))) }, 201),
    )
    .delete(
      '/hardware/entries/:id',
      answers('Take back what was said of a part', null, 'agents.write'),
      valid('param', ById),
      async (c) => {
        await verb(c, deps, (ctx) => withdrawEntry(ctx, c.req.valid('param').id))
        return c.body(null, 204)
      },
    )
