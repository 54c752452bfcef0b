/** The contract of connectors, on a double of a Pterodactyl panel. */
import { contractOf } from './kit.ts'
import { PterodactylRig } from './pterodactyl.ts'

contractOf('pterodactyl', async () => new PterodactylRig())
