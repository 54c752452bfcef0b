/** A fleet with known differences between what sources see and what is sold, beside machines that only look as if they differed: from a seed. */
import { Big } from 'big.js'
import type { ObservationInput } from '#connectors/contract.ts'
import { newId } from '#control-plane/base/id.ts'
import type { DiscrepancyKind } from '#control-plane/reconciliation/contract.ts'
import { Random } from '../world/random.ts'
import { GIB, vm } from './agent.ts'

export const REALMS = ['alpha', 'beta'] as const
export type Realm = (typeof REALMS)[number]
export type PlanName = 'small' | 'metered' | 'support' | 'boxes'
export const PRICES = {
  vcpu: '0.01',
  memory: '0.002',
  gigabyte: '0.05',
  small: '10',
  metered: '3',
  metered_vcpu: '0.02',
}

export interface Wanted {
  plan: PlanName
  account: number
  /** days before now */
  from: number
  to?: number
}
export interface Planned extends Wanted {
  id: string
}
export interface Attached {
  service: Planned
  from: number
  to?: number
  promised?: { size?: Record<string, number>; realm?: string; host?: string }
}
export interface Machine {
  name: string
  realm: Realm
  seen: ObservationInput
  /** null: nobody's */
  owner: number | null
  /** not in the listings of the last days */
  gone: boolean
  /** only in the last listing */
  late: boolean
  /** days before now of its last reading; null: none at all */
  read: number | null
  attached: Attached[]
}
export interface Truth {
  kind: DiscrepancyKind
  /** a machine's name, or a service's id */
  subject: string
  realm: Realm | null
  amount: string | null
  way: 'loss' | 'overcharge' | 'disputed' | 'none' | null
  /** known by a second eye alone, which lies in beta */
  by_eye?: true
}
export interface Fleet {
  machines: Machine[]
  services: Planned[]
  truth: Truth[]
}

export const ACCOUNTS = 12
/** A counter grows by as much each day. */
export const DAILY_BYTES = 3 * 10 ** 9
const HOURS = 720

/** What holding it comes to in 720 hours beside plans. */
const standard = (vcpu: number, gib: number): Big =>
  new Big(PRICES.vcpu).times(vcpu).plus(new Big(PRICES.memory).times(gib)).times(HOURS)
const signed = (amount: Big): Pick<Truth, 'amount' | 'way'> => ({
  amount: amount.abs().toFixed(2, Big.roundHalfUp),
  way: amount.eq(0) ? 'none' : amount.gt(0) ? 'loss' : 'overcharge',
})
const over = (amount: Big.BigSource) => ({ amount: new Big(amount).toFixed(2), way: 'overcharge' as const })

class Planting {
  readonly fleet: Fleet = { machines: [], services: [], truth: [] }
  readonly #dice: Random

  constructor(dice: Random) {
    this.#dice = dice
  }

