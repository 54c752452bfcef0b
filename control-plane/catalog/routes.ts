/** HTTP of the catalogue: meters, prices and plans. */
import { answers, ById, type HttpDeps, router, valid, verb } from '../http/index.ts'
import {
  CostBook,
  CostBookChange,
  CostBookList,
  MeterList,
  NewCostBook,
  NewPlan,
  NewPrice,
  NewPriceBook,
  NewPriceList,
  Plan,
  PlanChange,
  PlanList,
  Price,
  PriceBook,
  PriceBookList,
  PriceList,
  PriceListReport,
  PriceQuery,
} from './contract.ts'
import {
  addPrice,
  changeCostBook,
  changePlan,
  createBook,
  createCostBook,
  createPlan,
  getPlan,
  listBooks,
  listCostBooks,
  listMeters,
  listPlans,
  listPrices,
  publishPlan,
  retirePlan,
} from './index.ts'
import { importPriceList, previewPriceList } from './price-list/index.ts'

export const routes = (deps: HttpDeps) =>
  router()
    .get('/meters', answers('What can be priced, and in which units', MeterList, 'session'), (c) =>
      c.json({ items: listMeters() }),
    )
    .get('/price-books', answers('Price books, by name', PriceBookList, 'catalog.read'), async (c) =>
      c.json({ items: await verb(c, deps, listBooks) }),
    )
    .post(
      '/price-books',
      answers(
        'Make a book for negotiated prices, or the standard book of another currency',
        PriceBook,
        'catalog.write',
        {
          status: 201,
        },
      ),
      valid('json', NewPriceBook),
      async (c) => c.json(await verb(c, deps, (ctx) => createBook(ctx, c.req.valid('json'))), 201),
    )
    .get('/cost-books', answers('At which prices machines cost us', CostBookList, 'margins.read'), async (c) =>
      c.json(await verb(c, deps, listCostBooks)),
    )
    .post(
      '/cost-books',
      answers('Open a price book of what the machines of a realm cost us', CostBook, 'catalog.write', {
        status: 201,
      }),
      valid('json', NewCostBook),
      async (c) => c.json(await verb(c, deps, (ctx) => createCostBook(ctx, c.req.valid('json'))), 201),
    )
    .patch(
      '/cost-books/:id',
      answers('Say until when a cost book holds', CostBook, 'catalog.write'),
      valid('param', ById),
      valid('json', CostBookChange),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => changeCostBook(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
    .post(
      '/cost-books/:id/price-list/preview',
      answers(
        "What a provider's price list would change in a cost book, line by line",
        PriceListReport,
        'catalog.write',
        {
          repeatable: 'only reads',
        },
      ),
      valid('param', ById),
      valid('json', NewPriceList),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => previewPriceList(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
    .post(
      '/cost-books/:id/price-list',
      answers("Record a provider's price list in a cost book: all of it or nothing", PriceListReport, 'catalog.write', {
        repeatable: 'the same list once more records nothing',
      }),
      valid('param', ById),
      valid('json', NewPriceList),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => importPriceList(ctx, c.req.valid('param').id, c.req.valid('json')))),
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
    .get('/plans', answers('Plans, the oldest first', PlanList, 'catalog.read'), async (c) =>
      c.json({ items: await verb(c, deps, listPlans) }),
    )
    .post(
      '/plans',
      answers('Draw up a plan, with a price book of its own', Plan, 'catalog.write', { status: 201 }),
      valid('json', NewPlan),
      async (c) => c.json(await verb(c, deps, (ctx) => createPlan(ctx, c.req.valid('json'))), 201),
    )
    .get('/plans/:id', answers('One plan', Plan, 'catalog.read'), valid('param', ById), async (c) =>
      c.json(await verb(c, deps, (ctx) => getPlan(ctx, c.req.valid('param').id))),
    )
    .patch(
      '/plans/:id',
      answers('Change a plan', Plan, 'catalog.write'),
      valid('param', ById),
      valid('json', PlanChange),
      async (c) => c.json(await verb(c, deps, (ctx) => changePlan(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
    .post(
      '/plans/:id/publication',
      answers('Put a plan on sale: what bills follow from is fixed then', Plan, 'catalog.write'),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => publishPlan(ctx, c.req.valid('param').id))),
    )
    .post(
      '/plans/:id/retirement',
      answers('Take a plan off sale; who has it keeps it', Plan, 'catalog.write'),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => retirePlan(ctx, c.req.valid('param').id))),
    )
