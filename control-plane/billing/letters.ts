/** Issued documents by mail: what goes with one, and sending them by hand. */
import { getAccount } from '../accounts/index.ts'
import { permit } from '../base/actor.ts'
import type { Context } from '../db/index.ts'
import { type Letter, queueMails, sendByHand, unmailed } from '../mails/index.ts'
import { type Mail, MailAddress } from '../mails/contract.ts'
import { invoicePdf } from './documents.ts'
import { requireInvoice } from './issued.ts'
import { letterText, mailingOf } from './letter-text.ts'

/** Writes the mail with a document: from the company, in the account's language, with the PDF that is kept. */
export const letterWriter =
  ({ publicUrl, from }: { publicUrl: string; from: string }) =>
  async (ctx: Context, invoice_id: string, to: string): Promise<Letter> => {
    const { content } = await requireInvoice(ctx, invoice_id)
    const { bytes } = await invoicePdf(ctx, invoice_id, content.language)
    const own = MailAddress.safeParse(content.seller.email)
    return {
      from: { name: content.seller.name, address: own.success ? own.data : addressIn(from) },
      to,
      ...letterText(content, `${publicUrl}/invoices/${invoice_id}`),
      attachments: [{ filename: `${content.number}.pdf`, content: bytes, media_type: 'application/pdf' }],
    }
  }
const addressIn = (from: string): string => /<([^>]+)>\s*$/.exec(from)?.[1] ?? from.trim()

/** Sends a document by hand: to the account's billing addresses as they are now, or to another. */
export async function sendDocument(ctx: Context, id: string, to: string | undefined): Promise<Mail[]> {
  permit(ctx, 'billing.write')
  const row = await requireInvoice(ctx, id)
  return await sendByHand(ctx, mailingOf(row, to ?? (await getAccount(ctx, row.account_id)).email))
}

/** Of many documents those that no mail was ever made for go by mail now; returns how many. */
export async function sendIssued(ctx: Context, ids: readonly string[]): Promise<number> {
  permit(ctx, 'billing.write')
  const missing = await unmailed(ctx, ids)
  for (const id of missing) {
    const row = await requireInvoice(ctx, id)
    await queueMails(ctx, mailingOf(row, (await getAccount(ctx, row.account_id)).email))
  }
  return missing.size
}
