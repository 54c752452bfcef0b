/** Verbs of billing. */
export { issueOneOff } from './one-off.ts'
export { apportion } from './by-project.ts'
export { renderMissing, invoicePdf } from './documents.ts'
export {
  allAccounts,
  costOf,
  draft,
  draftAndRated,
  DRAFTED_TOGETHER,
  drafts,
  type RatedDraft,
  unlessEmpty,
} from './draft.ts'
export { explainDraftLine, explainInvoiceLine } from './explain.ts'
export { finalise, issue, issuePrepared, prepareDraft, readyToInvoice, settledCut } from './finalise.ts'
export { getInvoice, listInvoices, pastBills } from './issued.ts'
export { linesCsv } from './csv.ts'
export { type LogoFile, logoOfEntity, logoOfInvoice, putLogo, removeLogo } from './logo.ts'
export { letterWriter, sendDocument, sendIssued } from './letters.ts'
export { decimalText } from './labels.ts'
export { type BilledMonth, billedMonth } from './month.ts'
export { issueNotes, openDifferences, readyToReRate, reRate } from './notes/index.ts'
export { proForma } from './pro-forma.ts'
export { previewPrice } from './preview.ts'
export { invoicedText, invoicesCsv } from './report/index.ts'
export {
  accountsInvoiced,
  invoicedUpTo,
  lineGroups,
  standing,
  type StandingGroup,
  type StandingInvoice,
} from './standing/index.ts'
export { previewCancellation, previewChange, previewSubscription } from './preview-service.ts'
export { undone } from './undone.ts'
export { verify } from './verify.ts'
