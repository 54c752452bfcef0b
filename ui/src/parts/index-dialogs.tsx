/** Adding a price index, and publishing or correcting its values as they are pasted. */
import { useQueryClient } from '@tanstack/solid-query'
import { createMemo, createSignal, For, Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import { api, type PriceIndex } from '../api.ts'
import { t } from '../i18n/language.ts'
import { CheckField, TextArea, TextField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'
import { valuesOf } from './index-csv.ts'
import { PastedFaults } from './pasted-faults.tsx'

const FIELDS = ['name', 'currency', 'unit', 'zone', 'description'] as const
const hintOf = (field: (typeof FIELDS)[number]): string =>
  field === 'name' ? t('indexes.name_hint') : field === 'unit' ? t('indexes.unit_hint') : ''

export function AddIndexDialog(props: { zone: string; currency: string; onClose: () => void }) {
  const client = useQueryClient()
  const [fields, setFields] = createStore({
    name: '',
    currency: props.currency,
    unit: '',
    zone: props.zone,
    description: '',
  })
  const form = createSubmit({
    run: () =>
      api.addPriceIndex({ ...fields, currency: fields.currency.trim().toUpperCase(), zone: fields.zone.trim() }),
    onDone: () => {
      tell(t('indexes.added'), 'ok', t('common.close'))
      void client.invalidateQueries({ queryKey: ['price-indexes'] })
      props.onClose()
    },
  })
  return (
    <FormDialog
      title={t('indexes.add')}
      form={form}
      shown={FIELDS.map((name) => `/${name}`)}
      ready={[fields.name, fields.currency, fields.unit, fields.zone].every((text) => text.trim() !== '')}
      button={t('common.add')}
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <For each={FIELDS}>
        {(field) => (
          <TextField
            label={t(`indexes.${field}`)}
            hint={hintOf(field)}
            required={field !== 'description'}
            value={fields[field]}
            error={form.fieldError(`/${field}`)}
            onInput={(event) => setFields(field, event.currentTarget.value)}
          />
        )}
      </For>
    </FormDialog>
  )
}

export function PublishDialog(props: { index: PriceIndex; onClose: () => void }) {
  const client = useQueryClient()
  const [fields, setFields] = createStore({ text: '', correction: false, reason: '' })
  /** what was sent, so that the server's word about a row stands at its line */
  const [sent, setSent] = createSignal<readonly number[]>([])
  const read = createMemo(() => valuesOf(fields.text))
  const form = createSubmit({
    run: () => {
      setSent(read().lines)
      return api.publishValues(props.index.id, {
        values: read().rows,
        correction: fields.correction,
        reason: fields.reason.trim(),
      })
    },
    onDone: ({ recorded, unchanged }) => {
      tell(
        t('indexes.published', { recorded: String(recorded), unchanged: String(unchanged) }),
        'ok',
        t('common.close'),
      )
      for (const key of ['price-indexes', 'drafts', 'queues', 'resources', 'resource'])
        void client.invalidateQueries({ queryKey: [key] })
      props.onClose()
    },
  })
  const lineText = (line: number, detail: string) => t('indexes.bad_line', { line: String(line), detail })
  const refused = () =>
    [...(form.error()?.fields ?? [])].flatMap(([pointer, detail]) => {
      const row = /^\/values\/(\d+)/.exec(pointer)?.[1]
      return row === undefined ? [] : [lineText(sent()[Number(row)] ?? Number(row) + 1, detail)]
    })
  const faults = () => [...read().faults.map(({ line, fault }) => lineText(line, t(`indexes.${fault}`))), ...refused()]
  const isReady = () =>
    read().rows.length > 0 && read().faults.length === 0 && (!fields.correction || fields.reason.trim() !== '')
  return (
    <FormDialog
      title={t('indexes.publish')}
      lead={`${props.index.name} · ${props.index.currency}/${props.index.unit} · ${props.index.zone}`}
      form={form}
      shown={['/reason']}
      ready={isReady()}
      button={t('indexes.publish')}
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <TextArea
        label={t('indexes.paste')}
        hint={t('indexes.paste_hint')}
        rows={10}
        spellcheck={false}
        placeholder={'2026-11-10T08:00+01:00,2026-11-10T09:00+01:00,84.31'}
        value={fields.text}
        onInput={(event) => setFields('text', event.currentTarget.value)}
      />
      <PastedFaults
        read={read().rows.length > 0 ? t('indexes.rows', read().rows.length) : undefined}
        faults={faults()}
      />
      <CheckField
        label={t('indexes.correction')}
        hint={t('indexes.correction_hint')}
        checked={fields.correction}
        onChange={(correction) => setFields({ correction })}
      />
      <Show when={fields.correction}>
        <TextArea
          label={t('common.reason')}
          rows={2}
          maxlength={500}
          required
          value={fields.reason}
          error={form.fieldError('/reason')}
          onInput={(event) => setFields('reason', event.currentTarget.value)}
        />
      </Show>
    </FormDialog>
  )
}
