/** Lines of what was charged for once, against what was recorded, by digits and products; and that each charge is billed once. */
import { canonical } from '#connectors/contract.ts'
import { exponentOf } from '../base/money.ts'
import { fromIso } from '../base/time.ts'
import { allBilled, chargesById } from '../charges/index.ts'
import type { Context } from '../db/index.ts'
import type { Line } from '../rating/contract.ts'
import { type InvoiceRow, linesOfInvoice } from './store.ts'
import { isRounded, type Report, units } from './verify-sums.ts'

/** Decimal text as an integer, and ten to the power of its decimals. */
function digits(text: string): [bigint, bigint] {
  const [whole = '0', decimals = ''] = text.split('.')
  return [BigInt(whole + decimals), 10n ** BigInt(decimals.length)]
}

/** Checks each line of charges on a document, or beneath it. */
export async function checkCharges(
  ctx: Context,
  invoice: InvoiceRow,
  lines: readonly Line[],
  report: Report,
): Promise<void> {
  const found = await chargesById(
    ctx,
    lines.map((line) => line.resource.id),
  )
  const known = new Map(found.map((one) => [one.charge.id, one]))
  const stands = invoice.corrects_id ?? invoice.id
  for (const line of lines) {
    const subject = `${invoice.number}/${line.id}`
    const { charge, billed, cancelled } = known.get(line.resource.id) ?? {}
    if (!charge) {
      report('charge', subject, 'The charge that it bills is gone.')
      continue
    }
    checkAmount(line, charge, subject, report)
    const { one_off } = line
    if (
      charge.account_id !== invoice.account_id ||
      charge.contract_id !== invoice.contract_id ||
      charge.currency !== line.currency ||
      canonical(charge.description) !== canonical(one_off?.description ?? null) ||
      charge.project_id !== one_off?.project_id ||
      charge.unit !== line.price.unit ||
      charge.at !== fromIso(one_off.at)
    )
      report('charge', subject, 'It is not what was recorded of this charge.')
    if (billed?.invoice_id !== stands) report('charge', subject, 'The charge is kept as billed elsewhere.')
    if (charge.cut > invoice.cut || (cancelled && cancelled.cut <= invoice.cut))
      report('charge', subject, 'When it was issued the charge was not known yet, or cancelled already.')
  }
}

function checkAmount(
  line: Line,
  charge: { quantity: string; unit_price: string },
  subject: string,
  report: Report,
): void {
  const [quantity, scale] = digits(charge.quantity)
  const [price, places] = digits(charge.unit_price)
  const [num, den] = [quantity * price, scale * places]
  if (
    line.quantity !== quantity.toString() ||
    line.divisor !== scale.toString() ||
    line.quantity_display !== charge.quantity
  )
    report('quantity', subject, 'The quantity is not the one that was recorded.')
  if (line.price.amount !== charge.unit_price) report('price', subject, 'The price is not the one that was recorded.')
  const [n = '0', d = '1'] = line.exact.split('/')
  if (
    BigInt(n) * den !== num * BigInt(d) ||
    !isRounded(units(line.net, line.currency), num * 10n ** BigInt(exponentOf(line.currency)), den)
  )
    report('net', subject, `quantity × price is not ${line.net} ${line.currency}.`)
}

/** What is kept as billed stands on that invoice, and on no other. */
export async function checkBilled(ctx: Context, documents: readonly InvoiceRow[], report: Report): Promise<void> {
  const billed = new Map((await allBilled(ctx)).map((row) => [row.charge_id, row.invoice_id]))
  const standing = new Map<string, string>()
  for (const { id, number } of documents.filter((row) => row.document_type === 'invoice')) {
    for (const { content } of await linesOfInvoice(ctx, id)) {
      if (!content.one_off) continue
      const other = standing.get(content.resource.id)
      if (other) report('charge', number, `${content.resource.name} is billed on ${other}, too.`)
      standing.set(content.resource.id, number)
      if (billed.get(content.resource.id) !== id)
        report('charge', number, `${content.resource.name} is not kept as billed here.`)
    }
  }
  for (const [charge_id, invoice_id] of billed)
    if (!standing.has(charge_id)) report('charge', charge_id, `It is kept as billed on ${invoice_id}, where it isn't.`)
}
