/** What an agent refuses to run, and what it keeps in mind of its updates. Pure. */
import {
  compareVersions,
  isSigned,
  RELEASE_LIMITS,
  type SignedRelease,
  TELLINGS,
  type Telling,
} from '#connectors/release.ts'
import { oneOf, optional, type Shape, strict, text, whole } from '#connectors/shape.ts'

/** Why a release isn't run: it is told to the control plane, and nothing on the disk has changed. */
export class Refusal extends Error {
  readonly reason: string
  constructor(reason: string, detail: string) {
    super(detail)
    this.name = 'Refusal'
    this.reason = reason
  }
}

interface Standing {
  /** public keys that may sign */
  trusted: readonly string[]
  platform: string
  /** that runs */
  version: string
  /** that has proved itself here, of all times */
  newest: string | null
  /** by the launcher, which can go back */
  is_launched: boolean
}

/** Throws a Refusal; who signed comes first: of what nobody trusted signed, not a word is believed. */
export function judge(signed: SignedRelease, { trusted, platform, version, newest, is_launched }: Standing): void {
  const { release, key } = signed
  if (!trusted.includes(key))
    throw new Refusal('unknown_key', `The release is signed by the key ${key}, which this agent doesn't trust.`)
  if (!isSigned(signed)) throw new Refusal('bad_signature', 'The signature is not that of the key over this release.')
  if (release.platform !== platform)
    throw new Refusal('wrong_platform', `The release is for ${release.platform}; this is ${platform}.`)
  const floor = newest !== null && compareVersions(newest, version) > 0 ? newest : version
  if (compareVersions(release.version, floor) <= 0)
    throw new Refusal('not_newer', `The release is ${release.version}; this agent has run ${floor} already.`)
  if (release.bytes > RELEASE_LIMITS.bytes)
    throw new Refusal('too_large', `The release has ${release.bytes} bytes, more than ${RELEASE_LIMITS.bytes}.`)
  if (!is_launched)
    throw new Refusal(
      'no_launcher',
      'This agent was not started by its launcher, which could go back: run the installer’s line again on this machine.',
    )
}

export interface Memory {
  newest: string | null
  /** the switch that was begun */
  trying: { version: string; rollout: string; key: string; next_key?: string | undefined } | null
  /** not yet heard by the control plane */
  telling: Telling | null
  /** the last that proved itself: for a day its starts are told */
  settled: { version: string; rollout: string; at_ms: number; boot_id: string; starts: number } | null
}
export const EMPTY: Memory = { newest: null, trying: null, telling: null, settled: null }

const orNull =
  <T>(shape: Shape<T>): Shape<T | null> =>
  (value, at) =>
    value === null ? null : shape(value, at)
const word = text(1, 64)
export const tellingShape: Shape<Telling> = strict({
  state: oneOf(TELLINGS),
  platform: word,
  version: word,
  rollout: optional(word),
  reason: optional(word),
  detail: optional(text(0, 2_000)),
  starts: optional(whole(0)),
})
export const memoryShape: Shape<Memory> = strict({
  newest: orNull(word),
  trying: orNull(strict({ version: word, rollout: word, key: word, next_key: optional(word) })),
  telling: orNull(tellingShape),
  settled: orNull(strict({ version: word, rollout: word, at_ms: whole(0), boot_id: text(0, 128), starts: whole(0) })),
})

const WATCHED_MS = 86_400_000
/** A start of the version that proved itself: one more in this boot, or null when nobody asks any more. */
export function startedAgain(
  settled: NonNullable<Memory['settled']>,
  boot_id: string,
  now_ms: number,
): Memory['settled'] {
  if (Math.abs(now_ms - settled.at_ms) > WATCHED_MS) return null
  return { ...settled, boot_id, starts: settled.boot_id === boot_id ? settled.starts + 1 : 1 }
}

/** The key that signed makes way for the next one, which that same key named. */
export const keysAfter = (keys: readonly string[], key: string, next: string): string[] => [
  ...keys.filter((one) => one !== key && one !== next),
  next,
]
