/** A new key for the secrets of all sources, while everything runs: the steps of `atalaya rotate-secrets`. */
import { system } from './base/actor.ts'
import { type Context, type Database, transact } from './db/index.ts'
import { arePeopleSealedByFirst, isSignInSealedByFirst, resealPeople, resealSignIn } from './people/index.ts'
import { addKey, dropOldKeys, sealingKey } from './secrets/index.ts'
import { isAllSealedByFirst, judgeSecrets, reseal, sealedByOld, sealedCount } from './sources/index.ts'

export interface Rotation {
  newKey: boolean
  dropOld: boolean
}

/** Killed at any moment it leaves every secret readable; run again it goes on. False where a secret could not be sealed anew. */
export async function rotateSecrets(
  db: Database,
  { newKey, dropOld }: Rotation,
  say: (line: string) => void,
): Promise<boolean> {
  const as = <T>(verb: (ctx: Context) => Promise<T>) => transact(db, system('rotate-secrets'), Date.now, verb)
  if (newKey) await as(addKey)
  say(`The key ${sealingKey()} seals from now on${newKey ? '; it is new' : ''}.`)
  const unreadable = await resealAll(as, say)
  for (const id of unreadable) say(`Source ${id}: no key here opens its secrets. Enter them again, or bring its key.`)
  const locked = [...(await as(resealSignIn)), ...(await resealEverybody(as, say))]
  for (const title of locked) say(`${title}: no key here opens it. Bring its key.`)
  if (dropOld) await drop(as, say)
  return unreadable.length + locked.length === 0
}

type As = <T>(verb: (ctx: Context) => Promise<T>) => Promise<T>

async function resealAll(as: As, say: (line: string) => void): Promise<string[]> {
  const all = await as(sealedCount)
  const unreadable: string[] = []
  let [seen, resealed] = [0, 0]
  for (let after: string | null = null; ;) {
    const page = await as((ctx) => sealedByOld(ctx, after))
    for (const id of page.ids)
      if (await as((ctx) => reseal(ctx, id))) resealed += 1
      else unreadable.push(id)
    seen += page.seen
    after = page.next
    if (after === null) break
    say(`${seen} of ${all} sources`)
  }
  say(`${resealed} of ${seen} sources with secrets were sealed anew.`)
  return unreadable
}

/** Keys of people and addresses of those who are invited. */
async function resealEverybody(as: As, say: (line: string) => void): Promise<string[]> {
  const unreadable: string[] = []
  let count = 0
  for (let after: Parameters<typeof resealPeople>[1] = {}; ;) {
    const page = await as((ctx) => resealPeople(ctx, after))
    count += page.resealed
    unreadable.push(...page.unreadable)
    if (page.next === null) break
    after = page.next
  }
  say(`${count} keys of people and addresses of invitations were sealed anew.`)
  return unreadable
}

async function drop(as: As, say: (line: string) => void): Promise<void> {
  const dropped = await as((ctx) =>
    dropOldKeys(
      ctx,
      async () =>
        (await isAllSealedByFirst(ctx)) && (await isSignInSealedByFirst(ctx)) && (await arePeopleSealedByFirst(ctx)),
    ),
  )
  if (dropped > 0) say(`${dropped} old keys were taken away. A backup made before needs the key file of its time.`)
  else say('No old key was taken away: there is none, or a secret still needs it.')
}

/** How many living sources hold secrets that no key here opens. */
export async function unreadableSources(db: Database): Promise<number> {
  let count = 0
  for (let after: string | null = null; ;) {
    const page = await transact(db, system('restore'), Date.now, (ctx) => judgeSecrets(ctx, after))
    count += page.unreadable
    after = page.next
    if (after === null) return count
  }
}
