/** HTTP of the intake: what was refused and why. */
import { answers, type HttpDeps, router, valid, verb } from '../http/index.ts'
import { page } from '../http/contract.ts'
import { QuarantineItem, QuarantineQuery } from './contract.ts'
import { listQuarantined } from './index.ts'

export const routes = (deps: HttpDeps) =>
  router().get(
    '/quarantine',
    answers('What could not be taken, newest first', page(QuarantineItem), 'intake.read'),
    valid('query', QuarantineQuery),
    async (c) => c.json(await verb(c, deps, (ctx) => listQuarantined(ctx, c.req.valid('query')))),
  )
