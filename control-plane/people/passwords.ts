/** Passwords: which are refused, and their hashes, argon2id with the parameters that OWASP recommends. */
import { type Algorithm, hash, verify } from '@node-rs/argon2'
import { dictionary } from '@zxcvbn-ts/language-common'
import { Problem } from '../base/problem.ts'
import { PASSWORD, whyWeak } from './rules.ts'

/** The most common ones that are long enough to be chosen here. */
const COMMON: ReadonlySet<string> = new Set(
  (dictionary['passwords-common'] as string[])
    .filter((word) => word.length >= PASSWORD.min)
    .map((word) => word.toLowerCase()),
)

const ARGON2ID = 2 satisfies Algorithm.Argon2id
const PARAMETERS = { algorithm: ARGON2ID, memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** `about` are words that stand near the person: name and e-mail. */
export function refuseWeak(password: string, about: readonly string[]): void {
  const detail = whyWeak(password, COMMON, about)
  if (detail !== null) throw new Problem('invalid', `The password ${detail}.`, [{ pointer: '/password', detail }])
}

export const hashPassword = (password: string): Promise<string> => hash(password.normalize('NFKC'), PARAMETERS)

export const verifyPassword = (given: { hash: string; password: string }): Promise<boolean> =>
  verify(given.hash, given.password.normalize('NFKC'))
