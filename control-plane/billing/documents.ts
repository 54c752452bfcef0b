/** Invoices as PDF: rendered once after the commit, kept by their SHA-256, served from the store ever after. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '#connectors/contract.ts'
import type { Language, Logo } from '../accounts/contract.ts'
import { permit } from '../base/actor.ts'
import { sure } from '../base/problem.ts'
import { fromIso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import type { DocumentLine, InvoiceContent } from './contract.ts'
import { requireInvoice } from './issued.ts'
import { charactersOf, drawable, FACES } from './glyphs.ts'
import { documentData, type DocumentForm, formatOf } from './labels.ts'
import { documentBinding } from './rules.ts'
import { findDocument, findFile, type InvoiceRow, invoicesWithoutPdf, keepDocument, linesOfInvoice } from './store.ts'
import { setDocument } from './typst.ts'

const TEMPLATE = join(import.meta.dirname, 'invoice.typ')

let characters: ReturnType<typeof charactersOf>[] | null = null

/** The PDF/A-3b of an invoice. The same content gives the same bytes. What no font draws stands as a box. */
export function renderPdf(
  content: InvoiceContent,
  lines: readonly DocumentLine[],
  language: Language,
  logo: Uint8Array | null = null,
  as: DocumentForm = {},
): Promise<Uint8Array> {
  const fonts = (characters ??= FACES.map((face) => charactersOf(readFileSync(face))))
  const data = JSON.stringify(documentData(content, lines, language, as), (_key, value: unknown) =>
    typeof value === 'string' ? drawable(value, fonts) : value,
  )
  return compile(readFileSync(TEMPLATE, 'utf8'), { data }, logo, content.issued_at)
}

/** Whether an image can stand on a document. */
export async function rendersLogo({
  bytes,
  media_type,
}: {
  bytes: Uint8Array
  media_type: Logo['media_type']
}): Promise<boolean> {
  const source = `#set document(date: datetime(year: 2000, month: 1, day: 1))\n#image("logo", format: "${formatOf(media_type)}")`
  try {
    return (await compile(source, {}, bytes, '2000-01-01T00:00:00.000Z')).length > 0
  } catch {
    return false
  }
}

const compile = (source: string, inputs: Record<string, string>, logo: Uint8Array | null, date: string) =>
  setDocument({ source, inputs, logo, at_seconds: Math.floor(fromIso(date) / 1000) })

/** The stored PDF; rendered and kept at the first call. */
export async function invoicePdf(
  ctx: Context,
  id: string,
  language: Language,
): Promise<{ bytes: Uint8Array; number: string }> {
  permit(ctx, 'billing.read')
  const invoice = await requireInvoice(ctx, id)
  return await ctx.program((program) => documentOf(program, invoice, language))
}

async function documentOf(ctx: Context, invoice: InvoiceRow, language: Language) {
  const { id } = invoice
  const kept = await findDocument(ctx, id, language)
  if (kept) return { bytes: kept, number: invoice.number }
  const lines = (await linesOfInvoice(ctx, id)).map((row) => row.content)
  const { logo = null } = invoice.content.branding ?? {}
  const image = logo && sure(await findFile(ctx, logo.sha256))
  const bytes = await renderPdf(invoice.content, lines, language, image)
  const file = sha256(bytes)
  const link = { invoice_id: id, account_id: invoice.account_id, language, sha256: file }
  await keepDocument(ctx, { ...link, binding: documentBinding(invoice.content_hash, language, file), bytes })
  return { bytes: (await findDocument(ctx, id, language)) ?? bytes, number: invoice.number }
}

/** Background: renders what was issued and isn't rendered yet; returns how many. */
export async function renderMissing(ctx: Context): Promise<number> {
  const missing = await invoicesWithoutPdf(ctx, 20)
  for (const { id, language } of missing) await invoicePdf(ctx, id, language)
  return missing.length
}
