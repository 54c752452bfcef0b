/** HTTP of repricing. */
import { z } from 'zod'
import { answers, ById, csvAnswer, type HttpDeps, router, valid, verb } from '../http/index.ts'
import { Id, page, PageQuery } from '../http/contract.ts'
import {
  DecidedPrice,
  NewDecision,
  NewPriceChange,
  Preview,
  PreviewQuery,
  PriceChange,
  PriceChangeEdit,
  PriceChangeQuery,
  Undo,
  NewWhatIf,
  WhatIf,
  WhatIfAccount,
  WhatIfAccountQuery,
} from './contract.ts'
import {
  cancelWhatIf,
  createChange,
  decidePrice,
  discardChange,
  editChange,
  getChange,
  getWhatIf,
  listChanges,
  listDecided,
  listWhatIfAccounts,
  listWhatIfs,
  previewCsv,
  previewRecalculation,
  publishChange,
  startWhatIf,
  undoChange,
  whatIfCsv,
  withdrawDecision,
} from './index.ts'

const READS = { repeatable: 'only reads' }
const STEP = { repeatable: 'a second time it is refused by the state that the first left' }
const Decision = z.object({ id: Id, price: Id })

export const routes = (deps: HttpDeps) =>
  router()
    .post(
      '/price-changes/preview',
      answers('What changing many prices would do', Preview, 'catalog.write', READS),
      valid('json', PreviewQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => previewRecalculation(ctx, c.req.valid('json')))),
    )
    .post(
      '/price-changes/preview.csv',
      answers('The same as CSV, all prices', z.string(), 'catalog.write', { ...READS, media: 'text/csv' }),
      valid('json', PreviewQuery),
      async (c) => csvAnswer(await verb(c, deps, (ctx) => previewCsv(ctx, c.req.valid('json'))), 'prices'),
    )
    .get(
      '/price-changes',
      answers('Sets of decisions about prices, newest first', page(PriceChange), 'catalog.read'),
      valid('query', PriceChangeQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => listChanges(ctx, c.req.valid('query')))),
    )
    .post(
      '/price-changes',
      answers('Draft decisions about prices, or change many prices at once', PriceChange, 'catalog.write', {
        status: 201,
      }),
      valid('json', NewPriceChange),
      async (c) => c.json(await verb(c, deps, (ctx) => createChange(ctx, c.req.valid('json'))), 201),
    )
    .get(
      '/price-changes/:id',
      answers('One set of decisions', PriceChange, 'catalog.read'),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => getChange(ctx, c.req.valid('param').id))),
    )
    .patch(
      '/price-changes/:id',
      answers('Change the name, reason or beginning of a draft', PriceChange, 'catalog.write'),
      valid('param', ById),
      valid('json', PriceChangeEdit),
      async (c) => c.json(await verb(c, deps, (ctx) => editChange(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
    .get(
      '/price-changes/:id/prices',
      answers('Its prices, before and after', page(DecidedPrice), 'catalog.read'),
      valid('param', ById),
      valid('query', PageQuery),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => listDecided(ctx, c.req.valid('param').id, c.req.valid('query')))),
    )
    .put(
      '/price-changes/:id/prices',
      answers('Decide about one price of a draft', PriceChange, 'catalog.write'),
      valid('param', ById),
      valid('json', NewDecision),
      async (c) => c.json(await verb(c, deps, (ctx) => decidePrice(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
    .delete(
      '/price-changes/:id/prices/:price',
      answers('Take a decision out of a draft', null, 'catalog.write'),
      valid('param', Decision),
      async (c) => {
        const { id, price } = c.req.valid('param')
        await verb(c, deps, (ctx) => withdrawDecision(ctx, id, price))
        return c.body(null, 204)
      },
    )
    .post(
      '/price-changes/:id/publish',
      answers('Put all prices of a draft in force', PriceChange, 'catalog.write', STEP),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => publishChange(ctx, c.req.valid('param').id))),
    )
    .post(
      '/price-changes/:id/discard',
      answers('Give a draft up', PriceChange, 'catalog.write', STEP),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => discardChange(ctx, c.req.valid('param').id))),
    )
    .post(
      '/price-changes/:id/undo',
      answers('Bring back what held before, by new versions', PriceChange, 'catalog.write', { status: 201 }),
      valid('param', ById),
      valid('json', Undo),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => undoChange(ctx, c.req.valid('param').id, c.req.valid('json'))), 201),
    )
    .get(
      '/what-ifs',
      answers('Reports of what drafts would have changed, newest first', page(WhatIf), 'catalog.write'),
      valid('query', PageQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => listWhatIfs(ctx, c.req.valid('query')))),
    )
    .post(
      '/what-ifs',
      answers('Ask what a draft would have changed on the last months of what was issued', WhatIf, 'catalog.write', {
        status: 201,
      }),
      valid('json', NewWhatIf),
      async (c) => c.json(await verb(c, deps, (ctx) => startWhatIf(ctx, c.req.valid('json'))), 201),
    )
    .get(
      '/what-ifs/:id',
      answers('One report, and how far it is', WhatIf, 'catalog.write'),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => getWhatIf(ctx, c.req.valid('param').id))),
    )
    .get(
      '/what-ifs/:id/accounts',
      answers('What each customer would have paid', page(WhatIfAccount), 'catalog.write'),
      valid('param', ById),
      valid('query', WhatIfAccountQuery),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => listWhatIfAccounts(ctx, c.req.valid('param').id, c.req.valid('query')))),
    )
    .get(
      '/what-ifs/:id/accounts.csv',
      answers('The same as CSV, all customers', z.string(), 'catalog.write', { media: 'text/csv' }),
      valid('param', ById),
      valid('query', WhatIfAccountQuery),
      async (c) =>
        csvAnswer(
          await verb(c, deps, (ctx) => whatIfCsv(ctx, c.req.valid('param').id, c.req.valid('query'))),
          'what-if',
        ),
    )
    .post('/what-ifs/:id/cancel', answers('Stop it', WhatIf, 'catalog.write', STEP), valid('param', ById), async (c) =>
      c.json(await verb(c, deps, (ctx) => cancelWhatIf(ctx, c.req.valid('param').id))),
    )
