/** Open invitations: sent again, or withdrawn. */
import Send from 'lucide-solid/icons/send'
import Trash2 from 'lucide-solid/icons/trash'
import { Show } from 'solid-js'
import { api, type Invitation } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { IconButton } from '../kit/button.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'
import { createMay } from './may.ts'
import { roleName } from './role-options.ts'

interface Props {
  invitations: readonly Invitation[]
  onSent: (made: Awaited<ReturnType<typeof api.renewInvitation>>) => void
  onRevoke: (invitation: Invitation) => void
}

export function InvitationTable(props: Props) {
  const may = createMay()
  const again = createSubmit({ run: (id: string) => api.renewInvitation(id), onDone: (made) => props.onSent(made) })
  const columns = (): TableColumn<Invitation>[] => [
    { id: 'email', header: t('people.email'), class: 'font-medium', cell: (row) => row.email },
    {
      id: 'role',
      header: t('api_keys.role'),
      class: 'whitespace-nowrap',
      cell: (row) => (
        <>
          {roleName(row)}
          <Show when={row.account}>
            {(account) => <span class="block text-[0.8125rem] text-muted">{account().name}</span>}
          </Show>
        </>
      ),
    },
    {
      id: 'ends',
      header: t('api_keys.ends'),
      class: 'whitespace-nowrap',
      wideOnly: true,
      cell: (row) => (row.expired ? <Badge tone="warn">{t('people.expired')}</Badge> : say.instant(row.expires_at)),
    },
    {
      id: 'actions',
      header: t('common.actions'),
      hideHeader: true,
      class: 'text-right whitespace-nowrap',
      cell: (row) => (
        <>
          <IconButton
            label={t('people.send_again', { email: row.email })}
            onClick={() => void again.submit(row.id)}
            {...may('people.write')}
          >
            <Send size={16} />
          </IconButton>
          <IconButton
            label={t('people.withdraw_title', { email: row.email })}
            onClick={() => props.onRevoke(row)}
            {...may('people.write')}
          >
            <Trash2 size={16} />
          </IconButton>
        </>
      ),
    },
  ]
  return (
    <>
      <Show when={again.error()}>
        {(problem) => (
          <div class="p-4">
            <ProblemNote error={problem()} />
          </div>
        )}
      </Show>
      <Table label={t('people.invitations')} columns={columns()} rows={props.invitations} />
    </>
  )
}
