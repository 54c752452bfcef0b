/** Which resources are one machine seen by several eyes, and which of them is billed: pure, the same in any order of arrival. */
import type { Content, Kind } from '#connectors/contract.ts'
import { sure } from '../../base/problem.ts'
import type { Instant } from '../../base/time.ts'
import type { SameAsEvidence } from '../contract.ts'

/** Kinds that can be a whole machine. Of one set the kind that stands first is billed: the eye outside sees what is held. */
const BILLED_FIRST: readonly Kind[] = ['vm', 'container', 'host', 'node']
export const canBeSeenTwice = (kind: Kind): boolean => BILLED_FIRST.includes(kind)

/** More eyes than this on one machine at once: the proof is a default of the factory, not an identity. */
const MAX_EYES = 8

/** Strongest first; what firmware vendors and cloned images leave in them is no proof. */
const PROOFS = ['smbios_uuid', 'machine_id', 'macs'] as const
type ProofName = (typeof PROOFS)[number]
export type Proofs = Partial<Record<ProofName, string>>

const JUNK_UUIDS = new Set(['03000200040005000006000700080009', '123456781234567890abcddeefaabbcc'])
const isRepeated = (digits: string): boolean => /^(.)\1*$/.test(digits)

/** SMBIOS before 2.6 left open in which byte order the first three fields are shown: both spellings are one UUID. */
function smbiosKey(text: string): string | undefined {
  const digits = text.toLowerCase().replaceAll(/[^0-9a-f]/g, '')
  const pair = (at: number) => digits.slice(at, at + 2)
  const swapped = [6, 4, 2, 0, 10, 8, 14, 12].map(pair).join('') + digits.slice(16)
  const isJunk = digits.length !== 32 || isRepeated(digits) || JUNK_UUIDS.has(digits) || JUNK_UUIDS.has(swapped)
  return isJunk ? undefined : digits < swapped ? digits : swapped
}

function machineKey(text: string): string | undefined {
  const digits = text.toLowerCase().replaceAll('-', '')
  return /^[0-9a-f]{32}$/.test(digits) && !isRepeated(digits) ? digits : undefined
}

function macsKey(macs: readonly string[]): string | undefined {
  const known = macs.map((mac) => mac.toLowerCase().replaceAll(/[^0-9a-f]/g, '')).filter((mac) => mac.length === 12)
  const real = [...new Set(known)].filter((mac) => !isRepeated(mac)).toSorted()
  return real.length > 0 ? real.join(' ') : undefined
}

/** What of a resource's evidence can prove which machine it is, in one spelling. */
export function proofsOf(evidence: Content['evidence']): Proofs {
  const { smbios_uuid, machine_id, macs } = evidence
  const found: [ProofName, string | undefined][] = [
    ['smbios_uuid', smbios_uuid === undefined ? undefined : smbiosKey(smbios_uuid)],
    ['machine_id', machine_id === undefined ? undefined : machineKey(machine_id)],
    ['macs', macs === undefined ? undefined : macsKey(macs)],
  ]
  return Object.fromEntries(found.filter(([, key]) => key !== undefined))
}

/** Proofs as keys by which eyes find each other. */
export const keysOf = (proofs: Proofs): string[] => Object.entries(proofs).map(([name, key]) => `${name} ${key}`)

/** A stretch of a resource's observed timeline. */
interface Seen {
  from: Instant
  to: Instant | null
  running: boolean
  proofs: Proofs
}
export interface Eye {
  id: string
  realm: string
  kind: Kind
  /** realm, kind, external id and incarnation: breaks ties alike in every order of arrival, which ids would not */
  identity: string
  /** oldest first */
  seen: readonly Seen[]
}
/** What a person said of two resources. */
export interface Decided {
  a: string
  b: string
  same: boolean
}
/** `same_as(resource, billed, evidence, [from, to))`: another eye on the machine is billed. */
export interface Cover {
  resource_id: string
  billed_id: string
  evidence: SameAsEvidence
  from: Instant
  to: Instant | null
  /** from here on the billed eye saw the machine no more, and this one was not heard since */
  held_from: Instant | null
}

interface Present extends Omit<Seen, 'from' | 'to'> {
  eye: Eye
}
interface Edge {
  a: Present
  b: Present
  evidence: SameAsEvidence
}

const pairKey = (a: string, b: string): string => (a < b ? `${a} ${b}` : `${b} ${a}`)
const seenAt = (eye: Eye, at: Instant): Seen | undefined =>
  eye.seen.find((seen) => seen.from <= at && (seen.to === null || seen.to > at))

