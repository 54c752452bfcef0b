/** Who belongs here, who is invited, and by which providers people sign in. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import Plus from 'lucide-solid/icons/plus'
import UsersRound from 'lucide-solid/icons/users-round'
import { createSignal, Show } from 'solid-js'
import type { Invitation, Member } from '../api.ts'
import { api } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { tell } from '../kit/toast.tsx'
import { Confirm } from '../parts/confirm.tsx'
import { ErasureDialog } from '../parts/erasure-dialog.tsx'
import { InvitationTable } from '../parts/invitation-table.tsx'
import { InviteDialog, LinkDialog } from '../parts/invite-dialog.tsx'
import { Load } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { MemberTable, RoleDialog } from '../parts/member-table.tsx'
import { Page, Section } from '../parts/page.tsx'
import { Roles } from '../parts/roles.tsx'
import { SettingsTabs } from '../parts/settings-tabs.tsx'
import { SsoProviders } from '../parts/sso-providers.tsx'
import { queries } from '../queries.ts'

export default function People() {
  const session = useQuery(() => queries.session())
  const isOwner = () => session.status === 'success' && session.data.permissions.includes('installation.write')
  return (
    <Page title={t('people.title')} above={<SettingsTabs />} curl={['/people', '/invitations', '/roles']}>
      <div class="flex flex-col gap-4">
        <Members />
        <Invitations />
        <Roles />
        <Show when={isOwner()}>
          <SsoProviders />
        </Show>
      </div>
    </Page>
  )
}

function Members() {
  const client = useQueryClient()
  const members = useQuery(() => queries.people())
  const [changing, setChanging] = createSignal<Member>()
  const [ending, setEnding] = createSignal<Member>()
  const [erasing, setErasing] = createSignal<Member>()
  const stale = () => void client.invalidateQueries({ queryKey: ['people'] })
  return (
    <Section title={t('people.members')}>
      <Load query={members}>
        {(data) => (
          <Show
            when={data().items.length > 0}
            fallback={
              <EmptyState icon={<UsersRound size={20} />} title={t('people.empty')} text={t('people.empty_text')} />
            }
          >
            <MemberTable members={data().items} onChange={setChanging} onEnd={setEnding} onErase={setErasing} />
          </Show>
        )}
      </Load>
      <Show when={changing()} keyed>
        {(member) => <RoleDialog member={member} onClose={() => setChanging(undefined)} onDone={stale} />}
      </Show>
      <Show when={ending()} keyed>
        {(member) => (
          <Confirm
            title={t('people.end_title', { name: member.person.name })}
            text={t('people.end_text')}
            button={t('people.end')}
            run={() => api.endMembership(member.id)}
            onClose={() => setEnding(undefined)}
            onDone={() => {
              tell(t('people.ended', { name: member.person.name }), 'ok', t('common.close'))
              setEnding(undefined)
              stale()
            }}
          />
        )}
      </Show>
      <Show when={erasing()} keyed>
        {(member) => (
          <ErasureDialog
            person_id={member.person.id}
            onClose={() => setErasing(undefined)}
            onDone={(name) => {
              tell(t('erasure.done', { name }), 'ok', t('common.close'))
              setErasing(undefined)
              stale()
            }}
          />
        )}
      </Show>
    </Section>
  )
}

function Invitations() {
  const client = useQueryClient()
  const may = createMay()
  const invitations = useQuery(() => queries.invitations())
  const [inviting, setInviting] = createSignal(false)
  const [link, setLink] = createSignal<string>()
  const [revoking, setRevoking] = createSignal<Invitation>()
  const stale = () => void client.invalidateQueries({ queryKey: ['invitations'] })
  const sent = (made: { link: string | null; invitation: Invitation }) => {
    setInviting(false)
    stale()
    if (made.link === null) tell(t('people.mailed', { email: made.invitation.email }), 'ok', t('common.close'))
    else setLink(made.link)
  }
  return (
    <Section
      title={t('people.invitations')}
      actions={
        <Button size="small" icon={<Plus size={15} />} onClick={() => setInviting(true)} {...may('people.write')}>
          {t('people.invite')}
        </Button>
      }
    >
      <Load query={invitations}>
        {(data) => (
          <Show
            when={data().items.length > 0}
            fallback={<p class="m-0 p-4 text-sm text-muted">{t('people.no_invitation')}</p>}
          >
            <InvitationTable invitations={data().items} onSent={sent} onRevoke={setRevoking} />
          </Show>
        )}
      </Load>
      <Show when={inviting()}>
        <InviteDialog onClose={() => setInviting(false)} onSent={sent} />
      </Show>
      <Show when={link()}>{(text) => <LinkDialog link={text()} onClose={() => setLink(undefined)} />}</Show>
      <Show when={revoking()} keyed>
        {(invitation) => (
          <Confirm
            title={t('people.withdraw_title', { email: invitation.email })}
            text={t('people.withdraw_text')}
            button={t('people.withdraw')}
            run={() => api.revokeInvitation(invitation.id)}
            onClose={() => setRevoking(undefined)}
            onDone={() => {
              setRevoking(undefined)
              stale()
            }}
          />
        )}
      </Show>
    </Section>
  )
}
