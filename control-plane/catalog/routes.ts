/** HTTP of the catalogue: meters and prices. */
import { answers, type HttpDeps, router, valid, verb } from '../http/index.ts'
import { MeterList, NewPrice, Price, PriceBookList, PriceList, PriceQuery } from './contract.ts'
import { addPrice, listBooks, listMeters, listPrices } from './index.ts'

export const routes = (deps: HttpDeps) =>
  router()
    .get('/meters', answers('What can be priced, and in which units', MeterList, 'session'), (c) =>
      c.json({ items: listMeters() }),
    )
    .get('/price-books', answers('Price books, by name', PriceBookList, 'catalog.read'), async (c) =>
      c.json({ items: await verb(c, deps, listBooks) }),
    )
    .get(
      '/prices',
      answers('Prices of a price book', PriceList, 'catalog.read'),
      valid('query', PriceQuery),
      async (c) => {
        const { history, ...of } = c.req.valid('query')
        return c.json(await verb(c, deps, (ctx) => listPrices(ctx, { history: history === 'true', ...of })))
      },
    )
    .post(
      '/prices',
      answers('Record a new version of a price', Price, 'catalog.write', { status: 201 }),
      valid('json', NewPrice),
      async (c) => c.json(await verb(c, deps, (ctx) => addPrice(ctx, c.req.valid('json'))), 201),
    )
