/** A draft as a document to show: marked as no invoice, without a number of any series, made when asked and never kept. */
import type { Language } from '../accounts/contract.ts'
import { permit } from '../base/actor.ts'
import { Problem, sure } from '../base/problem.ts'
import { iso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { ENGINE_VERSION } from '../rating/contract.ts'
import { CONTENT_SCHEMA_VERSION, type InvoiceContent } from './contract.ts'
import { renderPdf } from './documents.ts'
import { draft, type DraftRequest } from './draft.ts'
import { refuseUnrated } from './finalise.ts'
import { findFile } from './store.ts'

/** The PDF of an account's draft. Refused while usage without a price would be missing from it. */
export async function proForma(
  ctx: Context,
  request: Pick<DraftRequest, 'account_id' | 'as_of'>,
  language: Language,
): Promise<{ bytes: Uint8Array; name: string }> {
  permit(ctx, 'billing.read')
  const made = await draft(ctx, request)
  refuseUnrated(made)
  if (made.lines.length === 0)
    throw new Problem('nothing_to_invoice', 'The draft has no lines: nothing that has a price was used in its period.')
  const {
    lines,
    month,
    unrated: _none,
    blocked_gaps: _shown,
    by_project: _divided,
    account_id: _buyer,
    ...shared
  } = made
  const now = iso(ctx.now())
  const content: InvoiceContent = {
    ...shared,
    schema_version: CONTENT_SCHEMA_VERSION,
    engine_version: ENGINE_VERSION,
    number: month,
    document_type: 'invoice',
    issued_at: now,
    due_at: now,
  }
  const { logo = null } = content.branding ?? {}
  const image = logo && sure(await ctx.program((program) => findFile(program, logo.sha256)))
  return { bytes: await renderPdf(content, lines, language, image, { is_pro_forma: true }), name: `pro-forma-${month}` }
}
