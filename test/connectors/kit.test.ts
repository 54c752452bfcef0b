/** The kit passes on a connector that does everything right: what it finds elsewhere is no fault of its own. */
import { connector } from './toy/connector/index.ts'
import { contractOf } from './kit.ts'
import { toyRig } from './toy/rig.ts'

contractOf('toy', () => toyRig(connector))
