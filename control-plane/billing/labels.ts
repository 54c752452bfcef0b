/** What stands on a document, in the reader's language: words, dates and numbers ready to print. */
import type { Language, Logo } from '../accounts/contract.ts'
import { parseFraction, toDecimal } from '../base/exact.ts'
import { dateOf, fromIso } from '../base/time.ts'
import type { MeterName } from '../metering/contract.ts'
import type { Line } from '../rating/contract.ts'
import type { DocumentLine, InvoiceContent } from './contract.ts'
import { gapText } from './gap-text.ts'
import { averagePrice, indexTexts } from './index-text.ts'
import { percentageTexts } from './percentage-text.ts'
import { percentileTexts } from './percentile-text.ts'
import { causesText, NOTE_WORDS } from './notes/text.ts'
import { termTexts } from './terms/text.ts'

const EN = {
  title: 'Invoice',
  seller: 'From',
  buyer: 'Bill to',
  number: 'Number',
  issued: 'Issued',
  due: 'Due',
  period: 'Period',
  to: 'to',
  description: 'Description',
  quantity: 'Quantity',
  price: 'Unit price',
  net: 'Net',
  gross: 'before discounts',
  discount: 'Discount',
  with_tax: 'with VAT',
  subtotal: 'Subtotal',
  tax: 'VAT',
  base: 'on',
  total: 'Total',
  tax_id: 'VAT id',
  page: 'Page',
  of: 'of',
  estimated: 'spread estimated',
  trial: 'trial',
  plan: 'plan',
  service: 'service',
  included: 'included',
  tier: 'tier',
  minimum: 'minimum',
  maximum: 'maximum',
  per_hour: 'hour',
  per_month: 'month',
  payment: 'Pay to',
  bank: 'Bank',
  reference: 'Reference',
  pooled: 'All together',
  for_account: 'For',
  pro_forma: 'Pro-forma invoice',
  no_invoice: 'This is not an invoice.',
  no_number: 'It has no invoice number, and nothing is due of it.',
}
const ES: typeof EN = {
  title: 'Factura',
  seller: 'De',
  buyer: 'Para',
  number: 'Número',
  issued: 'Fecha',
  due: 'Vencimiento',
  period: 'Periodo',
  to: 'a',
  description: 'Concepto',
  quantity: 'Cantidad',
  price: 'Precio',
  net: 'Importe',
  gross: 'antes de descuentos',
  discount: 'Descuento',
  with_tax: 'con IVA',
  subtotal: 'Base imponible',
  tax: 'IVA',
  base: 'sobre',
  total: 'Total',
  tax_id: 'NIF-IVA',
  page: 'Página',
  of: 'de',
  estimated: 'reparto estimado',
  trial: 'periodo de prueba',
  plan: 'plan',
  service: 'servicio',
  included: 'incluidos',
  tier: 'tramo',
  minimum: 'mínimo',
  maximum: 'máximo',
  per_hour: 'hora',
  per_month: 'mes',
  payment: 'Datos de pago',
  bank: 'Banco',
  reference: 'Concepto',
  pooled: 'Todo junto',
  for_account: 'Para',
  pro_forma: 'Factura proforma',
  no_invoice: 'Este documento no es una factura.',
  no_number: 'No tiene número de factura y no genera ningún pago.',
}
export const LABELS: Record<Language, typeof EN> = { en: EN, es: ES }

