/** HTTP of the inventory. */
import { answers, csvAnswer, type HttpDeps, router, valid, verb } from '../http/index.ts'
import { Id, page } from '../http/contract.ts'
import { z } from 'zod'
import {
  Assignment,
  AssignmentWithdrawal,
  History,
  NewAssignment,
  NewSameAs,
  ProjectClosure,
  Resource,
  ResourceDetail,
  ResourceQuery,
  SameAsDecision,
} from './contract.ts'
import { routes as assignmentRules } from './assignment-rules/routes.ts'
import { resourceCsv } from './csv.ts'
import { routes as topology } from './topology/routes.ts'
import { Project } from '../accounts/contract.ts'
import {
  assign,
  closeProject,
  type Extras,
  getResource,
  history,
  listResources,
  sameAs,
  summary,
  withdrawAssignments,
  withdrawSameAs,
} from './index.ts'

const Param = z.object({ id: Id })
const Summary = z.object({
  by_kind: z.array(z.object({ kind: z.string(), total: z.int(), running: z.int(), stopped: z.int() })),
  unowned: z.int(),
})

export const routes = (deps: HttpDeps, extras: Extras) =>
  router()
    .route('/', assignmentRules(deps))
    .route('/', topology(deps))
    .get(
      '/resources',
      answers('Resources of every kind, one page', page(Resource), 'inventory.read'),
      valid('query', ResourceQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => listResources(ctx, c.req.valid('query'), extras))),
    )
    .get(
      '/resources.csv',
      answers('The same list as CSV, all pages', z.string(), 'inventory.read', { media: 'text/csv' }),
      valid('query', ResourceQuery),
      async (c) => {
        const text = await verb(c, deps, (ctx) => resourceCsv(ctx, c.req.valid('query'), extras))
        return csvAnswer(text, 'resources')
      },
    )
    .get('/resources/summary', answers('Totals by kind', Summary, 'inventory.read'), async (c) =>
      c.json(await verb(c, deps, summary)),
    )
    .get(
      '/resources/:id',
      answers('One resource', ResourceDetail, 'inventory.read'),
      valid('param', Param),
      async (c) => c.json(await verb(c, deps, (ctx) => getResource(ctx, c.req.valid('param').id, extras))),
    )
    .get(
      '/resources/:id/history',
      answers('What was observed and who owned it', History, 'inventory.read'),
      valid('param', Param),
      async (c) => c.json(await verb(c, deps, (ctx) => history(ctx, c.req.valid('param').id))),
    )
    .post(
      '/resources/:id/assignments',
      answers('Transfer the resource to an account from an instant on', Assignment, 'inventory.assign', {
        status: 201,
      }),
      valid('param', Param),
      valid('json', NewAssignment),
      async (c) => c.json(await verb(c, deps, (ctx) => assign(ctx, c.req.valid('param').id, c.req.valid('json'))), 201),
    )
    .delete(
      '/resources/:id/assignments',
      answers(
        'Take back what people decided of its owner from an instant on: rules decide again',
        null,
        'inventory.assign',
      ),
      valid('param', Param),
      valid('query', AssignmentWithdrawal),
      async (c) => {
        await verb(c, deps, (ctx) => withdrawAssignments(ctx, c.req.valid('param').id, c.req.valid('query')))
        return c.body(null, 204)
      },
    )
    .post(
      '/projects/:id/closure',
      answers('Close a project, empty or with where its resources go', Project, 'accounts.write'),
      valid('param', Param),
      valid('json', ProjectClosure),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => closeProject(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
    .post(
      '/resources/:id/same-as',
      answers('Say that two resources are one machine, or are not', SameAsDecision, 'inventory.assign', {
        status: 201,
      }),
      valid('param', Param),
      valid('json', NewSameAs),
      async (c) => c.json(await verb(c, deps, (ctx) => sameAs(ctx, c.req.valid('param').id, c.req.valid('json'))), 201),
    )
    .delete(
      '/resources/:id/same-as/:other',
      answers('Take that back: the evidence decides again', null, 'inventory.assign'),
      valid('param', Param.extend({ other: Id })),
      async (c) => {
        const { id, other } = c.req.valid('param')
        await verb(c, deps, (ctx) => withdrawSameAs(ctx, id, other))
        return c.body(null, 204)
      },
    )
