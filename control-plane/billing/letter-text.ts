/** What a mail with a document says, in the language of its account. */
import type { Language } from '../accounts/contract.ts'
import type { Mailing } from '../mails/index.ts'
import type { DocumentType, InvoiceContent } from './contract.ts'
import { dateText, decimalText } from './labels.ts'
import type { InvoiceRow } from './store.ts'

interface Words {
  names: Record<DocumentType, string>
  from: string
  hello: string
  attached: Record<DocumentType, string>
  corrects: string
  total: string
  due: string
  see: string
}
const EN: Words = {
  names: { invoice: 'Invoice', credit_note: 'Credit note', debit_note: 'Debit note' },
  from: 'from',
  hello: 'Hello,',
  attached: {
    invoice: 'attached is your invoice',
    credit_note: 'attached is your credit note',
    debit_note: 'attached is your debit note',
  },
  corrects: 'It corrects invoice',
  total: 'Total',
  due: 'Due',
  see: 'Every line of it, with what it was made from:',
}
const ES: Words = {
  names: {
    invoice: 'Factura',
    credit_note: 'Factura rectificativa (abono)',
    debit_note: 'Factura rectificativa (cargo)',
  },
  from: 'de',
  hello: 'Hola:',
  attached: {
    invoice: 'Le adjuntamos su factura',
    credit_note: 'Le adjuntamos su factura rectificativa (abono)',
    debit_note: 'Le adjuntamos su factura rectificativa (cargo)',
  },
  corrects: 'Rectifica la factura',
  total: 'Total',
  due: 'Vencimiento',
  see: 'Cada línea, con lo que la sustenta:',
}
const WORDS: Record<Language, Words> = { en: EN, es: ES }

/** Subject and text; `link` is the document's own page. */
export function letterText(
  { document_type, number, seller, language, totals, currency, due_at, zone, corrects }: InvoiceContent,
  link: string,
): { subject: string; text: string } {
  const words = WORDS[language]
  const rows = [
    `${words.total}: ${decimalText(totals.total, language)} ${currency}`,
    // nothing is due of a credit
    ...(document_type === 'credit_note' ? [] : [`${words.due}: ${dateText(due_at, zone, language)}`]),
  ]
  const first = `${words.attached[document_type]} ${number}.`
  return {
    subject: `${words.names[document_type]} ${number} ${words.from} ${seller.name}`,
    text: `${[
      words.hello,
      corrects ? `${first} ${words.corrects} ${corrects.number}.` : first,
      rows.join('\n'),
      `${words.see}\n${link}`,
      seller.name,
    ].join('\n\n')}\n`,
  }
}

/** How a document goes by mail to addresses. */
export const mailingOf = ({ id, number, account_id, content }: InvoiceRow, to: string): Mailing => ({
  subject: { kind: 'invoice', id, name: number },
  account_id,
  to,
  domain: /@([A-Za-z0-9.-]+)$/.exec(content.seller.email)?.[1] ?? 'atalaya',
})
