/** A fleet with known differences between what sources see and what is sold, beside machines that only look as if they differed: from a seed. */
import { Big } from 'big.js'
import type { ObservationInput } from '#connectors/contract.ts'
import { newId } from '#control-plane/base/id.ts'
import type { DiscrepancyKind } from '#control-plane/reconciliation/contract.ts'
import { Random } from '../world/random.ts'
import { GIB, vm } from './agent.ts'
import {
  chargedIn,
  type Currency,
  feeIn,
  type PlanName,
  type Prices,
  pricesFrom,
  type Size,
  standardOf,
  usedOf,
} from './discrepancy-prices.ts'

export const REALMS = ['alpha', 'beta'] as const
export type Realm = (typeof REALMS)[number]

export interface Wanted {
  plan: PlanName
  account: number
  /** days before now */
  from: number
  to?: number
  quantity?: number
  /** days before now, each told by somebody; `withdrawn`: and taken back since */
  suspended?: { from: number; to?: number; withdrawn?: true }[]
  /** nothing of its plan costs anything until ten days from now, or until it ends */
  trial?: boolean
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
  /** half a day ago it was seen otherwise: it ran with another size, or it stood still for a while */
  restless: 'grown' | 'rebooted' | null
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
  currency: Currency | null
  way: 'loss' | 'overcharge' | 'disputed' | 'none' | null
  /** known by a second eye alone, which lies in beta */
  by_eye?: true
  /** known by what a counter says no more */
  by_counter?: true
}
export interface Fleet {
  prices: Prices
  machines: Machine[]
  services: Planned[]
  truth: Truth[]
}

export const ACCOUNTS = 14
/** Those from here on buy in dollars, and have no plans. */
const IN_DOLLARS = 11
export const currencyOf = (account: number): Currency => (account < IN_DOLLARS ? 'EUR' : 'USD')
/** A counter grows by as much each day. */
export const DAILY = { bytes: 3 * 10 ** 9, lists: 40_000 }
const DIFFERENCES = 200

type Worth = Pick<Truth, 'amount' | 'way' | 'currency' | 'by_eye' | 'by_counter'>
const signed = (amount: Big, currency: Currency = 'EUR'): Worth => {
  const shown = amount.abs().toFixed(2, Big.roundHalfUp)
  const way = shown === '0.00' ? 'none' : amount.gt(0) ? 'loss' : 'overcharge'
  return { amount: shown, way, currency }
}
const over = (amount: Big): Worth => signed(amount.times(-1))
const disputed = (amount: Big, currency: Currency): Worth => ({
  ...signed(amount, currency),
  way: amount.eq(0) ? 'none' : 'disputed',
})
const none: Worth = { amount: null, way: null, currency: null }
const sizeText = ({ vcpu, gib }: Size) => ({ vcpu_count: vcpu, memory_bytes: gib * GIB })

class Planting {
  readonly fleet: Fleet
  readonly dice: Random

  constructor(dice: Random) {
    this.dice = dice
    this.fleet = { prices: pricesFrom(dice.of('prices')), machines: [], services: [], truth: [] }
  }

  /** that may have services */
  account = () => this.dice.int(0, IN_DOLLARS - 1)
  anybody = () => this.dice.int(0, ACCOUNTS - 1)
  size = (): Size => ({ vcpu: this.dice.int(1, 16), gib: this.dice.int(1, 64) })
  other = (account: number) => (account + this.dice.int(1, ACCOUNTS - 1)) % ACCOUNTS
  coin = () => this.dice.onceIn(2)
  quantity = () => this.dice.int(1, 3)
  standard = (size: Size, account: number | null = 0) =>
    standardOf(this.fleet.prices, account === null ? 'EUR' : currencyOf(account), size)
  fee = ({ plan, quantity = 1, trial = false }: Wanted) =>
    trial ? new Big(0) : feeIn(this.fleet.prices, plan, quantity)
  charged = ({ plan, trial = false }: Wanted, size: Size) => chargedIn(this.fleet.prices, plan, size, trial)

