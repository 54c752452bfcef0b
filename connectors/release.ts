/** The words of a release of the agent: what a release key signs, and what an agent and its control plane say to each other of it. */
import { createPublicKey, verify } from 'node:crypto'
import { type Shape, optional, readAs, strict, text, whole } from './shape.ts'
import { canonical } from './wire.ts'

export const RELEASE_LIMITS = { bytes: 256 * 1024 * 1024 } as const

/** Three numbers: also the name of a folder, and nothing that could lead out of it. */
export const VERSION_PATTERN = /^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})$/
/** As `process.platform` and `process.arch` say: linux-x64. */
export const PLATFORM_PATTERN = /^[a-z0-9]{1,20}-[a-z0-9]{1,20}$/
/** The 32 bytes of an Ed25519 public key in base64. */
export const RELEASE_KEY_PATTERN = /^[A-Za-z0-9+/]{43}=$/

export interface Release {
  version: string
  platform: string
  bytes: number
  sha256: string
  released_at: string
  /** takes the place of the key that signed this, in each agent that this release has proved itself in */
  next_key?: string | undefined
}
export interface SignedRelease {
  release: Release
  /** public key of who signed; whether it is trusted each agent knows by itself */
  key: string
  signature: string
}

const releaseShape: Shape<Release> = strict({
  version: text(5, 20, VERSION_PATTERN),
  platform: text(3, 41, PLATFORM_PATTERN),
  bytes: whole(1),
  sha256: text(64, 64, /^[0-9a-f]{64}$/),
  released_at: text(20, 30, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
  next_key: optional(text(44, 44, RELEASE_KEY_PATTERN)),
})
export const releaseKeyShape: Shape<string> = text(44, 44, RELEASE_KEY_PATTERN)
export const signedReleaseShape: Shape<SignedRelease> = strict({
  release: releaseShape,
  key: releaseKeyShape,
  signature: text(88, 88, /^[A-Za-z0-9+/]{86}==$/),
})

/** What is signed; the first line keeps it from being anything else. */
export const releaseText = (release: Release): Uint8Array =>
  new TextEncoder().encode(`atalaya-release\n${canonical(release)}`)

/** RFC 8410: what stands before the 32 bytes of an Ed25519 public key in SubjectPublicKeyInfo. */
const SPKI_ED25519 = Buffer.from('302a300506032b6570032100', 'hex')

/** True where the owner of `key` signed the release; not whether that key may. */
export function isSigned({ release, key, signature }: SignedRelease): boolean {
  try {
    const der = Buffer.concat([SPKI_ED25519, Buffer.from(key, 'base64')])
    const public_key = createPublicKey({ key: der, format: 'der', type: 'spki' })
    return verify(null, releaseText(release), public_key, Buffer.from(signature, 'base64'))
  } catch {
    return false
  }
}

/** One public key a line; what else stands there is a remark. */
export const keysIn = (lines: string): string[] =>
  lines
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => readAs(releaseKeyShape, line) !== undefined)

/** Negative where `a` is older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)]
  return [0, 1, 2].map((part) => (left[part] ?? 0) - (right[part] ?? 0)).find((difference) => difference !== 0) ?? 0
}

/** What becomes of an update, in the words of the agent. */
export const TELLINGS = ['ready', 'refused', 'switching', 'proven', 'failed', 'went_back'] as const
export interface Telling {
  state: (typeof TELLINGS)[number]
  platform: string
  /** that runs now */
  version: string
  /** which this is about; none in one that only asks */
  rollout?: string | undefined
  /** why, in snake case */
  reason?: string | undefined
  /** why, for people */
  detail?: string | undefined
  /** of the version in question, within one boot of the machine */
  starts?: number | undefined
}
/** What its key signs under a telling, and under the wish for a file: nobody else speaks for it, and no word of it means another. */
export const tellingText = (agent: string, challenge: string, telling: Telling): Uint8Array =>
  new TextEncoder().encode(['atalaya-update', agent, challenge, canonical(telling)].join('\n'))
export const fileText = (agent: string, challenge: string, sha256: string): Uint8Array =>
  new TextEncoder().encode(['atalaya-release-file', agent, challenge, sha256].join('\n'))
/** On `v1.command.<agent>`: there is something to ask for; `spread_ms` is over how long those who hear it come. */
export interface UpdateCommand {
  command: 'update'
  spread_ms: number
}
