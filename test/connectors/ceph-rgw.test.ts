/** The contract of connectors, on a double of a RADOS Gateway. */
import { rig } from './ceph-rgw.ts'
import { contractOf } from './kit.ts'

contractOf('ceph-rgw', async () => rig())
