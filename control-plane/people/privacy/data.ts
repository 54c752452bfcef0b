/** Verbs of disclosure: all that is held about a person, for himself or for who answers for it. */
import { permit, programFor } from '../../base/actor.ts'
import { iso } from '../../base/time.ts'
import type { Context } from '../../db/index.ts'
import type { Event } from '../../events/contract.ts'
import { findEvents } from '../../events/index.ts'
import type { PersonData } from '../contract.ts'
import { type Known, me } from '../me/person.ts'
import { selectPasskeys, selectProviders } from '../store.ts'
import { placeOf, requireKnown } from './erasure.ts'
import * as store from './store.ts'

const EVENTS_AT_MOST = 10_000
const PAGE = 500

/** As the program: what somebody did and what happened to him is about him, whatever else he may see. */
async function eventsAbout(ctx: Context, id: string): Promise<{ events: Event[]; more: boolean }> {
  const reading = { ...ctx, actor: programFor(ctx.actor) }
  const events: Event[] = []
  let cursor: string | undefined
  do {
    const page = await findEvents(reading, { about: id, limit: PAGE, cursor })
    events.push(...page.items)
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined && events.length < EVENTS_AT_MOST)
  return { events, more: cursor !== undefined }
}

const at = (moment: Date): string => iso(moment.getTime())

async function ways(ctx: Context, id: string): Promise<Pick<PersonData, 'sessions' | 'sign_in_methods' | 'passkeys'>> {
  const providers = await selectProviders(ctx.tx)
  const called = (provider_id: string) =>
    provider_id === 'credential' ? 'password' : (providers.find((one) => one.id === provider_id)?.name ?? provider_id)
  return {
    sessions: (await store.selectAllSessions(ctx.tx, id)).map((one) => ({
      created_at: at(one.created_at),
      last_used_at: at(one.updated_at),
      expires_at: at(one.expires_at),
      address: one.ip_address ?? '',
      browser: one.user_agent ?? '',
    })),
    sign_in_methods: (await store.selectMethods(ctx.tx, id)).map(({ provider_id, created_at }) => ({
      provider: called(provider_id),
      created_at: at(created_at),
    })),
    passkeys: (await selectPasskeys(ctx.tx, id)).map(({ name, created_at }) => ({
      name: name ?? '',
      created_at: created_at && at(created_at),
    })),
  }
}

async function places(
  ctx: Context,
  { id, email_hash }: Known,
): Promise<Pick<PersonData, 'memberships' | 'invitations'>> {
  return {
    memberships: (await store.selectAllMemberships(ctx.tx, id)).map(({ membership: one, account_name }) => ({
      role: one.role,
      account: placeOf({ ...one, account_name }),
      created_at: iso(one.created_at),
      created_by: one.created_by,
      ended_at: one.ended_at === null ? null : iso(one.ended_at),
    })),
    invitations: (await store.selectInvitationsTo(ctx.tx, email_hash)).map(({ invitation: one, account_name }) => ({
      role: one.role,
      account: placeOf({ ...one, account_name }),
      created_at: iso(one.created_at),
      created_by: one.created_by,
      expires_at: iso(one.expires_at),
    })),
  }
}

async function dataOf(ctx: Context, person: Known): Promise<PersonData> {
  const { id, name, email, email_verified, totp_enabled, created_at } = person
  const { events, more } = await eventsAbout(ctx, id)
  return {
    person: { id, name, email, email_verified, totp: totp_enabled === true, created_at: at(created_at) },
    ...(await places(ctx, person)),
    ...(await ways(ctx, id)),
    keys: (await store.selectKeysMadeBy(ctx.tx, id)).map((key) => ({
      id: key.id,
      name: key.name,
      created_at: iso(key.created_at),
      revoked_at: key.revoked_at === null ? null : iso(key.revoked_at),
    })),
    events: events.map(({ type, subject, actor, occurred_at }) => ({
      type,
      subject,
      by_himself: actor.id === id,
      occurred_at,
    })),
    events_left_out: more,
  }
}

export async function personData(ctx: Context, id: string): Promise<PersonData> {
  permit(ctx, 'people.erase')
  return await dataOf(ctx, await requireKnown(ctx, id))
}

export const myData = async (ctx: Context): Promise<PersonData> => dataOf(ctx, await me(ctx))
