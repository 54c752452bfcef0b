/** What an account was charged for once: open, billed or cancelled, with who recorded it and why. */
import { A, useNavigate } from '@solidjs/router'
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import Plus from 'lucide-solid/icons/plus'
import { createSignal, Show } from 'solid-js'
import { api, type Charge } from '../api.ts'
import { language, t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge, type Tone } from '../kit/badge.tsx'
import { Button } from '../kit/button.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'
import { ChargeDialog } from './charge-dialog.tsx'
import { Confirm } from './confirm.tsx'
import { Load } from './load.tsx'
import { createMay } from './may.ts'
import { Section } from './page.tsx'
import { ReasonDialog } from './reason-dialog.tsx'

const TONES: Record<Charge['state'], Tone> = { open: 'accent', billed: 'ok', cancelled: 'idle' }

export function Charges(props: { account: string; class?: string }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const may = createMay()
  const query = useQuery(() => queries.charges(props.account))
  const [adding, setAdding] = createSignal(false)
  const [invoicing, setInvoicing] = createSignal<string[]>()
  const [cancelling, setCancelling] = createSignal<Charge>()
  const open = () =>
    query.status === 'success' ? query.data.items.filter(({ state }) => state === 'open').map(({ id }) => id) : []
  const done = () => {
    setAdding(false)
    setCancelling(undefined)
    for (const key of ['charges', 'drafts', 'invoices']) void client.invalidateQueries({ queryKey: [key] })
  }
  return (
    <Section
      class={props.class ?? ''}
      title={t('charges.title')}
      lead={t('charges.lead')}
      actions={
        <>
          <Show when={open().length > 0}>
            <Button size="small" onClick={() => setInvoicing(open())} {...may('billing.write')}>
              {t('charges.invoice_open', open().length)}
            </Button>
          </Show>
          <Button size="small" icon={<Plus size={15} />} onClick={() => setAdding(true)} {...may('billing.write')}>
            {t('charges.add')}
          </Button>
        </>
      }
    >
      <Load query={query}>
        {(data) => (
          <Show
            when={data().items.length > 0}
            fallback={<p class="m-0 px-4 py-4 text-sm text-muted">{t('charges.none')}</p>}
          >
            <Table
              label={t('charges.title')}
              rows={data().items}
              columns={columns(setCancelling)}
              below={(row) => <Why charge={row} />}
            />
          </Show>
        )}
      </Load>
      <Show when={adding()}>
        <ChargeDialog account={props.account} onDone={done} onClose={() => setAdding(false)} />
      </Show>
      <Show when={invoicing()}>
        {(ids) => (
          <Confirm
            title={t('charges.invoice_title')}
            text={t('charges.invoice_text')}
            button={t('charges.invoice_open', ids().length)}
            run={async () => {
              const invoice = await api.invoiceCharges(props.account, ids())
              navigate(paths.invoice(invoice.id))
            }}
            onDone={done}
            onClose={() => setInvoicing(undefined)}
          />
        )}
      </Show>
      <Show when={cancelling()}>
        {(charge) => (
          <ReasonDialog
            title={t('charges.cancel_title', { name: charge().description[language()] })}
            text={t('charges.cancel_text')}
            button={t('charges.cancel')}
            run={(reason) => api.cancelCharge(charge().id, reason)}
            onDone={done}
            onClose={() => setCancelling(undefined)}
          />
        )}
      </Show>
    </Section>
  )
}

const told = ({ actor, reason, recorded_at }: Charge['recorded']) => ({ actor, reason, at: say.instant(recorded_at) })
const Why = (props: { charge: Charge }) => (
  <p class="m-0 text-[0.8125rem] text-muted">
    {t('charges.recorded', told(props.charge.recorded))}
    <Show when={props.charge.cancelled}>
      {(record) => <span class="block">{t('charges.cancelled', told(record()))}</span>}
    </Show>
  </p>
)

const columns = (cancel: (charge: Charge) => void): TableColumn<Charge>[] => [
  {
    id: 'name',
    header: t('charges.title'),
    class: 'min-w-40',
    cell: (row) => (
      <>
        <span class="font-medium">{row.description[language()]}</span>
        <span class="tabular block text-[0.8125rem] text-muted">
          {say.date(row.at)} · {say.decimal(row.quantity, 6)} {row.unit} × {say.rate(row.unit_price, row.currency, 12)}
        </span>
      </>
    ),
  },
  {
    id: 'state',
    header: t('charges.state'),
    cell: (row) => (
      <span class="inline-flex flex-wrap items-center gap-2">
        <Badge tone={TONES[row.state]}>{t(`charges.states.${row.state}`)}</Badge>
        <Show when={row.invoice}>
          {(invoice) => (
            <A href={paths.invoice(invoice().id)} class="tabular text-link">
              {invoice().number}
            </A>
          )}
        </Show>
      </span>
    ),
  },
  {
    id: 'amount',
    header: t('charges.amount'),
    numeric: true,
    cell: (row) => <span class="font-medium">{say.money(row.amount, row.currency)}</span>,
  },
  {
    id: 'cancel',
    header: t('common.actions'),
    hideHeader: true,
    class: 'text-right whitespace-nowrap',
    cell: (row) => <CancelButton charge={row} onCancel={() => cancel(row)} />,
  },
]

function CancelButton(props: { charge: Charge; onCancel: () => void }) {
  const may = createMay()
  return (
    <Show when={props.charge.state !== 'cancelled'}>
      <Button
        size="small"
        onClick={() => props.onCancel()}
        aria-label={`${t('charges.cancel')}: ${props.charge.description[language()]}`}
        {...may('billing.write')}
      >
        {t('charges.cancel')}
      </Button>
    </Show>
  )
}
