/** API keys: for programs and for people, each with a role; the token is shown once. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import KeyRound from 'lucide-solid/icons/key-round'
import Plus from 'lucide-solid/icons/plus'
import Trash2 from 'lucide-solid/icons/trash'
import { createSignal, Show } from 'solid-js'
import { api, type ApiKey } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { Button, IconButton } from '../kit/button.tsx'
import { createNow } from '../kit/clock.ts'
import { CopyLine } from '../kit/copy.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { SelectField, TextField } from '../kit/field.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { tell } from '../kit/toast.tsx'
import { queries } from '../queries.ts'
import { Confirm } from './confirm.tsx'
import { createSubmit } from './form.ts'
import { Load, ProblemNote } from './load.tsx'
import { createMay } from './may.ts'
import { Section } from './page.tsx'
import { NarrowedTo, ProjectChecks } from './project-choice.tsx'
import { createRoles, roleName } from './role-options.ts'
import { createTenant } from './tenant.ts'
import { nameText } from './person-name.ts'

export function ApiKeys() {
  const client = useQueryClient()
  const may = createMay()
  const query = useQuery(() => queries.apiKeys())
  const [making, setMaking] = createSignal(false)
  const [revoking, setRevoking] = createSignal<ApiKey | null>(null)
  const stale = () => void client.invalidateQueries({ queryKey: ['api-keys'] })
  return (
    <Section
      title={t('api_keys.title')}
      actions={
        <Button size="small" icon={<Plus size={15} />} onClick={() => setMaking(true)} {...may('keys.write')}>
          {t('api_keys.make')}
        </Button>
      }
    >
      <Load query={query}>
        {(data) => (
          <Show when={data().items.length > 0} fallback={<NoKey />}>
            <KeyTable keys={data().items} onRevoke={setRevoking} />
          </Show>
        )}
      </Load>
      <Show when={making()}>
        <KeyDialog onMade={stale} onClose={() => setMaking(false)} />
      </Show>
      <Show when={revoking()} keyed>
        {(key) => (
          <Confirm
            title={t('api_keys.revoke_title', { name: key.name })}
            text={t(key.yours ? 'api_keys.revoke_own_text' : 'api_keys.revoke_text')}
            button={t('api_keys.revoke')}
            run={() => api.revokeKey(key.id)}
            onClose={() => setRevoking(null)}
            onDone={() => {
              tell(t('api_keys.revoked', { name: key.name }), 'ok', t('common.close'))
              stale()
              setRevoking(null)
            }}
          />
        )}
      </Show>
    </Section>
  )
}

function KeyTable(props: { keys: readonly ApiKey[]; onRevoke: (key: ApiKey) => void }) {
  const may = createMay()
  const now = createNow()
  const columns = (): TableColumn<ApiKey>[] => [
    {
      id: 'name',
      header: t('api_keys.name'),
      class: 'min-w-28',
      cell: (row) => (
        <span class="flex flex-wrap items-center gap-2 font-medium">
          {row.name}
          <Show when={row.yours}>
            <Badge tone="accent">{t('api_keys.yours')}</Badge>
          </Show>
        </span>
      ),
    },
    {
      id: 'role',
      header: t('api_keys.role'),
      class: 'whitespace-nowrap',
      cell: (row) => (
        <>
          {roleName(row)}
          <Show when={row.account}>{(of) => <span class="block text-[0.8125rem] text-muted">{of().name}</span>}</Show>
          <NarrowedTo projects={row.projects} />
          <Show when={row.scopes}>
            {(scopes) => <span class="block font-mono text-xs text-muted">{scopes().join(', ')}</span>}
          </Show>
        </>
      ),
    },
    {
      id: 'used',
      header: t('api_keys.used'),
      class: 'whitespace-nowrap',
      cell: (row) => (
        <Show when={row.last_used_at} fallback={<span class="text-muted">{t('common.never')}</span>}>
          {(at) => <span title={say.preciseInstant(at())}>{say.relative(at(), now())}</span>}
        </Show>
      ),
    },
    {
      id: 'made',
      header: t('api_keys.made'),
      class: 'whitespace-nowrap',
      cell: (row) => (
        <>
          {say.instant(row.created_at)}
          <Show when={row.created_by}>
            <span class="block text-[0.8125rem] text-muted">{nameText(row.created_by)}</span>
          </Show>
        </>
      ),
    },
    {
      id: 'ends',
      header: t('api_keys.ends'),
      class: 'whitespace-nowrap',
      cell: (row) =>
        row.expires_at ? say.instant(row.expires_at) : <span class="text-muted">{t('common.never')}</span>,
    },
    {
      id: 'actions',
      header: t('common.actions'),
      hideHeader: true,
      class: 'w-12 text-right',
      cell: (row) => (
        <IconButton
          label={t('api_keys.revoke_title', { name: row.name })}
          onClick={() => props.onRevoke(row)}
          {...may('keys.write')}
        >
          <Trash2 size={16} />
        </IconButton>
      ),
    },
  ]
  return <Table label={t('api_keys.title')} columns={columns()} rows={props.keys} />
}

const DAY_MS = 86_400_000
const LIVES = ['30', '90', '365', ''] as const

function KeyDialog(props: { onMade: () => void; onClose: () => void }) {
  // the same wish is the same request, however late it is sent again
  const openedAt = Date.now()
  const [name, setName] = createSignal('')
  const tenant = createTenant()
  const accounts = useQuery(() => queries.accounts())
  const roles = createRoles()
  const [role, setRole] = createSignal(tenant.account() ? 'tenant_read_only' : 'read_only')
  const [account, setAccount] = createSignal(tenant.account()?.id ?? '')
  const needsAccount = () => roles.isOfAccount(role())
  const accountOptions = () => (accounts.status === 'success' ? (accounts.data?.items ?? []) : [])
  const [days, setDays] = createSignal<string>('90')
  const [token, setToken] = createSignal<string>()
  const [projects, setProjects] = createSignal<string[]>([])
  const form = createSubmit({
    run: () =>
      api.makeKey({
        name: name().trim(),
        ...roles.given(role()),
        account_id: needsAccount() ? account() : null,
        project_ids: needsAccount() && projects().length > 0 ? projects() : null,
        expires_at: days() ? new Date(openedAt + Number(days()) * DAY_MS).toISOString() : null,
      }),
    onDone: (made) => {
      setToken(made.token)
      props.onMade()
    },
  })
  return (
    <Dialog
      open
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={t('api_keys.make')}
      footer={
        <Show when={!token()} fallback={<Button onClick={() => props.onClose()}>{t('common.close')}</Button>}>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button
            type="submit"
            form="key-form"
            variant="primary"
            busy={form.busy()}
            disabled={!name().trim() || (needsAccount() && !account())}
          >
            {t('api_keys.make')}
          </Button>
        </Show>
      }
    >
      <Show when={token()} fallback={fields()}>
        {(text) => (
          <div class="flex flex-col gap-3">
            <p class="m-0 text-muted">{t('api_keys.once')}</p>
            <CopyLine
              text={text()}
              label={t('api_keys.token')}
              labels={{ copy: t('common.copy'), copied: t('common.copied') }}
            />
          </div>
        )}
      </Show>
    </Dialog>
  )

  function fields() {
    return (
      <form
        id="key-form"
        class="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          void form.submit(undefined)
        }}
      >
        <TextField
          label={t('api_keys.name')}
          hint={t('api_keys.name_hint')}
          maxlength={200}
          value={name()}
          error={form.fieldError('/name')}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <SelectField
          label={t('api_keys.role')}
          hint={roles.textOf(role())}
          value={role()}
          options={roles.options(tenant.account() ? 'account' : undefined)}
          error={form.fieldError('/role')}
          onChange={setRole}
        />
        <Show when={needsAccount() && accountOptions().length > (tenant.account() ? 1 : 0)}>
          <SelectField
            label={t('common.account')}
            value={account()}
            options={[
              { value: '', label: t('api_keys.choose_account') },
              ...accountOptions().map((one) => ({ value: one.id, label: one.name })),
            ]}
            error={form.fieldError('/account_id')}
            onChange={(id) => {
              setAccount(id)
              setProjects([])
            }}
          />
        </Show>
        <Show when={needsAccount() && account()}>
          {(id) => (
            <ProjectChecks
              account={id()}
              chosen={projects()}
              error={form.fieldError('/project_ids')}
              onChange={setProjects}
            />
          )}
        </Show>
        <SelectField
          label={t('api_keys.ends')}
          value={days()}
          options={LIVES.map((value) => ({
            value,
            label: value ? t('api_keys.after_days', { days: value }) : t('common.never'),
          }))}
          error={form.fieldError('/expires_at')}
          onChange={setDays}
        />
        <Show when={form.restError(['/name', '/role', '/account_id', '/project_ids', '/expires_at'])}>
          {(problem) => <ProblemNote error={problem()} />}
        </Show>
      </form>
    )
  }
}

const NoKey = () => (
  <EmptyState icon={<KeyRound size={20} />} title={t('api_keys.empty')} text={t('api_keys.empty_text')} />
)
