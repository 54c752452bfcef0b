/** The contract of connectors, on a double of OpenStack. */
import { contractOf } from './kit.ts'
import { OpenStackRig } from './openstack.ts'

contractOf('openstack', async () => new OpenStackRig())
