/** What of a document is open, what was given up of it, and giving up or reopening. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import { createSignal, For, Show } from 'solid-js'
import { api, type Invoice, type InvoiceSummary, type WriteOff } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge, type Tone } from '../kit/badge.tsx'
import { Button } from '../kit/button.tsx'
import { TextField } from '../kit/field.tsx'
import { queries } from '../queries.ts'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'
import { createMay } from './may.ts'
import { Section } from './page.tsx'
import { ReasonDialog } from './reason-dialog.tsx'

type Settlement = NonNullable<InvoiceSummary['settlement']>
const TONES: Record<Settlement['state'], Tone> = { open: 'accent', uncollectible: 'warn', settled: 'ok' }

/** In a list. */
export const OpenAmount = (props: { settlement: InvoiceSummary['settlement'] }) => (
  <Show when={props.settlement} fallback="–">
    {(of) => (
      <>
        {say.money(of().open, of().currency)}
        <Show when={isSome(of().written_off)}>
          <span class="block text-[0.8125rem] text-muted">
            {t('settlement.all_written_off', { amount: say.money(of().written_off, of().currency) })}
          </span>
        </Show>
      </>
    )}
  </Show>
)
const isSome = (amount: string): boolean => /[1-9]/.test(amount)

/** All documents together, in one line. */
export function Receivables() {
  const may = createMay()
  const query = useQuery(() => ({ ...queries.receivables(), enabled: !may('billing.write').disabled }))
  return (
    <For each={query.status === 'success' ? query.data.items : []}>
      {(one) => (
        <span class="tabular mr-3">
          {t('settlement.all_open', { amount: say.money(one.open, one.currency) })}
          <Show when={isSome(one.written_off)}>
            {', '}
            {t('settlement.all_written_off', { amount: say.money(one.written_off, one.currency) })}
          </Show>
        </span>
      )}
    </For>
  )
}

export function SettlementSection(props: { invoice: Invoice }) {
  return (
    <Show when={props.invoice.settlement}>
      {(settlement) => <Settled invoice={props.invoice} settlement={settlement()} />}
    </Show>
  )
}

const FIGURES = ['total', 'credited', 'written_off', 'open'] as const

function Settled(props: { invoice: Invoice; settlement: Settlement }) {
  const client = useQueryClient()
  const may = createMay()
  const writeOffs = useQuery(() => queries.writeOffs(props.invoice.id))
  const [writing, setWriting] = createSignal(false)
  const [reversing, setReversing] = createSignal<WriteOff>()
  const money = (amount: string) => say.money(amount, props.settlement.currency)
  const done = () => {
    setWriting(false)
    setReversing(undefined)
    void client.invalidateQueries({ queryKey: ['invoices'] })
  }
  return (
    <Section
      title={t('settlement.title')}
      lead={<Badge tone={TONES[props.settlement.state]}>{t(`settlement.states.${props.settlement.state}`)}</Badge>}
      actions={
        <Show when={props.settlement.state === 'open'}>
          <Button size="small" onClick={() => setWriting(true)} {...may('billing.write')}>
            {t('settlement.write_off')}
          </Button>
        </Show>
      }
    >
      <dl class="m-0 flex flex-wrap gap-x-8 gap-y-3 px-4 py-3.5">
        <For each={FIGURES}>
          {(figure) => (
            <div>
              <dt class="text-xs text-muted">{t(`settlement.${figure}`)}</dt>
              <dd class="tabular m-0 font-semibold">{money(props.settlement[figure])}</dd>
            </div>
          )}
        </For>
      </dl>
      <Show when={writeOffs.status === 'success' && writeOffs.data.items.length > 0}>
        <ul class="m-0 list-none border-t border-line p-0">
          <For each={writeOffs.data?.items}>
            {(one) => <WriteOffRow one={one} money={money} onReverse={() => setReversing(one)} />}
          </For>
        </ul>
      </Show>
      <Show when={writing()}>
        <WriteOffDialog
          invoice_id={props.invoice.id}
          open={money(props.settlement.open)}
          amount={props.settlement.open}
          onDone={done}
          onClose={() => setWriting(false)}
        />
      </Show>
      <Show when={reversing()}>
        {(one) => (
          <ReasonDialog
            title={t('settlement.reverse_title', { amount: money(one().amount) })}
            text=""
            button={t('settlement.reverse')}
            run={(reason) => api.reverseWriteOff(one().id, reason)}
            onDone={done}
            onClose={() => setReversing(undefined)}
          />
        )}
      </Show>
    </Section>
  )
}

const told = ({ actor, reason, recorded_at }: WriteOff['recorded']) => ({ actor, reason, at: say.instant(recorded_at) })
const WriteOffRow = (props: { one: WriteOff; money: (amount: string) => string; onReverse: () => void }) => (
  <li class="flex flex-wrap items-start gap-x-4 gap-y-2 border-b border-line px-4 py-2.5 last:border-0">
    <span class={`tabular font-medium ${props.one.reversed ? 'text-muted line-through' : ''}`}>
      {props.money(props.one.amount)}
    </span>
    <span class="min-w-0 flex-1 basis-48 text-[0.8125rem] text-muted">
      {t('charges.recorded', told(props.one.recorded))}
      <Show when={props.one.reversed}>
        {(record) => <span class="block">{t('settlement.reversed', told(record()))}</span>}
      </Show>
    </span>
    <Show when={!props.one.reversed}>
      <Button
        size="small"
        onClick={() => props.onReverse()}
        aria-label={`${t('settlement.reverse')}: ${props.money(props.one.amount)}`}
      >
        {t('settlement.reverse')}
      </Button>
    </Show>
  </li>
)

interface DialogProps {
  invoice_id: string
  /** as people write it */
  open: string
  amount: string
  onDone: () => void
  onClose: () => void
}
function WriteOffDialog(props: DialogProps) {
  const [amount, setAmount] = createSignal(props.amount)
  const [reason, setReason] = createSignal('')
  const form = createSubmit({
    run: () => api.writeOff(props.invoice_id, { amount: amount(), reason: reason().trim() }),
    onDone: () => props.onDone(),
  })
  return (
    <FormDialog
      title={t('settlement.write_off_title')}
      lead={t('settlement.write_off_text', { amount: props.open })}
      form={form}
      shown={['/amount', '/reason']}
      ready={!(reason().trim() === '' || amount() === '')}
      button={t('settlement.write_off')}
      danger
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <TextField
        label={t('settlement.amount')}
        inputmode="decimal"
        value={amount()}
        error={form.fieldError('/amount')}
        onInput={(event) => setAmount(event.currentTarget.value.replace(',', '.').trim())}
      />
      <TextField
        label={t('settlement.reason')}
        maxlength={500}
        value={reason()}
        error={form.fieldError('/reason')}
        onInput={(event) => setReason(event.currentTarget.value)}
      />
    </FormDialog>
  )
}
