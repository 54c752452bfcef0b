/** Providers of single sign-on: added with their secret, which is never shown again. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import Plus from 'lucide-solid/icons/plus'
import Trash2 from 'lucide-solid/icons/trash'
import { createSignal, Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import { api, type SsoProvider } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button, IconButton } from '../kit/button.tsx'
import { CopyButton } from '../kit/copy.tsx'
import { TextField } from '../kit/field.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { queries } from '../queries.ts'
import { Confirm } from './confirm.tsx'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'
import { Load } from './load.tsx'
import { Section } from './page.tsx'

export function SsoProviders() {
  const client = useQueryClient()
  const query = useQuery(() => queries.ssoProviders())
  const [adding, setAdding] = createSignal(false)
  const [removing, setRemoving] = createSignal<SsoProvider>()
  const stale = () => {
    for (const key of ['sso-providers', 'sign-in-options']) void client.invalidateQueries({ queryKey: [key] })
  }
  return (
    <Section
      title={t('sso.title')}
      actions={
        <Button size="small" icon={<Plus size={15} />} onClick={() => setAdding(true)}>
          {t('sso.add')}
        </Button>
      }
    >
      <Load query={query}>
        {(data) => (
          <Show
            when={data().items.length > 0}
            fallback={<p class="m-0 p-4 text-sm text-muted text-pretty">{t('sso.lead')}</p>}
          >
            <ProviderTable providers={data().items} onRemove={setRemoving} />
          </Show>
        )}
      </Load>
      <Show when={adding()}>
        <ProviderDialog
          onClose={() => setAdding(false)}
          onDone={() => {
            setAdding(false)
            stale()
          }}
        />
      </Show>
      <Show when={removing()} keyed>
        {(provider) => (
          <Confirm
            title={t('sso.remove_title', { name: provider.name })}
            text={t('sso.remove_text')}
            button={t('common.remove')}
            run={() => api.removeSsoProvider(provider.id)}
            onClose={() => setRemoving(undefined)}
            onDone={() => {
              setRemoving(undefined)
              stale()
            }}
          />
        )}
      </Show>
    </Section>
  )
}

function ProviderTable(props: { providers: readonly SsoProvider[]; onRemove: (provider: SsoProvider) => void }) {
  const columns = (): TableColumn<SsoProvider>[] => [
    {
      id: 'name',
      header: t('people.name'),
      class: 'min-w-32',
      cell: (row) => (
        <>
          <span class="font-medium">{row.name}</span>
          <span class="block text-[0.8125rem] text-muted">{row.domain}</span>
        </>
      ),
    },
    {
      id: 'issuer',
      header: t('sso.issuer'),
      wideOnly: true,
      class: 'font-mono text-xs break-all',
      cell: (row) => row.issuer,
    },
    {
      id: 'redirect',
      header: t('sso.redirect'),
      class: 'font-mono text-xs',
      cell: (row) => (
        <span class="flex items-center gap-1">
          <span class="break-all" data-redirect>
            {row.redirect_uri}
          </span>
          <CopyButton text={row.redirect_uri} labels={{ copy: t('common.copy'), copied: t('common.copied') }} />
        </span>
      ),
    },
    {
      id: 'actions',
      header: t('common.actions'),
      hideHeader: true,
      class: 'w-12 text-right',
      cell: (row) => (
        <IconButton label={t('sso.remove_title', { name: row.name })} onClick={() => props.onRemove(row)}>
          <Trash2 size={16} />
        </IconButton>
      ),
    },
  ]
  return <Table label={t('sso.title')} columns={columns()} rows={props.providers} />
}

const FIELDS = ['name', 'issuer', 'domain', 'client_id', 'client_secret'] as const

function ProviderDialog(props: { onClose: () => void; onDone: () => void }) {
  const [fields, setFields] = createStore({ name: '', issuer: '', domain: '', client_id: '', client_secret: '' })
  const form = createSubmit({ run: () => api.addSsoProvider({ ...fields }), onDone: () => props.onDone() })
  const labels = () => ({
    name: t('people.name'),
    issuer: t('sso.issuer'),
    domain: t('sso.domain'),
    client_id: t('sso.client_id'),
    client_secret: t('sso.client_secret'),
  })
  const hints = () => ({
    name: t('sso.name_hint'),
    issuer: 'https://login.example.com',
    domain: t('sso.domain_hint'),
    client_id: '',
    client_secret: t('sso.secret_hint'),
  })
  const field = (name: (typeof FIELDS)[number]) => (
    <TextField
      label={labels()[name]}
      hint={hints()[name]}
      type={name === 'client_secret' ? 'password' : 'text'}
      autocomplete="off"
      value={fields[name]}
      error={form.fieldError(`/${name}`)}
      onInput={(event) => setFields(name, event.currentTarget.value)}
    />
  )
  return (
    <FormDialog
      title={t('sso.add')}
      lead={t('sso.lead')}
      form={form}
      shown={FIELDS.map((name) => `/${name}`)}
      ready={!FIELDS.some((name) => !fields[name].trim())}
      button={t('common.add')}
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      {FIELDS.map(field)}
    </FormDialog>
  )
}