/** Covers by what the eyes show while they see, merged over time. */
export function matched(eyes: readonly Eye[], decided: readonly Decided[]): Cover[] {
  const hand = new Map(decided.map(({ a, b, same }) => [pairKey(a, b), same]))
  const bounds = new Set(eyes.flatMap((eye) => eye.seen.flatMap(({ from, to }) => (to === null ? [from] : [from, to]))))
  const instants = [...bounds].toSorted((x, y) => x - y)
  const out: Cover[] = []
  let open = new Map<string, Cover>()
  for (const [index, from] of instants.entries()) {
    const to = instants[index + 1] ?? null
    const next = new Map<string, Cover>()
    for (const cover of coversAt(eyes, from, hand)) {
      const before = open.get(cover.resource_id)
      const goesOn = before?.billed_id === cover.billed_id && before.evidence === cover.evidence
      const current = goesOn ? before : { ...cover, from, to, held_from: null }
      if (!goesOn) out.push(current)
      current.to = to
      next.set(cover.resource_id, current)
    }
    open = next
  }
  return out
}

type Match = Pick<Cover, 'resource_id' | 'billed_id' | 'evidence'>

/** The sets of one instant, as covers of their eyes that aren't billed. */
function coversAt(eyes: readonly Eye[], at: Instant, hand: ReadonlyMap<string, boolean>): Match[] {
  const present = withoutDefaults(
    eyes.flatMap((eye) => {
      const seen = seenAt(eye, at)
      return seen ? [{ eye, running: seen.running, proofs: seen.proofs }] : []
    }),
  )
  const edges = edgesOf(present, hand)
  const sets = joined(edges, hand)
  return [...new Set(sets.values())].flatMap((set) => {
    const billed = set.reduce((best, other) => (billedBefore(other, best) ? other : best))
    return set
      .filter((member) => member !== billed)
      .map((member) => ({
        resource_id: member.eye.id,
        billed_id: billed.eye.id,
        evidence: evidenceOf(member, billed, edges),
      }))
  })
}

/** Forgets proofs that too many show at once. */
function withoutDefaults(present: readonly Present[]): Present[] {
  const holders = Map.groupBy(
    present.flatMap((one) => keysOf(one.proofs)),
    (key) => key,
  )
  const isProof = (name: string, key: string) => (holders.get(`${name} ${key}`)?.length ?? 0) <= MAX_EYES
  return present.map((one) => ({
    ...one,
    proofs: Object.fromEntries(Object.entries(one.proofs).filter(([name, key]) => isProof(name, key))),
  }))
}

/**
 * What two eyes of one instant say of each other. One realm never names one machine twice. A person's word comes first, then the
 * strongest proof that both show: cloned machine-ids under different SMBIOS UUIDs are two machines. Other MACs prove nothing.
 */
function verdict(a: Present, b: Present, hand: ReadonlyMap<string, boolean>): SameAsEvidence | 'different' | null {
  if (a.eye.realm === b.eye.realm) return 'different'
  const said = hand.get(pairKey(a.eye.id, b.eye.id))
  if (said !== undefined) return said ? 'hand' : 'different'
  const strongest = PROOFS.find((name) => a.proofs[name] !== undefined && b.proofs[name] !== undefined)
  if (strongest === undefined) return null
  if (a.proofs[strongest] === b.proofs[strongest]) return strongest
  return strongest === 'macs' ? null : 'different'
}

/** Pairs that are one machine, in the order in which they are believed. */
function edgesOf(present: readonly Present[], hand: ReadonlyMap<string, boolean>): Edge[] {
  const edges: Edge[] = []
  for (const [a, b] of candidates(present, hand)) {
    const evidence = verdict(a, b, hand)
    if (evidence !== null && evidence !== 'different')
      edges.push(a.eye.identity < b.eye.identity ? { a, b, evidence } : { a: b, b: a, evidence })
  }
  const strength = ({ evidence }: Edge) => (evidence === 'hand' ? -1 : PROOFS.indexOf(evidence))
  const asleep = ({ a, b }: Edge) => Number(!a.running) + Number(!b.running)
  const text = ({ a, b }: Edge) => `${a.eye.identity}\n${b.eye.identity}`
  return edges.toSorted((x, y) => strength(x) - strength(y) || asleep(x) - asleep(y) || (text(x) < text(y) ? -1 : 1))
}

