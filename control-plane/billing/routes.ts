/** HTTP of billing: drafts, invoices, their proofs. */
import { z } from 'zod'
import { answers, ById, csvAnswer, type HttpDeps, router, valid, verb, verbAfter } from '../http/index.ts'
import { Amount, CurrencyCode, Id, InstantText, page, PageQuery } from '../http/contract.ts'
import { Problem } from '../base/problem.ts'
import { fromIso } from '../base/time.ts'
import type { Database } from '../db/index.ts'
import { Language, LegalEntity } from '../accounts/contract.ts'
import { NewPrice } from '../catalog/contract.ts'
import { Cancellation, NewSubscription, ServiceChange } from '../contracts/contract.ts'
import { Mail, MailAddress } from '../mails/contract.ts'
import {
  Draft,
  DraftSummary,
  Explanation,
  Invoice,
  InvoiceQuery,
  InvoiceSummary,
  NewInvoice,
  NewLogo,
  NewNotes,
  NewOneOffInvoice,
  NewReRating,
  OpenDifference,
  ReRating,
  ResourceCost,
  ServicePreview,
  Verification,
} from './contract.ts'
import {
  costOf,
  draft,
  drafts,
  explainDraftLine,
  explainInvoiceLine,
  getInvoice,
  invoicePdf,
  invoicesCsv,
  issue,
  issueNotes,
  issueOneOff,
  listInvoices,
  type LogoFile,
  logoOfEntity,
  logoOfInvoice,
  openDifferences,
  linesCsv,
  previewCancellation,
  previewChange,
  previewPrice,
  previewSubscription,
  proForma,
  putLogo,
  readyToInvoice,
  removeLogo,
  readyToReRate,
  reRate,
  sendDocument,
  verify,
} from './index.ts'

const READS = { repeatable: 'only reads' }
const serviceBill = (what: string) =>
  answers(`What ${what} would make of this month's bill`, ServicePreview, 'contracts.write', READS)
/** Rating again is work: a page looks at few accounts. */
const AccountsAtOnce = PageQuery.extend({ limit: z.coerce.number().int().min(1).max(50).default(20) })
const Notes = z.object({ items: z.array(Invoice) })
const LineParam = z.object({ id: Id, line: z.string().max(64) })
const AsOf = z.object({
  as_of: InstantText.optional().meta({ description: 'end of the period; default: as far as everything has reported' }),
})
const Preview = z.object({
  affected_accounts: z.int().meta({ description: 'accounts that have a line of it' }),
  affected_resources: z.int(),
  month_to_date_before: Amount,
  month_to_date_after: Amount,
  currency: CurrencyCode,
})

const imageAnswer = ({ bytes, media_type }: LogoFile): Response =>
  new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { 'content-type': media_type } })

const Mails = z.object({ items: z.array(Mail) })
const NewMails = z.object({
  to: MailAddress.optional().meta({ description: "default: the account's billing addresses as they are now" }),
})
const NO_MAIL =
  'This installation sends no mail. Who runs the server names a mail server by ATALAYA_SMTP_URL and ATALAYA_MAIL_FROM.'

