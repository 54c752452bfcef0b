/** A new key of the installation: keys of people and addresses of those who are invited are sealed anew; what they seal stays as it is. */
import { permit } from '../../base/actor.ts'
import type { Context } from '../../db/index.ts'
import { append } from '../../events/index.ts'
import { sealingKey, UnreadableSecret } from '../../secrets/index.ts'
import { updateInvitation } from '../store.ts'
import { openEmail, sealEmail } from './invited.ts'
import { openKeyText, sealKey } from './names.ts'
import * as store from './store.ts'

const AT_ONCE = 500

/** The last of each that was looked at. */
interface After {
  person_id?: string
  invitation_id?: string
}
export interface Resealed {
  resealed: number
  /** what no key here opens, in words */
  unreadable: string[]
  /** null: that was all */
  next: After | null
}

export async function resealPeople(ctx: Context, after: After): Promise<Resealed> {
  permit(ctx, 'installation.write')
  const first = sealingKey()
  const keys = await store.selectKeysNotBy(ctx.tx, first, after.person_id ?? null, AT_ONCE)
  const invited = await store.selectInvitedNotBy(ctx.tx, first, after.invitation_id ?? null, AT_ONCE)
  const unreadable: string[] = []
  const tried = async (title: string, work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof UnreadableSecret)) throw error
      unreadable.push(title)
    }
  }
  for (const row of keys)
    await tried(`The key of person ${row.person_id}`, async () =>
      store.updateKey(ctx.tx, row.person_id, await sealKey(ctx, row.person_id, openKeyText(row))),
    )
  for (const row of invited)
    await tried(`The address of invitation ${row.id}`, async () =>
      updateInvitation(ctx.tx, row.id, { email: await sealEmail(ctx, row.id, openEmail(row)) }),
    )
  const resealed = keys.length + invited.length - unreadable.length
  if (resealed > 0)
    await append(ctx, { type: 'people.resealed', subject: { kind: 'secret_key', id: first }, after: { resealed } })
  const [person_id, invitation_id] = [keys.at(-1)?.person_id, invited.at(-1)?.id]
  const isOver = keys.length < AT_ONCE && invited.length < AT_ONCE
  const next = { ...after, ...(person_id && { person_id }), ...(invitation_id && { invitation_id }) }
  return { resealed, unreadable, next: isOver ? null : next }
}

export async function arePeopleSealedByFirst(ctx: Context): Promise<boolean> {
  permit(ctx, 'installation.write')
  const first = sealingKey()
  const [keys, invited] = [
    await store.selectKeysNotBy(ctx.tx, first, null, 1),
    await store.selectInvitedNotBy(ctx.tx, first, null, 1),
  ]
  return keys.length + invited.length === 0
}