/** Pairs that share a proof or of which a person spoke: few, however many eyes there are. */
function candidates(present: readonly Present[], hand: ReadonlyMap<string, boolean>): [Present, Present][] {
  const pairs = new Map<string, [Present, Present]>()
  const add = (a: Present, b: Present) => pairs.set(pairKey(a.eye.id, b.eye.id), [a, b])
  const byKey = Map.groupBy(
    present.flatMap((one) => keysOf(one.proofs).map((key) => ({ key, one }))),
    ({ key }) => key,
  )
  for (const holders of byKey.values())
    for (const [index, { one }] of holders.entries()) for (const other of holders.slice(index + 1)) add(one, other.one)
  const byId = new Map(present.map((one) => [one.eye.id, one]))
  for (const pair of hand.keys()) {
    const [a, b] = pair.split(' ').map((id) => byId.get(id))
    if (a && b) add(a, b)
  }
  return [...pairs.values()]
}

/** Joins edge by edge; a join that would hold two that are different apart from it is refused. */
function joined(edges: readonly Edge[], hand: ReadonlyMap<string, boolean>): Map<Present, Present[]> {
  const sets = new Map<Present, Present[]>()
  const setOf = (one: Present) => sets.get(one) ?? [one]
  for (const { a, b } of edges) {
    const [left, right] = [setOf(a), setOf(b)]
    if (left === right || left.some((x) => right.some((y) => verdict(x, y, hand) === 'different'))) continue
    const whole = [...left, ...right]
    for (const member of whole) sets.set(member, whole)
  }
  return sets
}

/** The eye outside; else the one that saw first. */
function billedBefore(a: Present, b: Present): boolean {
  const rank = ({ eye }: Present) => BILLED_FIRST.indexOf(eye.kind)
  const first = ({ eye }: Present) => sure(eye.seen[0]).from
  return (rank(a) - rank(b) || first(a) - first(b) || (a.eye.identity < b.eye.identity ? -1 : 1)) < 0
}

/** The proof that it shares with the billed one, else the strongest that brought it into the set. */
function evidenceOf(member: Present, billed: Present, edges: readonly Edge[]): SameAsEvidence {
  const own = edges.filter(({ a, b }) => a === member || b === member)
  return sure(own.find(({ a, b }) => a === billed || b === billed) ?? own[0]).evidence
}

/** Where the billed eye saw the machine's end while the covered one only fell silent: what to ask of its listings. */
export const silences = (covers: readonly Cover[], eyes: readonly Eye[]): { resource_id: string; at: Instant }[] =>
  covers
    .filter((cover) => endsUnheard(cover, covers, eyes))
    .map(({ resource_id, to }) => ({ resource_id, at: sure(to) }))

function endsUnheard(cover: Cover, covers: readonly Cover[], eyes: readonly Eye[]): boolean {
  const { resource_id, billed_id, to } = cover
  if (to === null || covers.some((next) => next.resource_id === resource_id && next.from === to)) return false
  const isSeen = (id: string) => seenAt(sure(eyes.find((eye) => eye.id === id)), to) !== undefined
  return isSeen(resource_id) && !isSeen(billed_id)
}

/**
 * A machine that its outside eye saw end doesn't live on as a silent agent: the cover holds until the covered eye is heard again.
 * `heard`: the first complete listing of its scope at or after the end, by `resource/instant`.
 */
export function heldOver(covers: readonly Cover[], eyes: readonly Eye[], heard: ReadonlyMap<string, Instant>): Cover[] {
  return covers.flatMap((cover) => {
    if (!endsUnheard(cover, covers, eyes)) return [cover]
    const end = sure(cover.to)
    const eye = sure(eyes.find((one) => one.id === cover.resource_id))
    const billed = sure(eyes.find((one) => one.id === cover.billed_id))
    const stops = [
      heard.get(`${cover.resource_id}/${end}`),
      covers.find((next) => next.resource_id === cover.resource_id && next.from > end)?.from,
      billed.seen.find((seen) => seen.from > end)?.from,
      existsUntil(eye, end),
    ].filter((at) => at !== undefined)
    const to = stops.length > 0 ? Math.min(...stops) : null
    return [{ ...cover, to, held_from: end }]
  })
}

/** The end of the unbroken existence that holds at an instant; undefined where it goes on. */
function existsUntil(eye: Eye, at: Instant): Instant | undefined {
  let until: Instant | null = at
  for (const seen of eye.seen)
    if (until !== null && seen.from <= until && (seen.to ?? Infinity) > until) until = seen.to
  return until ?? undefined
}
