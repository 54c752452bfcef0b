/** Accounts: who owns resources and gets invoices. */
import { A, useSearchParams } from '@solidjs/router'
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import Building2 from 'lucide-solid/icons/building'
import Eye from 'lucide-solid/icons/eye'
import FolderTree from 'lucide-solid/icons/folder-tree'
import Pencil from 'lucide-solid/icons/pencil'
import Plus from 'lucide-solid/icons/plus'
import { createSignal, Show } from 'solid-js'
import { type Account, api, type DraftSummary } from '../api.ts'
import { language, t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Button, buttonClass, IconButton } from '../kit/button.tsx'
import { CopyLine } from '../kit/copy.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { SelectField } from '../kit/field.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { tell } from '../kit/toast.tsx'
import { createParty, emptyParty, PARTY_POINTERS, partyBody, PartyFieldset } from '../parts/account-fields.tsx'
import { curlLine } from '../parts/curl.tsx'
import { createSubmit } from '../parts/form.ts'
import { ImpersonateDialog } from '../parts/impersonation.tsx'
import { Load, ProblemNote } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { Page } from '../parts/page.tsx'
import { ProjectList } from '../parts/projects.tsx'
import { CurrencyChoice, SellerChoice, sellerIn } from '../parts/seller.tsx'
import { createTenant } from '../parts/tenant.ts'
import { TaxStatusField, VatCheck } from '../parts/vat-status.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

export default function Accounts() {
  const [search, setSearch] = useSearchParams()
  const may = createMay()
  const query = useQuery(() => queries.accounts())
  const tenant = createTenant()
  const drafts = useQuery(() => ({ ...queries.drafts(), enabled: tenant.has('billing.read') }))
  const [dividing, setDividing] = createSignal('')
  const divided = () => (query.status === 'success' ? query.data.items.find(({ id }) => id === dividing()) : undefined)
  const [entering, setEntering] = createSignal<Account | null>(null)
  const [editing, setEditing] = createSignal<Account | 'new' | null>(null)
  const open = () => editing() ?? (search['add'] ? ('new' as const) : null)
  const close = () => {
    setEditing(null)
    setSearch({ add: undefined }, { replace: true })
  }
  const draftOf = (account: Account) =>
    drafts.status === 'success' ? drafts.data?.items.find((one) => one.account.id === account.id) : undefined
  const add = () => (
    <Button variant="primary" icon={<Plus size={16} />} onClick={() => setEditing('new')} {...may('accounts.open')}>
      {t('accounts.add')}
    </Button>
  )
  return (
    <Page title={t('accounts.title')} lead={t('accounts.lead')} curl={['/accounts']} actions={add()}>
      <div class="card">
        <Load query={query}>
          {(data) => (
            <Show when={data().items.length > 0} fallback={<NoAccount onAdd={() => setEditing('new')} />}>
              <Table
                label={t('accounts.title')}
                columns={columns(
                  draftOf,
                  setEditing,
                  (account) => setDividing(account.id),
                  tenant.has('accounts.impersonate') ? setEntering : null,
                )}
                rows={data().items}
              />
            </Show>
          )}
        </Load>
      </div>
      <Show when={entering()} keyed>
        {(account) => <ImpersonateDialog account={account} onClose={() => setEntering(null)} />}
      </Show>
      <Show when={divided()}>
        {(account) => (
          <Dialog
            open
            onClose={() => setDividing('')}
            closeLabel={t('common.close')}
            title={t('projects.of', { name: account().name })}
            lead={t('projects.lead')}
          >
            <ProjectList account={account()} />
          </Dialog>
        )}
      </Show>
      <Show when={open()} keyed>
        {(account) => <AccountDialog account={account === 'new' ? undefined : account} onClose={close} />}
      </Show>
    </Page>
  )
}

