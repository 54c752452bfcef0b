/** The rig of the toy cloud, for any connector that is meant for it. */
import type { Connector } from '#connectors/contract.ts'
import type { Rig } from '../rig.ts'
import { machine, type Machine, Vendor } from './vendor.ts'

export async function toyRig(connector: Connector): Promise<Rig & { vendor: Vendor }> {
  const vendor = new Vendor()
  let made = 0
  const one = (id: string): Machine => {
    const found = vendor.machines.get(id)
    if (!found) throw new Error(`the toy cloud has no machine ${id}`)
    return found
  }
  return {
    vendor,
    connector,
    realm: 'toy',
    kind: 'vm',
    counter: 'network_transmit_bytes',
    most: 2n ** 60n,
    settings: () => ({ url: vendor.url, token: vendor.token, ca: vendor.authority.ca }),
    async add(name) {
      const id = `vm-${String((made += 1)).padStart(6, '0')}`
      vendor.machines.set(id, machine(id, name))
      return id
    },
    async label(id, customer) {
      one(id).customer = customer
    },
    async remove(id) {
      vendor.machines.delete(id)
    },
    async reuse(id) {
      await Bun.sleep(2)
      vendor.machines.set(id, machine(id, 'another one'))
    },
    async use(id, amount) {
      one(id).sent_bytes += amount
    },
    async reset(id) {
      await Bun.sleep(2)
      Object.assign(one(id), { sent_bytes: 0n, booted_at: new Date().toISOString() })
    },
    trouble: (kind) => vendor.trouble(kind),
    calm: () => vendor.calm(),
    async slow(by_ms) {
      vendor.slow_ms = by_ms
    },
    requests: () => vendor.requests,
    cannot: {},
    end: () => vendor.end(),
  }
}
