/** The roles that there are, with what each may do; and making, changing and ending those that are made here. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import Pencil from 'lucide-solid/icons/pencil'
import Plus from 'lucide-solid/icons/plus'
import Trash2 from 'lucide-solid/icons/trash'
import { createSignal, For, Show } from 'solid-js'
import { api, type Permission, type RoleEntry } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Badge } from '../kit/badge.tsx'
import { Button, IconButton } from '../kit/button.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { tell } from '../kit/toast.tsx'
import { queries } from '../queries.ts'
import { Confirm } from './confirm.tsx'
import { Load } from './load.tsx'
import { createMay } from './may.ts'
import { Section } from './page.tsx'
import { RoleEditor } from './role-editor.tsx'
import { entryName } from './role-options.ts'
import { createTenant } from './tenant.ts'

export function Roles() {
  const client = useQueryClient()
  const may = createMay()
  const tenant = createTenant()
  const query = useQuery(() => queries.roles())
  const [editing, setEditing] = createSignal<{ role?: RoleEntry }>()
  const [ending, setEnding] = createSignal<RoleEntry>()
  const stale = () => {
    for (const key of ['roles', 'people', 'invitations', 'api-keys', 'session'])
      void client.invalidateQueries({ queryKey: [key] })
  }
  return (
    <Section
      title={t('roles.title')}
      actions={
        <Show when={tenant.account() === null}>
          <Button size="small" icon={<Plus size={15} />} onClick={() => setEditing({})} {...may('people.write')}>
            {t('roles.make')}
          </Button>
        </Show>
      }
    >
      <Load query={query}>
        {(data) => (
          <RoleTable
            roles={data().items.filter(({ of }) => tenant.account() === null || of === 'account')}
            changeable={tenant.account() === null}
            onChange={(role) => setEditing({ role })}
            onEnd={setEnding}
          />
        )}
      </Load>
      <Show when={editing()} keyed>
        {(what) => (
          <Show when={query.status === 'success' ? query.data.items : undefined} keyed>
            {(all) => <RoleEditor {...what} all={all} onClose={() => setEditing(undefined)} onDone={stale} />}
          </Show>
        )}
      </Show>
      <Show when={ending()} keyed>
        {(role) => (
          <Confirm
            title={t('roles.end_title', { name: entryName(role) })}
            text={t('roles.end_text')}
            button={t('roles.end')}
            run={() => api.endRole(role.custom?.id ?? '')}
            onClose={() => setEnding(undefined)}
            onDone={() => {
              tell(t('roles.ended', { name: entryName(role) }), 'ok', t('common.close'))
              setEnding(undefined)
              stale()
            }}
          />
        )}
      </Show>
    </Section>
  )
}

interface Props {
  roles: readonly RoleEntry[]
  changeable: boolean
  onChange: (role: RoleEntry) => void
  onEnd: (role: RoleEntry) => void
}

function RoleTable(props: Props) {
  const may = createMay()
  const columns = (): TableColumn<RoleEntry>[] => [
    {
      id: 'name',
      header: t('api_keys.role'),
      class: 'align-top min-w-32',
      cell: (row) => (
        <>
          <span class="flex flex-wrap items-center gap-2 font-medium">
            {entryName(row)}
            <Show when={row.custom}>
              <Badge tone="accent">{t('roles.made_here')}</Badge>
            </Show>
          </span>
          <span class="block text-[0.8125rem] text-muted">{t(`roles.of_${row.of}`)}</span>
        </>
      ),
    },
    {
      id: 'may',
      header: t('roles.may'),
      class: 'align-top min-w-44',
      cell: (row) => (
        <>
          <Show when={!row.custom}>
            <span class="block text-pretty">{t(`role_text.${row.role}`)}</span>
          </Show>
          <What permissions={row.permissions} />
        </>
      ),
    },
    ...(props.changeable ? [actions()] : []),
  ]
  const actions = (): TableColumn<RoleEntry> => ({
    id: 'actions',
    header: t('common.actions'),
    hideHeader: true,
    class: 'align-top text-right whitespace-nowrap',
    cell: (row) => (
      <Show when={row.custom}>
        <IconButton
          label={t('roles.change_title', { name: entryName(row) })}
          onClick={() => props.onChange(row)}
          {...may('people.write')}
        >
          <Pencil size={16} />
        </IconButton>
        <IconButton
          label={t('roles.end_title', { name: entryName(row) })}
          onClick={() => props.onEnd(row)}
          {...may('people.write')}
        >
          <Trash2 size={16} />
        </IconButton>
      </Show>
    ),
  })
  return <Table label={t('roles.title')} columns={columns()} rows={props.roles} />
}

const What = (props: { permissions: readonly Permission[] }) => (
  <details class="text-[0.8125rem] text-muted">
    <summary class="cursor-pointer">{t('roles.count', { count: String(props.permissions.length) })}</summary>
    <ul class="m-0 mt-1 list-disc pl-5">
      <For each={props.permissions}>{(one) => <li>{t(`permission.${one}`)}</li>}</For>
    </ul>
  </details>
)
