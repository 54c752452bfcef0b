/** What stands on a note, in the reader's language: its title, the invoice that it corrects, and why. */
import type { Language } from '../../accounts/contract.ts'
import type { Cause, DocumentLine, DocumentType } from '../contract.ts'

type NoteType = Exclude<DocumentType, 'invoice'>
interface Words {
  titles: Record<NoteType, string>
  nets: Record<NoteType, string>
  corrects: string
  of: string
  reason: string
  billed: string
  due: string
  causes: Record<Cause, string>
}
const EN: Words = {
  titles: { credit_note: 'Credit note', debit_note: 'Debit note' },
  nets: { credit_note: 'Credit', debit_note: 'To pay' },
  corrects: 'Corrects invoice',
  of: 'of',
  reason: 'Reason',
  billed: 'Billed',
  due: 'Correct',
  causes: {
    late_facts: 'usage that was reported late',
    corrected_owner: 'corrected owner',
    same_machine: 'the same machine seen twice',
    corrected_service: 'corrected service',
    corrected_price: 'corrected price',
    shared_anew: 'its share of a discount or of a price with tax',
    new_engine: 'corrected calculation',
    cancelled_charge: 'cancelled charge',
    other_charges: 'other charges, of which it is a percentage',
  },
}
const ES: Words = {
  titles: { credit_note: 'Factura rectificativa (abono)', debit_note: 'Factura rectificativa (cargo)' },
  nets: { credit_note: 'Abono', debit_note: 'Cargo' },
  corrects: 'Rectifica la factura',
  of: 'del',
  reason: 'Motivo',
  billed: 'Facturado',
  due: 'Correcto',
  causes: {
    late_facts: 'uso comunicado con retraso',
    corrected_owner: 'titular corregido',
    same_machine: 'la misma máquina vista dos veces',
    corrected_service: 'servicio corregido',
    corrected_price: 'precio corregido',
    shared_anew: 'su parte de un descuento o de un precio con impuesto',
    new_engine: 'cálculo corregido',
    cancelled_charge: 'cargo anulado',
    other_charges: 'otros importes, de los que es un porcentaje',
  },
}
export const NOTE_WORDS: Record<Language, Words> = { en: EN, es: ES }

/** Every cause once, in a fixed order. */
export function causesText(lines: readonly DocumentLine[], language: Language): string {
  const { causes } = NOTE_WORDS[language]
  const said = new Set(lines.flatMap((line) => line.correction?.causes ?? []))
  return (Object.keys(causes) as Cause[])
    .filter((cause) => said.has(cause))
    .map((cause) => causes[cause])
    .join(', ')
}