const columns = (
  draftOf: (account: Account) => DraftSummary | undefined,
  onEdit: (account: Account) => void,
  onDivide: (account: Account) => void,
  onEnter: ((account: Account) => void) | null,
): TableColumn<Account>[] => [
  {
    id: 'name',
    header: t('accounts.name'),
    class: 'min-w-44',
    cell: (row) => (
      <A href={paths.draft(row.id)} class="rounded font-medium text-text hover:text-accent-text">
        {row.name}
      </A>
    ),
  },
  { id: 'tax', header: t('accounts.tax_id'), class: 'whitespace-nowrap tabular', cell: (row) => row.tax_id || '–' },
  {
    id: 'place',
    header: t('accounts.city'),
    class: 'whitespace-nowrap',
    cell: (row) => [row.address.city, row.address.country].filter(Boolean).join(', ') || '–',
  },
  { id: 'zone', header: t('accounts.zone'), class: 'whitespace-nowrap text-muted', cell: (row) => row.zone },
  {
    id: 'month',
    header: t('accounts.month'),
    numeric: true,
    cell: (row) => (
      <Show when={draftOf(row)} fallback="–">
        {(draft) => say.money(draft().totals.net, draft().currency)}
      </Show>
    ),
  },
  {
    id: 'actions',
    header: t('common.actions'),
    hideHeader: true,
    class: 'text-right whitespace-nowrap',
    cell: (row) => (
      <span class="inline-flex items-center gap-1">
        <A
          href={paths.resources({ account_id: row.id })}
          class={buttonClass('ghost', 'small')}
          aria-label={`${t('accounts.see_resources')}: ${row.name}`}
        >
          {t('accounts.resources')}
        </A>
        <A
          href={paths.services(row.id)}
          class={buttonClass('ghost', 'small')}
          aria-label={t('services.title', { name: row.name })}
        >
          {t('services.mine')}
        </A>
        <A
          href={paths.audit({ account_id: row.id })}
          class={buttonClass('ghost', 'small')}
          aria-label={`${t('audit.see')}: ${row.name}`}
        >
          {t('audit.see')}
        </A>
        <Show when={onEnter}>
          {(enter) => (
            <IconButton label={t('impersonation.title', { name: row.name })} onClick={() => enter()(row)}>
              <Eye size={16} />
            </IconButton>
          )}
        </Show>
        <IconButton label={t('projects.of', { name: row.name })} onClick={() => onDivide(row)}>
          <FolderTree size={16} />
        </IconButton>
        <IconButton label={t('accounts.edit', { name: row.name })} onClick={() => onEdit(row)}>
          <Pencil size={16} />
        </IconButton>
      </span>
    ),
  },
]

function AccountDialog(props: { account?: Account; onClose: () => void }) {
  const client = useQueryClient()
  const tenant = createTenant()
  const entities = useQuery(() => queries.legalEntities())
  const [sellerId, setSellerId] = createSignal('')
  const [currency, setCurrency] = createSignal('')
  const seller = () => sellerIn(entities.status === 'success' ? entities.data?.items : undefined, sellerId())
  const accounts = useQuery(() => queries.accounts())
  const known = () => (accounts.status === 'success' ? accounts.data.items : [])
  const [chosenParent, setParent] = createSignal('')
  /** a reseller's company sells below him alone */
  const parent = () => chosenParent() || seller()?.reseller_account_id || ''
  const [fields, setFields] = createParty(props.account, {
    ...emptyParty(seller()?.zone, seller()?.address.country),
    language: language(),
  })
  const [status, setStatus] = createSignal(props.account?.tax_status ?? ('consumer' as const))
  const body = () => ({ ...partyBody(fields), tax_status: status() })
  const form = createSubmit({
    run: () =>
      props.account
        ? api.changeAccount(props.account.id, body())
        : api.addAccount({
            ...body(),
            legal_entity_id: sellerId() || undefined,
            currency: currency() || undefined,
            parent_id: parent() || undefined,
          }),
    onDone: (saved) => {
      tell(t(props.account ? 'accounts.changed' : 'accounts.added', { name: saved.name }), 'ok', t('common.close'))
      for (const key of ['accounts', 'drafts']) void client.invalidateQueries({ queryKey: [key] })
      props.onClose()
    },
  })
  return (
    <Dialog
      open
      size="wide"
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={props.account ? t('accounts.edit', { name: props.account.name }) : t('accounts.add')}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button type="submit" form="account-form" variant="primary" busy={form.busy()} disabled={!fields.name.trim()}>
            {t('common.save')}
          </Button>
        </>
      }
    >
      <form
        id="account-form"
        class="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          void form.submit(undefined)
        }}
      >
        <Show when={!props.account}>
          <SellerChoice
            chosen={sellerId()}
            onChoose={(id) => {
              setSellerId(id)
              setCurrency('')
            }}
          />
          <CurrencyChoice seller={sellerId()} chosen={currency()} onChoose={setCurrency} />
          <Show when={known().length > 0}>
            <SelectField
              class="max-w-xs"
              label={t('resale.reseller')}
              hint={t('resale.account_hint')}
              value={parent()}
              options={[
                { value: '', label: t('resale.none') },
                ...known().map(({ id, name }) => ({ value: id, label: name })),
              ]}
              error={form.fieldError('/parent_id')}
              onChange={setParent}
            />
          </Show>
        </Show>
        <PartyFieldset fields={fields} set={setFields} errorAt={form.fieldError} />
        <TaxStatusField value={status()} onChange={setStatus} />
        <Show when={tenant.has('billing.read') ? props.account : undefined}>
          {(account) => <VatCheck account={account()} />}
        </Show>
        <Show when={form.restError([...PARTY_POINTERS, '/parent_id'])}>
          {(problem) => <ProblemNote error={problem()} />}
        </Show>
      </form>
    </Dialog>
  )
}

const NoAccount = (props: { onAdd: () => void }) => (
  <EmptyState
    icon={<Building2 size={20} />}
    title={t('accounts.empty')}
    text={t('accounts.empty_text')}
    action={
      <Button variant="primary" onClick={() => props.onAdd()}>
        {t('accounts.add')}
      </Button>
    }
  >
    <CopyLine
      label={t('common.copy_as_curl')}
      labels={{ copy: t('common.copy'), copied: t('common.copied') }}
      text={curlLine('/accounts', { name: 'Acme' })}
    />
  </EmptyState>
)
