/** Verbs of repricing: many prices at once, drafts of them, and what they would have changed. */
export { getChange, listChanges, listDecided } from './changes.ts'
export { createChange, decidePrice, discardChange, editChange, publishChange, withdrawDecision } from './drafts.ts'
export { undoChange } from './in-force.ts'
export { previewCsv, previewRecalculation } from './recalculate.ts'
export { cancelWhatIf, getWhatIf, listWhatIfAccounts, listWhatIfs, startWhatIf, whatIfCsv } from './what-if/index.ts'
export { workOnWhatIfs } from './what-if/work.ts'