type MeterWords = Record<MeterName, string>
const METERS_EN: MeterWords = {
  instance: 'instance',
  instance_running: 'running instance',
  vcpu: 'vCPU',
  cpu: 'processors asked for',
  memory: 'memory',
  disk: 'disk',
  ip: 'IP addresses',
  network_receive_bytes: 'network in',
  network_transmit_bytes: 'network out',
  disk_read_bytes: 'disk reads',
  disk_write_bytes: 'disk writes',
  disk_read_operations: 'disk read operations',
  disk_write_operations: 'disk write operations',
  cpu_time_ns: 'processor time',
  energy_joules: 'energy',
  storage_used_bytes: 'storage used',
  cpu_allocated_millicores: 'processors asked for or used',
  memory_allocated_bytes: 'memory asked for or used',
  requests_list: 'list requests',
  requests_read: 'read requests',
  requests_write: 'write requests',
  requests_delete: 'delete requests',
  requests_other: 'other requests',
  network_p95: 'network, 95th percentile',
  network_max: 'network, peak',
  fee: 'fee',
  setup: 'set-up',
}
const METERS_ES: MeterWords = {
  instance: 'instancia',
  instance_running: 'instancia en marcha',
  vcpu: 'vCPU',
  cpu: 'procesadores solicitados',
  memory: 'memoria',
  disk: 'disco',
  ip: 'direcciones IP',
  network_receive_bytes: 'red, entrada',
  network_transmit_bytes: 'red, salida',
  disk_read_bytes: 'lecturas de disco',
  disk_write_bytes: 'escrituras de disco',
  disk_read_operations: 'operaciones de lectura',
  disk_write_operations: 'operaciones de escritura',
  cpu_time_ns: 'tiempo de procesador',
  energy_joules: 'energía',
  storage_used_bytes: 'almacenamiento usado',
  cpu_allocated_millicores: 'procesadores solicitados o usados',
  memory_allocated_bytes: 'memoria solicitada o usada',
  requests_list: 'peticiones de listado',
  requests_read: 'peticiones de lectura',
  requests_write: 'peticiones de escritura',
  requests_delete: 'peticiones de borrado',
  requests_other: 'otras peticiones',
  network_p95: 'red, percentil 95',
  network_max: 'red, pico',
  fee: 'cuota',
  setup: 'alta',
}
export const METER_WORDS: Record<Language, MeterWords> = { en: METERS_EN, es: METERS_ES }

/** Groups digits and sets the decimal mark of a decimal text without ever making it a float: "1234.5" → "1.234,5". */
export function decimalText(text: string, language: Language): string {
  const [whole = '', decimals] = text.split('.')
  const [group, mark] = language === 'es' ? ['.', ','] : [',', '.']
  const grouped = whole.replaceAll(/\B(?=(\d{3})+(?!\d))/g, group)
  return decimals === undefined ? grouped : `${grouped}${mark}${decimals}`
}

export const dateText = (text: string, zone: string, language: Language): string => {
  const date = dateOf(fromIso(text), zone)
  return language === 'es' ? date.split('-').toReversed().join('/') : date
}
/** The last local day of a half-open period. */
const lastDay = (to: string, zone: string, language: Language): string =>
  dateText(new Date(fromIso(to) - 1).toISOString(), zone, language)

const spanText = (from: string, to: string, zone: string, language: Language): string =>
  `${dateText(from, zone, language)} ${LABELS[language].to} ${lastDay(to, zone, language)}`

const address = (party: InvoiceContent['seller'], labels: typeof EN): string[] =>
  [
    party.address.street,
    [party.address.postal_code, party.address.city].filter(Boolean).join(' '),
    party.address.country,
    party.tax_id && `${labels.tax_id} ${party.tax_id}`,
    party.email,
  ].filter(Boolean)

function unitOf(line: Line, labels: typeof EN): string {
  const per = { hour: labels.per_hour, month: labels.per_month, quantity: '' }[line.price.per]
  const { price } = line
  const named = price.unit === 'service' ? labels.service : price.unit.replaceAll('_', ' ')
  const unit = price.model === 'flat' ? '' : named
  return [unit, per].filter(Boolean).join('·')
}

const noteOf = (line: Line, zone: string, language: Language): string =>
  [
    line.one_off ? dateText(line.one_off.at, zone, language) : '',
    ...percentileTexts(line, language, (text) => decimalText(text, language)),
    ...indexTexts(line, language, (text) => decimalText(text, language)),
    ...chargeTexts(line, language),
    ...termTexts(line, language, {
      span: (from, to) => spanText(from, to, zone, language),
      money: (text) => decimalText(text, language),
    }),
    ...planTexts(line, zone, language),
    ...discountTexts(line, language),
    gapText(line, zone, language),
    line.estimated ? LABELS[language].estimated : '',
  ]
    .filter(Boolean)
    .join(', ')

