/** Invoices as PDF: rendered once after the commit, kept by their SHA-256, served from the store ever after. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { NodeCompiler } from '@myriaddreamin/typst-ts-node-compiler'
import { sha256 } from '#connectors/contract.ts'
import type { Language, Logo } from '../accounts/contract.ts'
import { permit } from '../base/actor.ts'
import { assert, sure } from '../base/problem.ts'
import { fromIso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import type { DocumentLine, InvoiceContent } from './contract.ts'
import { requireInvoice } from './issued.ts'
import { charactersOf, drawable } from './glyphs.ts'
import { documentData, type DocumentForm, formatOf } from './labels.ts'
import { documentBinding } from './rules.ts'
import { findDocument, findFile, type InvoiceRow, invoicesWithoutPdf, keepDocument, linesOfInvoice } from './store.ts'

const TEMPLATE = join(import.meta.dirname, 'invoice.typ')
const FONTS = join(dirname(createRequire(import.meta.url).resolve('@expo-google-fonts/inter/package.json')))
export const FACES = ['400Regular/Inter_400Regular', '600SemiBold/Inter_600SemiBold'].map((face) =>
  join(FONTS, `${face}.ttf`),
)

let compiler: NodeCompiler | null = null
let characters: ReturnType<typeof charactersOf>[] | null = null

/** Where the template finds the logo's bytes: no such file lies on the disk. */
const LOGO = join(import.meta.dirname, 'logo')

/** The PDF/A-3b of an invoice. The same content gives the same bytes; a warning (a font that isn't there) is an error. What no font draws stands as a box. */
export function renderPdf(
  content: InvoiceContent,
  lines: readonly DocumentLine[],
  language: Language,
  logo: Uint8Array | null = null,
  as: DocumentForm = {},
): Uint8Array {
  const fonts = (characters ??= FACES.map((face) => charactersOf(readFileSync(face))))
  const data = JSON.stringify(documentData(content, lines, language, as), (_key, value: unknown) =>
    typeof value === 'string' ? drawable(value, fonts) : value,
  )
  return compile(readFileSync(TEMPLATE, 'utf8'), { data }, logo, content.issued_at)
}

/** Whether an image can stand on a document. */
export function rendersLogo({ bytes, media_type }: { bytes: Uint8Array; media_type: Logo['media_type'] }): boolean {
  const source = `#set document(date: datetime(year: 2000, month: 1, day: 1))\n#image("logo", format: "${formatOf(media_type)}")`
  try {
    return compile(source, {}, bytes, '2000-01-01T00:00:00.000Z').length > 0
  } catch {
    return false
  }
}

function compile(source: string, inputs: Record<string, string>, logo: Uint8Array | null, date: string): Uint8Array {
  compiler ??= NodeCompiler.create({ workspace: import.meta.dirname, fontArgs: [{ fontPaths: FACES }] })
  if (logo) compiler.mapShadow(LOGO, Buffer.from(logo))
  try {
    const compiled = compiler.compile({ mainFileContent: source, inputs })
    const warnings = compiled.takeWarnings()?.shortDiagnostics ?? []
    const errors = compiled.takeDiagnostics()?.shortDiagnostics ?? []
    assert(
      compiled.result && warnings.length === 0,
      `the invoice renders cleanly: ${JSON.stringify([...errors, ...warnings])}`,
    )
    const pdf = compiler.pdf(compiled.result, {
      creationTimestamp: Math.floor(fromIso(date) / 1000),
      pdfStandard: 'a-3b' as never,
    })
    return new Uint8Array(pdf)
  } finally {
    compiler.resetShadow()
    compiler.evictCache(10)
  }
}

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
  const bytes = renderPdf(invoice.content, lines, language, image)
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
