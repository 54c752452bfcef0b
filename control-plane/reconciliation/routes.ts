/** HTTP of reconciliation. */
import { z } from 'zod'
import { page } from '../http/contract.ts'
import { answers, ById, csvAnswer, type HttpDeps, router, valid, verb } from '../http/index.ts'
import {
  AdoptionPreview,
  AdoptionPreviewRequest,
  Discrepancy,
  DiscrepancyCsvQuery,
  DiscrepancyQuery,
  ReconciliationSummary,
} from './contract.ts'
import { reconciliationCsv } from './csv.ts'
import { allDiscrepancies, discrepancies, previewAdoption, reconciliationSummary } from './index.ts'

export const routes = (deps: HttpDeps) =>
  router()
    .get(
      '/reconciliation',
      answers('What differs between what sources see and what is sold', page(Discrepancy), 'reconciliation.read'),
      valid('query', DiscrepancyQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => discrepancies(ctx, c.req.valid('query')))),
    )
    .get(
      '/reconciliation/summary',
      answers('How much matches, differs and is unknown', ReconciliationSummary, 'reconciliation.read'),
      async (c) => c.json(await verb(c, deps, reconciliationSummary)),
    )
    .get(
      '/reconciliation.csv',
      answers('What differs, as CSV', z.string(), 'reconciliation.read', { media: 'text/csv' }),
      valid('query', DiscrepancyCsvQuery),
      async (c) =>
        csvAnswer(
          reconciliationCsv(await verb(c, deps, (ctx) => allDiscrepancies(ctx, c.req.valid('query')))),
          'reconciliation',
        ),
    )
    .post(
      '/resources/:id/adoption-preview',
      answers(
        'What it would bring to give a machine to an account from an instant on',
        AdoptionPreview,
        'inventory.assign',
        { repeatable: 'only reads' },
      ),
      valid('param', ById),
      valid('json', AdoptionPreviewRequest),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => previewAdoption(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
