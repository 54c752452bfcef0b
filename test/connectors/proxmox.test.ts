/** The contract of connectors, on a double of Proxmox VE. */
import { contractOf } from './kit.ts'
import { ProxmoxRig } from './proxmox.ts'

contractOf('proxmox', async () => new ProxmoxRig())
