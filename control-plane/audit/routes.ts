/** HTTP of the audit. */
import { z } from 'zod'
import { page } from '../http/contract.ts'
import { answers, type HttpDeps, router, valid, verb } from '../http/index.ts'
import { textStream } from '../http/text-stream.ts'
import { AuditExpectation, AuditFilter, AuditQuery, AuditRecord, AuditVerification } from './contract.ts'
import { type ExportFormat, exportAudit, listAudit, verifyAudit } from './index.ts'

const fileHeaders = (format: ExportFormat, media: string) => ({
  'content-type': `${media}; charset=utf-8`,
  'content-disposition': `attachment; filename="audit.${format}"`,
})

/** The filter with the people whom it means: names are sealed, so no query finds them. */
const meant = async <F extends AuditFilter>(deps: HttpDeps, filter: F) =>
  filter.actor === undefined ? filter : { ...filter, actor_ids: await deps.names.called(filter.actor) }

export const routes = (deps: HttpDeps) =>
  router()
    .get(
      '/audit',
      answers('Who did what, newest first', page(AuditRecord), 'audit.read'),
      valid('query', AuditQuery),
      async (c) => {
        const query = await meant(deps, c.req.valid('query'))
        return c.json(await verb(c, deps, (ctx) => listAudit(ctx, query)))
      },
    )
    .get(
      '/audit.csv',
      answers('The same list as CSV, all pages', z.string(), 'audit.read', { media: 'text/csv' }),
      valid('query', AuditFilter),
      async (c) => {
        const pieces = await exportAudit((work) => verb(c, deps, work), await meant(deps, c.req.valid('query')), 'csv')
        return c.body(textStream(pieces), 200, fileHeaders('csv', 'text/csv'))
      },
    )
    .get(
      '/audit.ndjson',
      answers('The same list, one JSON object a line', z.string(), 'audit.read', { media: 'application/x-ndjson' }),
      valid('query', AuditFilter),
      async (c) => {
        const pieces = await exportAudit(
          (work) => verb(c, deps, work),
          await meant(deps, c.req.valid('query')),
          'ndjson',
        )
        return c.body(textStream(pieces), 200, fileHeaders('ndjson', 'application/x-ndjson'))
      },
    )
    .post(
      '/audit/verification',
      answers('Recompute the chain of seals from every record', AuditVerification, 'audit.read', {
        repeatable: 'only reads',
      }),
      valid('json', AuditExpectation),
      async (c) => c.json(await verb(c, deps, (ctx) => verifyAudit(ctx, c.req.valid('json')))),
    )
