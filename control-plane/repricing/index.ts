/** Verbs of repricing: many prices at once, drafts of them, and what they would have changed. */
export {
  createChange,
  decidePrice,
  discardChange,
  editChange,
  getChange,
  listChanges,
  listDecided,
  publishChange,
  undoChange,
  withdrawDecision,
} from './changes.ts'
export { previewCsv, previewRecalculation } from './recalculate.ts'
export { cancelWhatIf, getWhatIf, listWhatIfAccounts, listWhatIfs, startWhatIf, whatIfCsv } from './what-if/index.ts'
export { workOnWhatIfs } from './what-if/work.ts'