  machine({
    size = { vcpu: 2, gib: 4 },
    more = {},
    ...rest
  }: Partial<Machine> & { size?: Size; more?: Partial<ObservationInput> } = {}): Machine {
    const name = `m${this.fleet.machines.length}-${this.dice.int(0, 9_999)}`
    const seen = vm(name, { size: sizeText(size), ...more })
    const plain = { gone: false, late: false, restless: null, read: 0.04, attached: [], owner: this.anybody() }
    const made: Machine = { ...plain, name, realm: this.dice.pick(REALMS), seen, ...rest }
    this.fleet.machines.push(made)
    return made
  }

  service(wanted: Wanted): Planned {
    const made = { ...wanted, id: newId() }
    this.fleet.services.push(made)
    return made
  }

  served({
    plan = 'small',
    promised,
    trial = false,
    suspended = [],
    ...rest
  }: Parameters<Planting['machine']>[0] & {
    plan?: PlanName
    promised?: Attached['promised']
    trial?: boolean
    suspended?: Wanted['suspended']
  } = {}) {
    const account = rest.owner ?? this.account()
    const service = this.service({ plan, account, from: 30, trial, suspended, quantity: this.quantity() })
    const attached = [{ service, from: 29, ...(promised && { promised }) }]
    return { service, account, machine: this.machine({ owner: account, attached, ...rest }) }
  }