/** "12.10, WELCOME-10 − 1.21, with VAT 10.89": what it cost before discounts, what was taken off, and what it costs with its tax. */
function discountTexts({ gross, discounts = [], gross_inclusive, net }: Line, language: Language): string[] {
  const labels = LABELS[language]
  const money = (text: string) => decimalText(text, language)
  const off = discounts.map(({ code, amount }) => `${code} − ${money(amount)}`)
  return [
    ...(gross === undefined ? [] : [`${labels.gross} ${money(gross)}`, ...off]),
    ...(gross_inclusive === undefined || gross_inclusive === net
      ? []
      : [`${labels.with_tax} ${money(gross_inclusive)}`]),
  ]
}

/** Whose price it is, for what part of the period, and what of that was a trial. */
function planTexts({ plan, resource, segments, period }: Line, zone: string, language: Language): string[] {
  if (!plan) return []
  const labels = LABELS[language]
  const span = (from: string, to: string) => spanText(from, to, zone, language)
  const [first, last] = [segments.at(0), segments.at(-1)]
  const isPart = first && last && (first.from !== period.from || last.to !== period.to)
  const trial = segments.filter((segment) => segment.trial)
  const [begin, end] = [trial.at(0), trial.at(-1)]
  return [
    resource.kind === 'service' ? '' : `${labels.plan} ${plan.name[language]}`,
    resource.kind === 'service' && isPart ? span(first.from, last.to) : '',
    begin && end ? `${labels.trial} ${span(begin.from, end.to)}` : '',
  ]
}

const NOTE_PLACES = 6
/** How a line came about whose price is no single amount: "100 included, tier 2: 20 × 0.02". */
function chargeTexts(line: Line, language: Language): string[] {
  const { charge } = line
  if (!charge) return []
  const labels = LABELS[language]
  const number = (fraction: string) => decimalText(toDecimal(parseFraction(fraction), NOTE_PLACES), language)
  const isSome = (fraction: string) => parseFraction(fraction).num !== 0n
  const parts = charge.parts.map(({ tier, quantity, unit_amount, flat_amount }) => {
    const price = `${number(quantity)} × ${number(unit_amount)}${isSome(flat_amount) ? ` + ${number(flat_amount)}` : ''}`
    return charge.parts.length > 1 ? `${labels.tier} ${tier + 1}: ${price}` : price
  })
  return [
    ...(isSome(charge.included) ? [`${number(charge.included)} ${labels.included}`] : []),
    ...(line.percentage_of ? percentageTexts(line, language, (text) => decimalText(text, language)) : parts),
    ...(isSome(charge.top_up) ? [`${labels.minimum} + ${number(charge.top_up)}`] : []),
    ...(isSome(charge.discount) ? [`${labels.maximum} − ${number(charge.discount)}`] : []),
  ]
}

/** What the template calls the format of an image. */
export const formatOf = (media_type: Logo['media_type']): 'png' | 'jpg' => (media_type === 'image/png' ? 'png' : 'jpg')

/** How the document looks; null: black on white, and nothing more. */
function brandingData({ branding, number }: InvoiceContent, language: Language) {
  if (!branding) return null
  const { colour, footer, bank, logo } = branding
  const labels = LABELS[language]
  const payment = bank && [
    { label: labels.bank, text: bank.name },
    { label: 'IBAN', text: bank.iban.replaceAll(/(.{4})(?=.)/g, '$1 ') },
    { label: 'BIC', text: bank.bic },
    { label: labels.reference, text: number },
  ]
  return {
    colour,
    footer: footer[language] === '' ? [] : footer[language].split('\n'),
    payment: (payment ?? []).filter(({ text }) => text !== ''),
    logo: logo && formatOf(logo.media_type),
  }
}

/** A note's own words, and for its columns what was billed and what is correct in the place of quantity and price. */
function noteLabels({ document_type }: InvoiceContent, language: Language): Partial<typeof EN> {
  if (document_type === 'invoice') return {}
  const { titles, nets, billed, due } = NOTE_WORDS[language]
  return { title: titles[document_type], quantity: billed, price: due, net: nets[document_type] }
}

