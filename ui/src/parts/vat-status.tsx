/** A customer's tax status, and whether his VAT id is valid: asked online, or recorded by hand. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import { createSignal, Show } from 'solid-js'
import { type Account, api, type VatStatus as Status } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { Button } from '../kit/button.tsx'
import { Choice, SelectField, TextField } from '../kit/field.tsx'
import { queries } from '../queries.ts'
import { createSubmit } from './form.ts'
import { Load, ProblemNote } from './load.tsx'
import { createMay } from './may.ts'
import { createTenant } from './tenant.ts'

export const TaxStatusField = (props: {
  value: Account['tax_status']
  onChange: (value: Account['tax_status']) => void
}) => (
  <SelectField
    label={t('tax.status')}
    hint={t('tax.status_hint')}
    value={props.value}
    options={(['consumer', 'business'] as const).map((value) => ({ value, label: t(`tax.status_${value}`) }))}
    onChange={(value) => props.onChange(value === 'business' ? 'business' : 'consumer')}
  />
)

/** Of the VAT id that is stored, not of one that is being typed. */
export function VatCheck(props: { account: Account }) {
  const query = useQuery(() => queries.vatStatus(props.account.id))
  return (
    <div class="rounded-lg border border-line bg-sunken px-3.5 py-3 text-sm">
      <Load query={query}>{(data) => <Known status={data()} account={props.account.id} />}</Load>
    </div>
  )
}

const toneOf = (status: Status) =>
  status.counts_as_valid ? 'ok' : status.format === 'wrong' || status.answer ? 'bad' : 'warn'
const wordOf = (status: Status) => {
  if (status.format === 'none') return t('tax.vat_none')
  if (status.format === 'wrong') return t('tax.vat_wrong')
  return t(status.counts_as_valid ? 'tax.vat_valid' : status.answer ? 'tax.vat_invalid' : 'tax.vat_unchecked')
}

function Known(props: { status: Status; account: string }) {
  const client = useQueryClient()
  const may = createMay()
  const tenant = createTenant()
  const [byHand, setByHand] = createSignal(false)
  const form = createSubmit({
    run: (check: Parameters<typeof api.checkVat>[1]) => api.checkVat(props.account, check),
    onDone: () => {
      setByHand(false)
      for (const key of ['vat', 'drafts']) void client.invalidateQueries({ queryKey: [key] })
    },
  })
  return (
    <div class="flex flex-col gap-2">
      <p class="m-0 flex flex-wrap items-center gap-2">
        <span class="tabular font-medium">{props.status.vat_id ?? t('accounts.tax_id')}</span>
        <Badge tone={toneOf(props.status)}>{wordOf(props.status)}</Badge>
      </p>
      <Show when={props.status.answer}>
        {(answer) => (
          <p class="m-0 text-[0.8125rem] text-muted">
            {t(answer().by === 'hand' ? 'tax.vat_by_hand' : 'tax.vat_by_vies', { at: say.instant(answer().at) })}
            {[answer().name, answer().request_id].filter(Boolean).map((one) => ` · ${one}`)}
          </p>
        )}
      </Show>
      <Show when={props.status.last?.result === 'unavailable' ? props.status.last : null}>
        {(last) => (
          <p class="m-0 text-[0.8125rem] text-warn">
            {t('tax.vat_unavailable', { at: say.instant(last().at), detail: last().detail })}
          </p>
        )}
      </Show>
      <Show when={props.status.format === 'right'}>
        <div class="flex flex-wrap gap-2">
          <Show
            when={props.status.online}
            fallback={<p class="m-0 text-[0.8125rem] text-muted">{t('tax.vat_offline')}</p>}
          >
            <Button size="small" busy={form.busy()} onClick={() => void form.submit({})} {...may('accounts.write')}>
              {t('tax.vat_check')}
            </Button>
          </Show>
          <Show when={!tenant.account()}>
            <Button size="small" onClick={() => setByHand(!byHand())} {...may('accounts.write')}>
              {t('tax.vat_hand')}
            </Button>
          </Show>
        </div>
        <Show when={byHand()}>
          <ByHand busy={form.busy()} onSave={(by_hand) => void form.submit({ by_hand })} />
        </Show>
      </Show>
      <Show when={form.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
    </div>
  )
}

type Hand = NonNullable<Parameters<typeof api.checkVat>[1]['by_hand']>
/** No form of its own: it stands within the customer's. */
function ByHand(props: { busy: boolean; onSave: (hand: Hand) => void }) {
  const [result, setResult] = createSignal<Hand['result']>('valid')
  const [number, setNumber] = createSignal('')
  const [detail, setDetail] = createSignal('')
  return (
    <div class="grid gap-3 sm:grid-cols-2">
      <div class="sm:col-span-2">
        <Choice
          legend={t('tax.vat_result')}
          value={result()}
          choices={[
            { value: 'valid', label: t('tax.vat_valid') },
            { value: 'invalid', label: t('tax.vat_invalid') },
          ]}
          onChange={setResult}
        />
      </div>
      <TextField
        label={t('tax.vat_number')}
        optional={t('common.optional')}
        maxlength={60}
        value={number()}
        onInput={(event) => setNumber(event.currentTarget.value)}
      />
      <TextField
        label={t('tax.vat_where')}
        maxlength={500}
        value={detail()}
        onInput={(event) => setDetail(event.currentTarget.value)}
      />
      <div>
        <Button
          size="small"
          variant="primary"
          busy={props.busy}
          disabled={detail().trim().length < 5}
          onClick={() => props.onSave({ result: result(), request_id: number(), detail: detail() })}
        >
          {t('tax.vat_record')}
        </Button>
      </div>
    </div>
  )
}
