/** The connectors that an agent can host; each is loaded only when a source asks for it. */
import type { Connector } from './contract.ts'

type Load = () => Promise<{ connector: Connector }>

export const CONNECTORS: Readonly<Record<string, Load>> = {
  'ceph-rgw': () => import('./ceph-rgw/index.ts'),
  hardware: () => import('./hardware/index.ts'),
  host: () => import('./host/index.ts'),
  ipmi: () => import('./ipmi/index.ts'),
  kubernetes: () => import('./kubernetes/index.ts'),
  libvirt: () => import('./libvirt/index.ts'),
  openstack: () => import('./openstack/index.ts'),
  proxmox: () => import('./proxmox/index.ts'),
  pterodactyl: () => import('./pterodactyl/index.ts'),
  redfish: () => import('./redfish/index.ts'),
}

/** The connector of that name, or null where this agent has none. */
export async function loadConnector(name: string): Promise<Connector | null> {
  const load = Object.hasOwn(CONNECTORS, name) ? CONNECTORS[name] : undefined
  return load ? (await load()).connector : null
}
