/** Verbs of sources that other slices may call. */
export {
  agentForReport,
  agentsDoing,
  alarm,
  createEnrolment,
  enrol,
  heard,
  type HeardFrom,
  listAgents,
  listConnectors,
  platformTold,
  type ReportingAgent,
  revokeAgent,
  watchSilence,
} from './agents.ts'
export { type Asking, checked, payloadOf, prepareCheck, prepareLook } from './asking.ts'
export { sourceDetail, sourcesCsv, sourceVersions } from './console.ts'
export { type Admission, CREDENTIAL_LIFETIME_S_MAX, noted, recognise, revocations } from './identity.ts'
export { type Refusal, Refusals } from './refusals.ts'
export {
  changeSource,
  configOf,
  createSource,
  deleteSource,
  getSource,
  listSources,
  sourceFacts,
  sourceHealth,
  sourcesOf,
} from './hosted.ts'
export { pausedIn } from './pauses.ts'
export { isAllSealedByFirst, judgeSecrets, reseal, sealedByOld, sealedCount, sealPlain } from './sealing.ts'