  tell(kind: DiscrepancyKind, about: Machine | Planned, worth: Worth, realm?: Realm): void {
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

type Plant = (to: Planting) => void
/** One of each kind, whatever else the dice say of it; some make two differences at once. */
const PLANTS: Record<DiscrepancyKind, Plant> = {
  orphan(to) {
    if (to.dice.onceIn(5)) {
      // a kind that only a plan sells: its owner pays for it in a service alone
      const owner = to.coin() ? to.account() : null
      to.tell('orphan', to.machine({ more: { kind: 'container' }, read: null, owner }), none)
      return
    }
    const size = to.size()
    to.tell('orphan', to.machine({ size, owner: null, read: null }), signed(to.standard(size, null)))
  },
  ghost(to) {
    const plan = to.dice.pick(['small', 'metered', 'boxes'] as const)
    const wanted = { plan, account: to.account(), from: 20, quantity: to.quantity(), trial: to.dice.onceIn(5) }
    const service = to.service(wanted)
    if (to.coin()) to.machine({ owner: service.account, attached: [{ service, from: 20, to: 10 }] })
    to.tell('ghost', service, over(to.fee(service)))
  },
  size(to) {
    const [plan, trial] = [to.coin() ? ('small' as const) : ('metered' as const), to.dice.onceIn(6)]
    const size = { vcpu: to.dice.pick([1, 3, 4, 8]), gib: to.dice.pick([2, 4, 16]) }
    const than = { vcpu: 2, gib: plan === 'small' ? 4 : size.gib }
    const host = to.dice.onceIn(5)
    const promised = { ...(plan === 'metered' && { size: { vcpu_count: 2 } }), ...(host && { host: 'h2' }) }
    const { machine, service } = to.served({ plan, trial, size, promised, more: { host: 'h1' } })
    const given = to.standard(size).minus(to.standard(than))
    to.tell('size', machine, signed(given.minus(to.charged(service, size).minus(to.charged(service, than)))))
    if (host) to.tell('host', machine, signed(new Big(0)))
  },
  owner(to) {
    const size = to.size()
    if (to.dice.onceIn(3)) {
      const evidence = smbios()
      const machine = to.machine({ size, realm: 'alpha', more: { evidence } })
      const owner = to.other(machine.owner ?? 0)
      to.machine({ size, realm: 'beta', late: true, more: { evidence }, owner, read: null })
      const currency = currencyOf(machine.owner ?? 0)
      to.tell('owner', machine, { ...disputed(to.standard(size, machine.owner), currency), by_eye: true })
      return
    }
    const service = to.service({ plan: 'support', account: to.account(), from: 30 })
    const owner = to.other(service.account)
    const machine = to.machine({ size, owner, attached: [{ service, from: 29 }] })
    to.tell('owner', machine, disputed(to.standard(size, owner), currencyOf(owner)))
  },
  host(to) {
    const promised = to.coin() ? { realm: 'gamma' } : { host: 'h2' }
    const { machine } = to.served({ promised, trial: to.dice.onceIn(4), more: { host: 'h1' } })
    to.tell('host', machine, signed(new Big(0)))
  },
  gone(to) {
    const suspended = to.coin() ? [{ from: 9 }] : []
    const { service, machine } = to.served({ gone: true, suspended, trial: to.dice.onceIn(5) })
    to.tell('gone', service, over(to.fee(service)), machine.realm)
  },
  ended_service(to) {
    const plan = to.coin() ? ('small' as const) : ('metered' as const)
    const account = to.account()
    const end = to.dice.int(200, 1_200) / 100
    const suspended = to.coin() ? [{ from: end + 1 }] : []
    const more_of_it = { trial: to.dice.onceIn(5), quantity: to.quantity(), suspended }
    const service = to.service({ plan, account, from: 30, to: end, ...more_of_it })
    const many = to.dice.onceIn(3) ? 2 : 1
    repeat(many, (index) => {
      const [size, running] = [to.size(), index === 0 || to.coin()]
      const more = running ? {} : { state: 'stopped' as const }
      const machine = to.machine({ size, owner: account, attached: [{ service, from: 29, to: end }], more })
      if (!running) return
      const brought = to.fee(service).div(many).plus(to.charged(service, size))
      to.tell('ended_service', machine, signed(brought.minus(to.standard(size))))
    })
  },
  suspended(to) {
    const [plan, account] = [to.dice.pick(['small', 'metered', 'support'] as const), to.account()]
    const suspended = [{ from: to.dice.int(1, 2_800) / 100, ...(to.coin() && { to: -3 }) }]
    const more_of_it = { trial: to.dice.onceIn(5), quantity: to.quantity(), suspended }
    const service = to.service({ plan, account, from: 30, ...more_of_it })
    // its plan promises one size
    const size = () => (plan === 'small' ? { vcpu: 2, gib: 4 } : to.size())
    if (to.dice.onceIn(5)) {
      // attached by an eye alone: it is charged beside the plan
      const [more, held] = [{ evidence: smbios() }, size()]
      const machine = to.machine({ realm: 'alpha', size: held, owner: account, more })
      const attached = [{ service, from: 0.05 }]
      to.machine({ realm: 'beta', size: held, late: true, owner: account, more, attached, read: null })
      to.tell('suspended', machine, { ...signed(to.fee(service).plus(to.standard(held))), by_eye: true })
      return
    }
    const many = to.dice.onceIn(3) ? 2 : 1
    repeat(many, (index) => {
      const [held, running] = [size(), index === 0 || to.coin()]
      const more = running ? {} : { state: 'stopped' as const }
      const machine = to.machine({ size: held, owner: account, attached: [{ service, from: 29 }], more })
      if (running) to.tell('suspended', machine, signed(to.fee(service).div(many).plus(to.charged(service, held))))
    })
  },
  unmetered(to) {
    const owner = to.anybody()
    const { standard } = to.fleet.prices
    const book = standard[currencyOf(owner)]
    const counted = (machine: Machine, used: Big) =>
      to.tell('unmetered', machine, { ...signed(used, currencyOf(owner)), by_counter: true })
    // its last thirty days, or all that it was read
    const read = to.dice.int(150, 1_500) / 100
    const days = new Big(Math.min(30, 40 - read))
    if (to.dice.onceIn(5)) to.tell('unmetered', to.machine({ owner, more: { size: { vcpu_count: 2 } } }), none)
    else if (to.dice.onceIn(4)) {
      const machine = to.machine({ owner, read, more: { kind: 'bucket', size: {} } })
      counted(machine, usedOf(book.lists, days.times(DAILY.lists).div(1_000)))
    } else {
      const machine = to.machine({ owner, read, restless: to.dice.onceIn(4) ? 'grown' : null })
      counted(machine, usedOf(book.gigabyte, days.times(DAILY.bytes).div(10 ** 9)))
    }
  },
  two_services(to) {
    const account = to.account()
    const first = to.service({ plan: 'small', account, from: 30 })
    const by_eye = to.coin()
    // one account has a machine in one service at a time: PostgreSQL itself refuses the second
    const whose = by_eye ? account : (account + to.dice.int(1, IN_DOLLARS - 1)) % IN_DOLLARS
    const wanted = { plan: 'metered' as const, from: 25, quantity: to.quantity(), trial: to.dice.onceIn(5) }
    const second = to.service({ ...wanted, account: whose })
    if (by_eye) {
      const more = { evidence: smbios() }
      const machine = to.machine({ realm: 'alpha', owner: account, more, attached: [{ service: first, from: 29 }] })
      const attached = [{ service: second, from: 0.05 }]
      to.machine({ realm: 'beta', late: true, owner: account, more, attached, read: null })
      to.tell('two_services', machine, { ...over(to.fee(second)), by_eye: true })
      return
    }
    const attached = [
      { service: first, from: 29 },
      { service: second, from: 20 },
    ]
    to.tell('two_services', to.machine({ owner: whose, attached }), over(to.fee(second)))
  },
}

/** 200 differences of ten kinds, at least twelve of each, the rest as the dice fall. */
function differences(to: Planting): void {
  const kinds = Object.keys(PLANTS) as DiscrepancyKind[]
  for (const kind of kinds) repeat(12, () => PLANTS[kind](to))
  // two at once would be one too many
  while (to.fleet.truth.length < DIFFERENCES - 1) PLANTS[to.dice.pick(kinds)](to)
  while (to.fleet.truth.length < DIFFERENCES) PLANTS.ghost(to)
}

let serial = 0
const smbios = () => ({ smbios_uuid: `4c4c4544-0033-4d10-8051-${String((serial += 1)).padStart(12, '0')}` })

/** What differs in nothing, though it nearly does: a thousand machines and some services. */
function healthy(to: Planting): void {
  repeat(420, () => {
    to.machine({ size: to.size() })
  })
  repeat(250, (index) => {
    // as promised, or as was agreed of it alone
    const trial = index % 7 === 0
    if (index % 5 === 0)
      to.served({ size: { vcpu: 6, gib: 4 }, promised: { size: { vcpu_count: 6 } }, trial, read: null })
    else if (index % 5 === 1)
      to.served({ realm: 'beta', promised: { realm: 'beta', host: 'h1' }, more: { host: 'h1' } })
    else to.served({ trial, read: null })
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
  // stopped as long as it is suspended; or goes on again, was never to be, or is to be
  repeat(20, () => to.served({ suspended: [{ from: 8 }], more: { state: 'stopped' }, read: null }))
  for (const one of [{ from: 10, to: 3 }, { from: 8, withdrawn: true as const }, { from: -3 }])
    repeat(20, () => to.served({ suspended: [one], read: null }))
  repeat(40, () => {
    // let go while its service goes on with another
    const suspended = [{ from: 15 }]
    const { service, account } = to.served({ suspended, more: { state: 'stopped' }, read: null })
    to.machine({ owner: account, attached: [{ service, from: 29, to: 12 }] })
  })
  repeat(40, () => {
    const evidence = smbios()
    const { account } = to.served({ realm: 'alpha', more: { evidence }, read: null })
    to.machine({ realm: 'beta', late: true, owner: account, more: { evidence }, read: null })
  })
  // sees more of it than was promised, of what was not: and a plan that prices its vCPUs and is on trial
  repeat(10, () => to.served({ plan: 'metered', trial: true, size: to.size() }))
  // grown, and read all the same; stood still half a day ago, and not read since
  repeat(15, () => to.machine({ restless: 'grown' }))
  repeat(15, () => to.machine({ restless: 'rebooted', read: 10 }))
  repeat(15, () => to.machine({ more: { kind: 'bucket', size: {} } }))
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
