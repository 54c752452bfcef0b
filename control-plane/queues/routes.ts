/** HTTP of queues. */
import { z } from 'zod'
import { answers, csvAnswer, type HttpDeps, router, valid, verb } from '../http/index.ts'
import { page } from '../http/contract.ts'
import { QueueCounts, QueueQuery, StuckAccount, UnownedResource, UnratedUsage } from './contract.ts'
import { CSV_ROWS, stuckCsv, unownedCsv, unratedCsv } from './csv.ts'
import { queueCounts, stuckAccounts, unownedResources, unratedUsage } from './index.ts'

const ALL: QueueQuery = { limit: CSV_ROWS, sort: 'money' }
const asCsv = (what: string) => answers(`${what}, as CSV`, z.string(), 'billing.write', { media: 'text/csv' })

export const routes = (deps: HttpDeps) =>
  router()
    .get('/queues', answers('How much waits for a person in each queue', QueueCounts, 'billing.write'), async (c) =>
      c.json(await verb(c, deps, queueCounts)),
    )
    .get(
      '/queues/unrated',
      answers('Owned usage without a price', page(UnratedUsage), 'billing.write'),
      valid('query', QueueQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => unratedUsage(ctx, c.req.valid('query')))),
    )
    .get('/queues/unrated.csv', asCsv('Owned usage without a price'), async (c) =>
      csvAnswer(unratedCsv((await verb(c, deps, (ctx) => unratedUsage(ctx, ALL))).items), 'unrated'),
    )
    .get(
      '/queues/unowned',
      answers('Machines that nobody owns', page(UnownedResource), 'billing.write'),
      valid('query', QueueQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => unownedResources(ctx, c.req.valid('query')))),
    )
    .get('/queues/unowned.csv', asCsv('Machines that nobody owns'), async (c) =>
      csvAnswer(unownedCsv((await verb(c, deps, (ctx) => unownedResources(ctx, ALL))).items), 'unowned'),
    )
    .get(
      '/queues/parked',
      answers('Accounts of closed months that could not be issued', page(StuckAccount), 'billing.write'),
      valid('query', QueueQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => stuckAccounts(ctx, 'parked', c.req.valid('query')))),
    )
    .get('/queues/parked.csv', asCsv('Accounts of closed months that could not be issued'), async (c) =>
      csvAnswer(stuckCsv((await verb(c, deps, (ctx) => stuckAccounts(ctx, 'parked', ALL))).items), 'parked'),
    )
    .get(
      '/queues/blocked',
      answers('Accounts of closed months that gaps hold back', page(StuckAccount), 'billing.write'),
      valid('query', QueueQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => stuckAccounts(ctx, 'blocked', c.req.valid('query')))),
    )
    .get('/queues/blocked.csv', asCsv('Accounts of closed months that gaps hold back'), async (c) =>
      csvAnswer(stuckCsv((await verb(c, deps, (ctx) => stuckAccounts(ctx, 'blocked', ALL))).items), 'blocked'),
    )
