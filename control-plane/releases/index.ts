/** Verbs of releases that other slices may call. */
export { advance, countUpdates, unfinishedRollouts } from './engine.ts'
export { ReleaseFiles } from './files.ts'
export { fileStored, fileWanted, listReleases, registerRelease, withdrawRelease } from './releases.ts'
export {
  getRollout,
  listRollouts,
  listUpdates,
  pauseRollout,
  resumeRollout,
  rollBack,
  startRollout,
} from './rollouts.ts'
export { spreadMs } from './rules.ts'
export { askFile, tellUpdate } from './updates.ts'