/** `work`: the pool that may settle usage; finalising closes a cut. `mails`: whether a mail server is known. */
export const routes = (deps: HttpDeps & { work: Database; mails: boolean }) => {
  const asOf = (text: string | undefined) => (text === undefined ? null : Math.min(fromIso(text), deps.now()))
  return router()
    .get(
      '/drafts',
      answers(
        'What would be invoiced next, for each account',
        z.object({ items: z.array(DraftSummary) }),
        'billing.read',
      ),
      async (c) => c.json({ items: await verb(c, deps, drafts) }),
    )
    .get(
      '/accounts/:id/draft',
      answers('The next invoice of an account as it stands', Draft, 'billing.read'),
      valid('param', ById),
      valid('query', AsOf),
      async (c) =>
        c.json(
          await verb(c, deps, (ctx) =>
            draft(ctx, { account_id: c.req.valid('param').id, as_of: asOf(c.req.valid('query').as_of) }),
          ),
        ),
    )
    .get(
      '/accounts/:id/draft/lines/:line/explanation',
      answers('A line of the draft, opened to its leaves', Explanation, 'billing.read'),
      valid('param', LineParam),
      valid('query', AsOf),
      async (c) => {
        const { id, line } = c.req.valid('param')
        return c.json(await verb(c, deps, (ctx) => explainDraftLine(ctx, id, line, asOf(c.req.valid('query').as_of))))
      },
    )
    .get(
      '/accounts/:id/pro-forma',
      answers('The draft as a document that is no invoice', z.string(), 'billing.read', { media: 'application/pdf' }),
      valid('param', ById),
      valid('query', AsOf.extend({ language: Language.default('en') })),
      async (c) => {
        const { as_of, language } = c.req.valid('query')
        const { bytes, name } = await verb(c, deps, (ctx) =>
          proForma(ctx, { account_id: c.req.valid('param').id, as_of: asOf(as_of) }, language),
        )
        return c.body(bytes as Uint8Array<ArrayBuffer>, 200, {
          'content-type': 'application/pdf',
          'content-disposition': `inline; filename="${name}.pdf"`,
        })
      },
    )
    .post(
      '/invoices',
      answers('Finalise the draft of an account', Invoice, 'billing.write', { status: 201 }),
      valid('json', NewInvoice),
      async (c) => {
        const { work: db, now } = deps
        const input = c.req.valid('json')
        const ready = () => readyToInvoice(db, c.get('actor'), now, input)
        const made = verbAfter(c, { ...deps, db }, ready, async (ctx, cut) =>
          getInvoice(ctx, await issue(ctx, input, cut)),
        )
        return c.json(await made, 201)
      },
    )
    .post(
      '/accounts/:id/one-off-invoices',
      answers('Invoice charges by themselves, now', Invoice, 'billing.write', { status: 201 }),
      valid('param', ById),
      valid('json', NewOneOffInvoice),
      async (c) => {
        const { work: db, now } = deps
        const { id } = c.req.valid('param')
        const ready = () => readyToReRate(db, c.get('actor'), now, {})
        const made = verbAfter(c, { ...deps, db }, ready, async (ctx, cut) =>
          getInvoice(ctx, await issueOneOff(ctx, id, c.req.valid('json'), cut)),
        )
        return c.json(await made, 201)
      },
    )
    .get(
      '/re-ratings',
      answers('Accounts whose invoices differ from what is known now', page(OpenDifference), 'billing.write'),
      valid('query', AccountsAtOnce),
      async (c) => c.json(await verb(c, deps, (ctx) => openDifferences(ctx, c.req.valid('query')))),
    )
    .post(
      '/accounts/:id/re-rating',
      answers('How the invoices of an account differ from what is known now', ReRating, 'billing.write', {
        repeatable: 'issues nothing',
      }),
      valid('param', ById),
      valid('json', NewReRating),
      async (c) => {
        const { work: db, now } = deps
        const ready = () => readyToReRate(db, c.get('actor'), now, c.req.valid('json'))
        const { id } = c.req.valid('param')
        return c.json(await verbAfter(c, { ...deps, db }, ready, (ctx, cut) => reRate(ctx, id, cut)))
      },
    )
    .post(
      '/accounts/:id/notes',
      answers('Issue the notes of a re-rating that was reviewed', Notes, 'billing.write', { status: 201 }),
      valid('param', ById),
      valid('json', NewNotes),
      async (c) => {
        const { id } = c.req.valid('param')
        const made = verb(c, { ...deps, db: deps.work }, async (ctx) => {
          const items: Invoice[] = []
          for (const note of await issueNotes(ctx, id, c.req.valid('json'))) items.push(await getInvoice(ctx, note))
          return { items }
        })
        return c.json(await made, 201)
      },
    )
    .get(
      '/invoices',
      answers('Invoices, newest first', page(InvoiceSummary), 'billing.read'),
      valid('query', InvoiceQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => listInvoices(ctx, c.req.valid('query')))),
    )
    .get(
      '/invoices.csv',
      answers('The same as CSV', z.string(), 'billing.read', { media: 'text/csv' }),
      valid('query', InvoiceQuery.pick({ account_id: true })),
      async (c) => {
        const csv = await verb(c, deps, (ctx) => invoicesCsv(ctx, c.req.valid('query').account_id))
        return csvAnswer(csv, 'invoices')
      },
    )
    .get(
      '/invoices/:id/lines.csv',
      answers('The lines of a document as CSV', z.string(), 'billing.read', { media: 'text/csv' }),
      valid('param', ById),
      async (c) => {
        const invoice = await verb(c, deps, (ctx) => getInvoice(ctx, c.req.valid('param').id))
        return csvAnswer(linesCsv(invoice), invoice.number)
      },
    )
    .get(
      '/invoices/:id',
      answers('One invoice with its lines', Invoice, 'billing.read'),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => getInvoice(ctx, c.req.valid('param').id))),
    )
    .get(
      '/invoices/:id/pdf',
      answers('The document', z.string(), 'billing.read', { media: 'application/pdf' }),
      valid('param', ById),
      valid('query', z.object({ language: Language.default('en') })),
      async (c) => {
        const { bytes, number } = await verb(c, deps, (ctx) =>
          invoicePdf(ctx, c.req.valid('param').id, c.req.valid('query').language),
        )
        return c.body(bytes as Uint8Array<ArrayBuffer>, 200, {
          'content-type': 'application/pdf',
          'content-disposition': `inline; filename="${number}.pdf"`,
        })
      },
    )
    .post(
      '/invoices/:id/mails',
      answers('Send a document by mail, for the first time or again', Mails, 'billing.write', { status: 201 }),
      valid('param', ById),
      valid('json', NewMails),
      async (c) => {
        const items = verb(c, deps, (ctx) => {
          if (!deps.mails) throw new Problem('conflict', NO_MAIL)
          return sendDocument(ctx, c.req.valid('param').id, c.req.valid('json').to)
        })
        return c.json({ items: await items }, 201)
      },
    )
    .get(
      '/invoices/:id/logo',
      answers('The logo that the document bears', z.string(), 'billing.read', { media: 'image/*' }),
      valid('param', ById),
      async (c) => imageAnswer(await verb(c, deps, (ctx) => logoOfInvoice(ctx, c.req.valid('param').id))),
    )
    .get(
      '/legal-entities/:id/logo',
      answers('The logo of new documents of a company', z.string(), 'accounts.read', { media: 'image/*' }),
      valid('param', ById),
      async (c) => imageAnswer(await verb(c, deps, (ctx) => logoOfEntity(ctx, c.req.valid('param').id))),
    )
    .put(
      '/legal-entities/:id/logo',
      answers('Choose the logo of new documents of a company', LegalEntity, 'legal_entities.write'),
      valid('param', ById),
      valid('json', NewLogo),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => putLogo(ctx, c.req.valid('param').id, c.req.valid('json').content))),
    )
    .delete(
      '/legal-entities/:id/logo',
      answers('New documents of a company bear no logo', null, 'legal_entities.write'),
      valid('param', ById),
      async (c) => {
        await verb(c, deps, (ctx) => removeLogo(ctx, c.req.valid('param').id))
        return c.body(null, 204)
      },
    )
    .get(
      '/invoices/:id/lines/:line/explanation',
      answers('A line, opened to its leaves', Explanation, 'billing.read'),
      valid('param', LineParam),
      async (c) => {
        const { id, line } = c.req.valid('param')
        return c.json(await verb(c, deps, (ctx) => explainInvoiceLine(ctx, id, line)))
      },
    )
    .get(
      '/resources/:id/cost',
      answers('What a resource costs now and in the next invoice', ResourceCost, 'billing.read'),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => costOf(ctx, c.req.valid('param').id))),
    )
    .post(
      '/prices/preview',
      answers('What a price would change this month', Preview, 'catalog.read', READS),
      valid('json', NewPrice),
      async (c) => c.json(await verb(c, deps, (ctx) => previewPrice(ctx, c.req.valid('json')))),
    )
    .post(
      '/accounts/:id/services/preview',
      serviceBill('a subscription'),
      valid('param', ById),
      valid('json', NewSubscription),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => previewSubscription(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
    .post(
      '/services/:id/changes/preview',
      serviceBill('a change'),
      valid('param', ById),
      valid('json', ServiceChange),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => previewChange(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
    .post(
      '/services/:id/cancellation/preview',
      serviceBill('a cancellation'),
      valid('param', ById),
      valid('json', Cancellation),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => previewCancellation(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
    .post(
      '/verification',
      answers('Check every issued document down to its readings', Verification, 'billing.verify', READS),
      async (c) => c.json(await verb(c, deps, verify)),
    )
}