/** A service is called by its plan, and what was charged for once by its description, in the reader's language. */
function nameOf({ resource, one_off, plan }: DocumentLine, language: Language): string {
  if (resource.kind === 'pool') return LABELS[language].pooled
  if (resource.kind === 'service' && plan) return plan.name[language]
  return one_off?.description[language] ?? resource.name
}

function lineData(line: DocumentLine, { currency, zone }: InvoiceContent, language: Language) {
  const { correction } = line
  return {
    name: nameOf(line, language),
    component: line.meter ? METER_WORDS[language][line.meter] : '',
    note: correction ? causesText([line], language) : noteOf(line, zone, language),
    quantity: correction
      ? decimalText(correction.billed, language)
      : // the note says of what it is a percentage
        line.settlement || line.percentage_of
        ? ''
        : `${decimalText(line.quantity_display, language)} ${unitOf(line, LABELS[language])}`.trim(),
    price: correction
      ? decimalText(correction.due, language)
      : // where the terms make the amount, or what was charged before, the note says how
        line.charge || line.settlement
        ? ''
        : `${decimalText(averagePrice(line) ?? line.price.amount, language)} ${currency}`,
    net: decimalText(line.net, language),
  }
}

/** "For Acme", above the first line that a reseller is charged for a customer. */
const headingOf = ({ for_account }: DocumentLine, before: DocumentLine | undefined, language: Language): string =>
  for_account && for_account.id !== before?.for_account?.id ? `${LABELS[language].for_account} ${for_account.name}` : ''

/** "Corrects invoice A-2026-000001 of 2026-11-01", and why; nothing on an invoice. */
function correctsData({ corrects, zone }: InvoiceContent, lines: readonly DocumentLine[], language: Language) {
  if (!corrects) return null
  const words = NOTE_WORDS[language]
  return {
    text: `${words.corrects} ${corrects.number} ${words.of} ${dateText(corrects.issued_at, zone, language)}`,
    reason: `${words.reason}: ${causesText(lines, language)}`,
  }
}

/** A draft that is shown as what it is. */
export interface DocumentForm {
  is_pro_forma?: boolean
}
/** The template's data: only text, so that the template decides nothing. */
export function documentData(
  content: InvoiceContent,
  lines: readonly DocumentLine[],
  language: Language,
  { is_pro_forma = false }: DocumentForm = {},
) {
  const { pro_forma, no_invoice, no_number } = LABELS[language]
  const labels = {
    ...LABELS[language],
    ...noteLabels(content, language),
    ...(is_pro_forma && { title: pro_forma }),
  }
  const money = (text: string) => `${decimalText(text, language)} ${content.currency}`
  return {
    labels,
    language,
    branding: brandingData(content, language),
    number: content.number,
    issued: dateText(content.issued_at, content.zone, language),
    issued_at: content.issued_at,
    // nothing is due of a credit
    due:
      content.document_type === 'credit_note' || is_pro_forma ? null : dateText(content.due_at, content.zone, language),
    period: `${dateText(content.period.from, content.zone, language)} ${labels.to} ${lastDay(content.period.to, content.zone, language)}`,
    seller: { name: content.seller.name, lines: address(content.seller, labels) },
    buyer: { name: content.buyer.name, lines: address(content.buyer, labels) },
    lines: lines.map((line, index) => ({
      heading: headingOf(line, lines[index - 1], language),
      ...lineData(line, content, language),
    })),
    corrects: is_pro_forma ? { text: no_invoice, reason: no_number } : correctsData(content, lines, language),
    discounts: (content.coupons ?? []).map(({ code, used }) => ({
      text: `${labels.discount} ${code}`,
      amount: `−${money(used)}`,
    })),
    subtotal: money(content.totals.net),
    taxes: content.taxes.map((row) => ({
      text: `${labels.tax} ${decimalText(row.rate, language)} % (${row.category}) ${labels.base} ${decimalText(row.base, language)}`,
      reason: row.reason ? [row.reason.text[language], row.reason.code].filter(Boolean).join(' · ') : '',
      amount: money(row.tax),
    })),
    total: money(content.totals.total),
  }
}
