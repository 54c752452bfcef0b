/** HTTP of contracts: opening an account, and the contracts of one. */
import { z } from 'zod'
import { Account, LegalEntity, NewLegalEntity } from '../accounts/contract.ts'
import { Id } from '../http/contract.ts'
import { answers, type HttpDeps, router, valid, verb } from '../http/index.ts'
import { ContractList, OpenAccount } from './contract.ts'
import { listContracts, openAccount, openLegalEntity } from './index.ts'
import { routes as books } from './books/routes.ts'
import { routes as services } from './services/routes.ts'

export const routes = (deps: HttpDeps) =>
  router()
    .route('/', services(deps))
    .route('/', books(deps))
    .post(
      '/accounts',
      answers('Open an account, with its contract and a pay-as-you-go service', Account, 'accounts.open', {
        status: 201,
      }),
      valid('json', OpenAccount),
      async (c) => c.json(await verb(c, deps, (ctx) => openAccount(ctx, c.req.valid('json'))), 201),
    )
    .post(
      '/legal-entities',
      answers('Add a company that sells, with its standard price book', LegalEntity, 'legal_entities.write', {
        status: 201,
      }),
      valid('json', NewLegalEntity),
      async (c) => c.json(await verb(c, deps, (ctx) => openLegalEntity(ctx, c.req.valid('json'))), 201),
    )
    .get(
      '/accounts/:id/contracts',
      answers('Contracts of an account, the oldest first', ContractList, 'accounts.read'),
      valid('param', z.object({ id: Id })),
      async (c) => c.json({ items: await verb(c, deps, (ctx) => listContracts(ctx, c.req.valid('param').id)) }),
    )
