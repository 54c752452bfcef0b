/** Recording a provider's price list in a cost book: pasted or from a file, with what it changes shown before. */
import { useQueryClient } from '@tanstack/solid-query'
import { createEffect, createSignal, For, on, onCleanup, Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import { api, type CostBook, type NewPriceList, type PriceListReport } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { CheckField, TextArea, TextField } from '../kit/field.tsx'
import { fromLocalInput } from '../kit/instant.ts'
import { Table, type TableColumn } from '../kit/table.tsx'
import { tell } from '../kit/toast.tsx'
import { asApiError } from '../problem.ts'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'
import { conditionText } from './price-condition.tsx'
import { timedUnit } from './price-text.tsx'

type Row = PriceListReport['rows'][number]
const EXAMPLE = `kind,meter,attribute,value,per,unit,amount,currency
vm,instance,flavor,m1.small,hour,instance,0.0125,EUR
volume,disk,volume_type,ssd,month,GiB,0.08,EUR`
const PREVIEW_WAIT_MS = 350
const SHOWN_ROWS = 100
const TONES = { added: 'ok', changed: 'accent', unchanged: 'idle', refused: 'bad' } as const
const STATES = ['refused', 'changed', 'added', 'unchanged'] as const

export function PriceListDialog(props: { book: CostBook; onClose: () => void }) {
  const client = useQueryClient()
  const [fields, setFields] = createStore({ csv: '', from: '', correction: false, reason: '' })
  const list = (): NewPriceList => ({
    csv: fields.csv,
    effective_at: fromLocalInput(fields.from) ?? undefined,
    correction: fields.correction,
    reason: fields.reason.trim(),
  })
  const { report, failure } = createPreview(props.book.id, () => (fields.csv.trim() ? list() : null))
  const count = (state: Row['state']) => report()?.rows.filter((row) => row.state === state).length ?? 0
  const form = createSubmit({
    run: () => api.importPriceList(props.book.id, list()),
    onDone: ({ rows }) => {
      const recorded = rows.filter(({ state }) => state === 'added' || state === 'changed').length
      tell(t('margins.list_recorded', { count: String(recorded) }), 'ok', t('common.close'))
      for (const key of ['prices', 'margins', 'cost-books']) void client.invalidateQueries({ queryKey: [key] })
      props.onClose()
    },
  })
  const isReady = () => count('refused') === 0 && count('added') + count('changed') > 0
  return (
    <FormDialog
      title={t('margins.import_list')}
      lead={`${props.book.name} · ${props.book.currency}`}
      form={form}
      shown={['/effective_at', '/reason']}
      ready={isReady()}
      button={t('margins.record_list')}
      wide
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <TextField
        class="sm:col-span-2"
        label={t('margins.list_file')}
        type="file"
        accept=".csv,text/csv,text/plain"
        onChange={async (event) => setFields('csv', (await event.currentTarget.files?.[0]?.text()) ?? '')}
      />
      <TextArea
        class="sm:col-span-2"
        label={t('margins.list_text')}
        hint={t('margins.list_hint')}
        rows={7}
        spellcheck={false}
        placeholder={EXAMPLE}
        value={fields.csv}
        onInput={(event) => setFields('csv', event.currentTarget.value)}
      />
      <TextField
        type="datetime-local"
        label={t('margins.list_from')}
        hint={t('margins.list_from_hint')}
        value={fields.from}
        error={form.fieldError('/effective_at')}
        onInput={(event) => setFields('from', event.currentTarget.value)}
      />
      <CheckField
        label={t('prices.correction')}
        checked={fields.correction}
        onChange={(correction) => setFields({ correction })}
      />
      <Show when={fields.correction}>
        <TextArea
          class="sm:col-span-2"
          label={t('common.reason')}
          rows={2}
          maxlength={500}
          required
          value={fields.reason}
          error={form.fieldError('/reason')}
          onInput={(event) => setFields('reason', event.currentTarget.value)}
        />
      </Show>
      <div class="sm:col-span-2" aria-live="polite">
        <Show when={failure()}>{(text) => <p class="m-0 text-sm text-bad">{text()}</p>}</Show>
        <Show when={report()}>
          {(known) => (
            <>
              <p class="m-0 mb-2 flex flex-wrap items-center gap-2 text-sm">
                <For each={STATES.filter((state) => count(state) > 0)}>
                  {(state) => (
                    <Badge tone={TONES[state]}>
                      {count(state)} {t(`margins.list_states.${state}`)}
                    </Badge>
                  )}
                </For>
                <Show when={known().kept > 0}>
                  <span class="text-muted">{t('margins.list_kept', { count: String(known().kept) })}</span>
                </Show>
              </p>
              <Rows rows={known().rows} currency={props.book.currency} />
            </>
          )}
        </Show>
      </div>
    </FormDialog>
  )
}

/** Asked anew after each pause in typing. */
function createPreview(book: string, list: () => NewPriceList | null) {
  const [report, setReport] = createSignal<PriceListReport>()
  const [failure, setFailure] = createSignal<string>()
  let [timer, asked]: [ReturnType<typeof setTimeout> | undefined, number] = [undefined, 0]
  const ask = async (wanted: NewPriceList, own: number) => {
    try {
      const found = await api.previewPriceList(book, wanted)
      if (own === asked) setReport(found)
    } catch (error) {
      if (own === asked) setFailure(asApiError(error).message)
    }
  }
  createEffect(
    on(list, (wanted) => {
      clearTimeout(timer)
      asked += 1
      const own = asked
      setReport(undefined)
      setFailure(undefined)
      if (wanted) timer = setTimeout(() => void ask(wanted, own), PREVIEW_WAIT_MS)
    }),
  )
  onCleanup(() => clearTimeout(timer))
  return { report, failure }
}

/** What is refused comes first, then what changes. */
function Rows(props: { rows: readonly Row[]; currency: string }) {
  const sorted = () => props.rows.toSorted((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state))
  const columns = (): TableColumn<Row>[] => [
    { id: 'line', header: t('margins.list_line'), numeric: true, class: 'w-12', cell: ({ line }) => line },
    { id: 'price', header: t('prices.meter'), cell: (row) => <What row={row} /> },
    {
      id: 'amount',
      header: t('prices.amount'),
      numeric: true,
      cell: ({ price, before }) => (
        <Show when={price}>
          {(one) => (
            <>
              <Show when={before}>{(was) => <s class="mr-2 text-muted">{say.rate(was(), props.currency)}</s>}</Show>
              {say.rate(one().amount ?? '0', props.currency)}{' '}
              <span class="text-muted">/ {timedUnit(one().unit, one().per)}</span>
            </>
          )}
        </Show>
      ),
    },
    {
      id: 'state',
      header: t('margins.list_state'),
      cell: ({ state }) => <Badge tone={TONES[state]}>{t(`margins.list_states.${state}`)}</Badge>,
    },
  ]
  return (
    <>
      <Table label={t('margins.import_list')} dense columns={columns()} rows={sorted().slice(0, SHOWN_ROWS)} />
      <Show when={props.rows.length > SHOWN_ROWS}>
        <p class="m-0 text-sm text-muted">+ {props.rows.length - SHOWN_ROWS}</p>
      </Show>
    </>
  )
}

const What = (props: { row: Row }) => (
  <>
    <Show when={props.row.price}>
      {(one) => (
        <span>
          {t(`kind.${one().kind}`)} · {t(`meter.${one().meter}`)}
          <span class="block text-[0.8125rem] text-muted">
            {conditionText(one().applies_to) || t('margins.all_others')}
          </span>
        </span>
      )}
    </Show>
    <Show when={props.row.detail}>
      {(detail) => <span class="block text-[0.8125rem] whitespace-normal text-bad">{detail()}</span>}
    </Show>
  </>
)
