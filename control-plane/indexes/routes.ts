/** HTTP of price indexes. */
import { answers, ById, type HttpDeps, router, valid, verb } from '../http/index.ts'
import {
  IndexValuePage,
  IndexValueQuery,
  NewIndexValues,
  NewPriceIndex,
  PriceIndex,
  PriceIndexList,
  PublishedValues,
} from './contract.ts'
import { createIndex, getIndex, listIndexes, listValues, publishValues } from './index.ts'

export const routes = (deps: HttpDeps) =>
  router()
    .get('/price-indexes', answers('Price indexes, by name', PriceIndexList, 'catalog.read'), async (c) =>
      c.json({ items: await verb(c, deps, listIndexes) }),
    )
    .post(
      '/price-indexes',
      answers('Add a published price by which prices may go', PriceIndex, 'catalog.write', { status: 201 }),
      valid('json', NewPriceIndex),
      async (c) => c.json(await verb(c, deps, (ctx) => createIndex(ctx, c.req.valid('json'))), 201),
    )
    .get(
      '/price-indexes/:id',
      answers('One price index', PriceIndex, 'catalog.read'),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => getIndex(ctx, c.req.valid('param').id))),
    )
    .get(
      '/price-indexes/:id/values',
      answers('Values of a price index, by time', IndexValuePage, 'catalog.read'),
      valid('param', ById),
      valid('query', IndexValueQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => listValues(ctx, c.req.valid('param').id, c.req.valid('query')))),
    )
    .post(
      '/price-indexes/:id/values',
      answers('Publish values of a price index, or correct some', PublishedValues, 'catalog.write', { status: 201 }),
      valid('param', ById),
      valid('json', NewIndexValues),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => publishValues(ctx, c.req.valid('param').id, c.req.valid('json'))), 201),
    )
