/** The contract of connectors, on example. */
import { contractOf } from '#test/connectors/kit.ts'
import { startRig } from './rig.ts'

contractOf('example', startRig)
