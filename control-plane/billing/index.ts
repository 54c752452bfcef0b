/** Verbs of billing. */
export { renderMissing, invoicePdf } from './documents.ts'
export { allAccounts, costOf, draft, drafts, unlessEmpty } from './draft.ts'
export { explainDraftLine, explainInvoiceLine } from './explain.ts'
export { finalise, issue, issueDraft, readyToInvoice, settledCut } from './finalise.ts'
export { getInvoice, listInvoices } from './issued.ts'
export { type LogoFile, logoOfEntity, logoOfInvoice, putLogo, removeLogo } from './logo.ts'
export { issueNotes, openDifferences, readyToReRate, reRate } from './notes/index.ts'
export { previewPrice } from './preview.ts'
export {
  accountsInvoiced,
  invoicedUpTo,
  lineGroups,
  standing,
  type StandingGroup,
  type StandingInvoice,
} from './standing/index.ts'
export { verify } from './verify.ts'
