/** Verbs of the audit: what happened is sealed, listed, exported and verified. */
export { type ExportFormat, exportAudit } from './export.ts'
export { listAudit } from './list.ts'
export { seal } from './seal.ts'
export { verifyAudit } from './verify.ts'