  account = () => this.#dice.int(0, ACCOUNTS - 1)
  size = (): [vcpu: number, gib: number] => [this.#dice.int(1, 16), this.#dice.int(1, 64)]
  other = (account: number) => (account + this.#dice.int(1, ACCOUNTS - 1)) % ACCOUNTS
  coin = () => this.#dice.onceIn(2)

  machine(over: Partial<Machine> & { vcpu?: number; gib?: number; more?: Partial<ObservationInput> } = {}): Machine {
    const { vcpu = 2, gib = 4, more = {}, ...rest } = over
    const name = `m${this.fleet.machines.length}-${this.#dice.int(0, 9_999)}`
    const seen = vm(name, { size: { vcpu_count: vcpu, memory_bytes: gib * GIB }, ...more })
    const realm = REALMS[this.#dice.int(0, 1)] ?? 'alpha'
    const plain = { gone: false, late: false, read: 0.04, attached: [], owner: this.account() }
    const made: Machine = { ...plain, name, realm, seen, ...rest }
    this.fleet.machines.push(made)
    return made
  }

  service(wanted: Wanted): Planned {
    const made = { ...wanted, id: newId() }
    this.fleet.services.push(made)
    return made
  }

  served(more: Parameters<Planting['machine']>[0] & { plan?: PlanName; promised?: Attached['promised'] } = {}) {
    const { plan = 'small', promised, ...rest } = more
    const account = rest.owner ?? this.account()
    const service = this.service({ plan, account, from: 30 })
    const attached = [{ service, from: 29, ...(promised && { promised }) }]
    return { service, account, machine: this.machine({ owner: account, attached, ...rest }) }
  }

  tell(
    kind: DiscrepancyKind,
    about: Machine | Planned,
    worth: Pick<Truth, 'amount' | 'way' | 'by_eye'>,
    realm?: Realm,
  ): void {
    const isMachine = 'name' in about
    this.fleet.truth.push({
      kind,
      subject: isMachine ? about.name : about.id,
      realm: isMachine ? about.realm : (realm ?? null),
      ...worth,
    })
  }
}

const repeat = (times: number, plant: (index: number) => void) => {
  for (let index = 0; index < times; index += 1) plant(index)
}
const none = { amount: null, way: null }

/** 200 differences of nine kinds. */
function differences(to: Planting): void {
  repeat(24, () => {
    const [vcpu, gib] = to.size()
    const machine = to.machine({ vcpu, gib, owner: null, read: null })
    to.tell('orphan', machine, signed(standard(vcpu, gib)))
  })
  repeat(6, (index) => {
    // a kind that only a plan sells: its owner pays for it in a service alone
    const machine = to.machine({ more: { kind: 'container' }, read: null, owner: index < 3 ? index : null })
    to.tell('orphan', machine, none)
  })
  repeat(25, (index) => {
    const service = to.service({ plan: index % 5 === 0 ? 'metered' : 'small', account: to.account(), from: 20 })
    if (index % 3 === 0) to.machine({ owner: service.account, attached: [{ service, from: 20, to: 10 }] })
    to.tell('ghost', service, over(index % 5 === 0 ? PRICES.metered : PRICES.small))
  })
  sizes(to)
  owners(to)
  repeat(20, (index) => {
    const promised = index % 2 === 0 ? { realm: 'gamma' } : { host: 'h2' }
    const { machine } = to.served({ promised, more: { host: 'h1' } })
    to.tell('host', machine, { amount: '0.00', way: 'none' })
  })
  repeat(25, () => {
    const { service, machine } = to.served({ gone: true })
    to.tell('gone', service, over(PRICES.small), machine.realm)
  })
  repeat(20, () => {
    const [vcpu, gib] = to.size()
    const account = to.account()
    const service = to.service({ plan: 'small', account, from: 30, to: 6 })
    const machine = to.machine({ vcpu, gib, owner: account, attached: [{ service, from: 29, to: 6 }] })
    to.tell('ended_service', machine, signed(new Big(PRICES.small).minus(standard(vcpu, gib))))
  })
  repeat(20, (index) => {
    if (index >= 15) {
      to.tell('unmetered', to.machine({ more: { size: { vcpu_count: 2 } } }), none)
      return
    }
    const machine = to.machine({ read: 10 })
    // thirty days of readings before the last one
    to.tell(
      'unmetered',
      machine,
      signed(
        new Big(DAILY_BYTES)
          .times(30)
          .div(10 ** 9)
          .times(PRICES.gigabyte),
      ),
    )
  })
  doubles(to)
}

function sizes(to: Planting): void {
  repeat(25, (index) => {
    const vcpu = [1, 4, 8, 3][index % 4] ?? 1
    if (index % 5 === 0) {
      // it pays for each vCPU by the plan, for memory beside it
      const { machine } = to.served({ plan: 'metered', vcpu, promised: { size: { vcpu_count: 2 } }, read: 0.04 })
      const beyond = new Big(vcpu - 2).times(HOURS)
      to.tell('size', machine, signed(beyond.times(PRICES.vcpu).minus(beyond.times(PRICES.metered_vcpu))))
      return
    }
    const { machine } = to.served({ vcpu, gib: index % 2 === 0 ? 4 : 16 })
    to.tell('size', machine, signed(standard(vcpu, index % 2 === 0 ? 4 : 16).minus(standard(2, 4))))
  })
}

let serial = 0
const smbios = () => ({ smbios_uuid: `4c4c4544-0033-4d10-8051-${String((serial += 1)).padStart(12, '0')}` })
function owners(to: Planting): void {
  repeat(15, () => {
    const [vcpu, gib] = to.size()
    const account = to.account()
    const service = to.service({ plan: 'support', account, from: 30 })
    const machine = to.machine({ vcpu, gib, owner: to.other(account), attached: [{ service, from: 29 }] })
    to.tell('owner', machine, { ...signed(standard(vcpu, gib)), way: 'disputed' })
  })
  repeat(5, () => {
    const evidence = smbios()
    const [vcpu, gib] = to.size()
    const machine = to.machine({ vcpu, gib, realm: 'alpha', more: { evidence } })
    to.machine({
      vcpu,
      gib,
      realm: 'beta',
      late: true,
      more: { evidence },
      owner: to.other(machine.owner ?? 0),
      read: null,
    })
    to.tell('owner', machine, { ...signed(standard(vcpu, gib)), way: 'disputed', by_eye: true })
  })
}

function doubles(to: Planting): void {
  repeat(15, (index) => {
    const account = to.account()
    const first = to.service({ plan: 'small', account, from: 30 })
    const second = to.service({ plan: 'metered', account: index < 10 ? account : to.other(account), from: 25 })
    if (index < 10) {
      const evidence = smbios()
      const machine = to.machine({
        realm: 'alpha',
        owner: account,
        more: { evidence },
        attached: [{ service: first, from: 29 }],
      })
      to.machine({
        realm: 'beta',
        late: true,
        owner: account,
        more: { evidence },
        attached: [{ service: second, from: 0.05 }],
        read: null,
      })
      to.tell('two_services', machine, { ...over(PRICES.metered), by_eye: true })
      return
    }
    const attached = [
      { service: first, from: 29 },
      { service: second, from: 20 },
    ]
    to.tell('two_services', to.machine({ owner: second.account, attached }), over(PRICES.metered))
  })
}

/** What differs in nothing, though it nearly does: a thousand machines and some services. */
function healthy(to: Planting): void {
  repeat(420, () => {
    const [vcpu, gib] = to.size()
    to.machine({ vcpu, gib })
  })
  repeat(250, (index) => {
    // as promised, or as was agreed of it alone
    if (index % 5 === 0) to.served({ vcpu: 6, promised: { size: { vcpu_count: 6 } }, read: null })
    else if (index % 5 === 1)
      to.served({ realm: 'beta', promised: { realm: 'beta', host: 'h1' }, more: { host: 'h1' } })
    else to.served({ read: null })
  })
  repeat(60, () => to.machine({ more: { state: 'stopped' }, read: null }))
  repeat(40, () => {
    // stopped with the end of its service
    const service = to.service({ plan: 'small', account: to.account(), from: 30, to: 6 })
    to.machine({
      owner: service.account,
      attached: [{ service, from: 29, to: 6 }],
      more: { state: 'stopped' },
      read: null,
    })
  })
  repeat(40, () => {
    // let go while its service goes on with another
    const { service, account } = to.served({ read: null })
    to.machine({ owner: account, attached: [{ service, from: 29, to: 12 }] })
  })
  repeat(40, () => {
    const evidence = smbios()
    const { account } = to.served({ realm: 'alpha', more: { evidence }, read: null })
    to.machine({ realm: 'beta', late: true, owner: account, more: { evidence }, read: null })
  })
  // too new to have been read
  repeat(40, () => to.machine({ late: true, read: null }))
  repeat(30, () => to.service({ plan: 'support', account: to.account(), from: 20 }))
  repeat(20, () => to.machine({ owner: null, more: { kind: 'network' }, read: null }))
  repeat(20, () => {
    // one of two is left
    const { service, account } = to.served({ read: null })
    to.machine({ owner: account, gone: true, attached: [{ service, from: 29 }], read: null })
  })
  // nobody's and gone, and a service to come
  repeat(10, () => to.machine({ owner: null, gone: true, read: null }))
  repeat(10, () => to.service({ plan: 'small', account: to.account(), from: -5 }))
  repeat(10, () => to.service({ plan: 'small', account: to.account(), from: 20, to: 3 }))
}

export function planted(seed: number): Fleet {
  const to = new Planting(new Random(seed))
  differences(to)
  healthy(to)
  return to.fleet
}
