/** Members with their roles, and changing one. */
import Pencil from 'lucide-solid/icons/pencil'
import Eraser from 'lucide-solid/icons/eraser'
import UserMinus from 'lucide-solid/icons/user-minus'
import { createSignal, Show } from 'solid-js'
import { api, type Member } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { Button, IconButton } from '../kit/button.tsx'
import { createNow } from '../kit/clock.ts'
import { Dialog } from '../kit/dialog.tsx'
import { SelectField } from '../kit/field.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'
import { createMay } from './may.ts'
import { NarrowedTo, ProjectChecks } from './project-choice.tsx'
import { choiceOf, createRoles, roleName } from './role-options.ts'

interface Props {
  members: readonly Member[]
  onChange: (member: Member) => void
  onEnd: (member: Member) => void
  onErase: (member: Member) => void
}

export function MemberTable(props: Props) {
  const may = createMay()
  const now = createNow()
  const columns = (): TableColumn<Member>[] => [
    {
      id: 'name',
      header: t('people.name'),
      class: 'min-w-40',
      cell: (row) => (
        <>
          <span class="flex flex-wrap items-center gap-2 font-medium">
            {row.person.name}
            <Show when={row.yours}>
              <Badge tone="accent">{t('people.you')}</Badge>
            </Show>
          </span>
          <span class="block text-[0.8125rem] text-muted">{row.person.email}</span>
        </>
      ),
    },
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
          <NarrowedTo projects={row.projects} />
        </>
      ),
    },
    {
      id: 'factor',
      header: t('totp.title'),
      class: 'whitespace-nowrap',
      wideOnly: true,
      cell: (row) => (row.person.totp ? t('totp.on') : <span class="text-muted">{t('totp.off')}</span>),
    },
    {
      id: 'seen',
      header: t('people.last_seen'),
      class: 'whitespace-nowrap',
      wideOnly: true,
      cell: (row) => (
        <Show when={row.last_seen_at} fallback={<span class="text-muted">{t('common.never')}</span>}>
          {(at) => <span title={say.preciseInstant(at())}>{say.relative(at(), now())}</span>}
        </Show>
      ),
    },
    {
      id: 'actions',
      header: t('common.actions'),
      hideHeader: true,
      class: 'text-right whitespace-nowrap',
      cell: (row) => (
        <>
          <IconButton
            label={t('people.change_role', { name: row.person.name })}
            onClick={() => props.onChange(row)}
            {...may('people.write')}
          >
            <Pencil size={16} />
          </IconButton>
          <IconButton
            label={t('people.end_title', { name: row.person.name })}
            onClick={() => props.onEnd(row)}
            {...may('people.write')}
          >
            <UserMinus size={16} />
          </IconButton>
          <Show when={!row.yours && !may('people.erase').disabled}>
            <IconButton label={t('erasure.title', { name: row.person.name })} onClick={() => props.onErase(row)}>
              <Eraser size={16} />
            </IconButton>
          </Show>
        </>
      ),
    },
  ]
  return <Table label={t('people.members')} columns={columns()} rows={props.members} />
}

export function RoleDialog(props: { member: Member; onClose: () => void; onDone: () => void }) {
  const roles = createRoles()
  const before = choiceOf(props.member)
  const [role, setRole] = createSignal(before)
  const held = props.member.projects?.map(({ id }) => id) ?? []
  const [projects, setProjects] = createSignal<string[]>(held)
  const isSame = () => role() === before && new Set(held).symmetricDifference(new Set(projects())).size === 0
  const form = createSubmit({
    run: () =>
      api.changeRole(props.member.id, {
        ...roles.given(role()),
        project_ids: projects().length > 0 ? projects() : null,
      }),
    onDone: () => {
      props.onDone()
      props.onClose()
    },
  })
  return (
    <Dialog
      open
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={t('people.change_role', { name: props.member.person.name })}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button variant="primary" busy={form.busy()} disabled={isSame()} onClick={() => void form.submit(undefined)}>
            {t('common.save')}
          </Button>
        </>
      }
    >
      <div class="flex flex-col gap-4">
        <SelectField
          label={t('api_keys.role')}
          hint={roles.textOf(role())}
          value={role()}
          options={roles.options(props.member.account === null ? 'installation' : 'account')}
          error={form.fieldError('/role')}
          onChange={setRole}
        />
        <Show when={props.member.account}>
          {(account) => (
            <ProjectChecks
              account={account().id}
              chosen={projects()}
              error={form.fieldError('/project_ids')}
              onChange={setProjects}
            />
          )}
        </Show>
        <Show when={form.restError(['/role', '/project_ids'])}>{(problem) => <ProblemNote error={problem()} />}</Show>
      </div>
    </Dialog>
  )
}
