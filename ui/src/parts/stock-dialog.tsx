/** Putting parts into stock or retiring them: one by its fields, or many as lines. */
import { useQueryClient } from '@tanstack/solid-query'
import { createMemo, createSignal, For, Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import { hardwareApi, type NewPartEntries } from '../hardware-api.ts'
import { t } from '../i18n/language.ts'
import { Choice, TextArea, TextField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'
import { TYPES } from './part-table.tsx'
import { partsOf } from './stock-lines.ts'
import { PastedFaults } from './pasted-faults.tsx'

const OF_ONE = ['type', 'serial', 'model', 'site', 'place'] as const
const EMPTY = { type: '', serial: '', model: '', site: '', place: '' }

export function StockDialog(props: { onClose: () => void }) {
  const client = useQueryClient()
  const [fields, setFields] = createStore({
    state: 'in_stock' as NewPartEntries['state'],
    how: 'one' as 'one' | 'lines',
    ...EMPTY,
    text: '',
    note: '',
  })
  /** the lines that were sent, so that the server's word about a part stands at its line */
  const [sent, setSent] = createSignal<readonly number[]>([])
  const read = createMemo(() => partsOf(fields.text, fields))
  const isLines = () => fields.how === 'lines'
  const parts = (): NewPartEntries['parts'] =>
    isLines() ? read().rows : [Object.fromEntries(OF_ONE.map((name) => [name, fields[name]])) as typeof EMPTY]
  const form = createSubmit({
    run: () => {
      setSent(read().lines)
      return hardwareApi.sayOfParts({ state: fields.state, note: fields.note, parts: parts() })
    },
    onDone: ({ items }) => {
      tell(t(`hardware.said_${fields.state}`, items.length), 'ok', t('common.close'))
      void client.invalidateQueries({ queryKey: ['parts'] })
      props.onClose()
    },
  })
  const badLine = (line: number, detail: string) => t('hardware.bad_line', { line: String(line), detail })
  const refused = () =>
    [...(form.error()?.fields ?? [])].flatMap(([pointer, detail]) => {
      const row = /^\/parts\/(\d+)/.exec(pointer)?.[1]
      return row === undefined ? [] : [badLine(sent()[Number(row)] ?? Number(row) + 1, detail)]
    })
  const faults = () => [...read().faults.map((line) => badLine(line, t('hardware.bad_columns'))), ...refused()]
  const isPlaced = () => fields.state === 'retired' || parts().every(({ site }) => site?.trim() !== '')
  const isReady = () =>
    isPlaced() &&
    (isLines()
      ? read().rows.length > 0 && read().faults.length === 0
      : fields.type.trim() !== '' && fields.serial.trim() !== '')
  const shown = () => (isLines() ? [...(form.error()?.fields.keys() ?? [])] : OF_ONE.map((name) => `/parts/0/${name}`))
  const isRequired = (name: (typeof OF_ONE)[number]) =>
    name === 'type' || name === 'serial' || (name === 'site' && fields.state === 'in_stock' && !isLines())
  const field = (name: (typeof OF_ONE)[number]) => (
    <TextField
      label={t(`hardware.${name}`)}
      hint={name === 'type' ? t('hardware.type_hint') : ''}
      required={isRequired(name)}
      optional={isRequired(name) || isLines() ? undefined : t('common.optional')}
      {...(name === 'type' && { list: 'part-types' })}
      value={fields[name]}
      error={isLines() ? undefined : form.fieldError(`/parts/0/${name}`)}
      onInput={(event) => setFields(name, event.currentTarget.value)}
    />
  )
  return (
    <FormDialog
      title={t('hardware.put')}
      lead={t('hardware.put_lead')}
      form={form}
      shown={shown()}
      ready={isReady()}
      button={t(fields.state === 'in_stock' ? 'hardware.put' : 'hardware.retire')}
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <Choice
        legend={t('hardware.state')}
        value={fields.state}
        choices={(['in_stock', 'retired'] as const).map((value) => ({ value, label: t(`hardware.state_${value}`) }))}
        onChange={(state) => setFields({ state })}
      />
      <Choice
        legend={t('hardware.how')}
        hideLegend
        value={fields.how}
        choices={(['one', 'lines'] as const).map((value) => ({ value, label: t(`hardware.how_${value}`) }))}
        onChange={(how) => setFields({ how })}
      />
      <Show when={isLines()} fallback={<For each={['type', 'serial', 'model'] as const}>{field}</For>}>
        <TextArea
          label={t('hardware.paste')}
          hint={t('hardware.paste_hint')}
          rows={8}
          spellcheck={false}
          placeholder={'disk,S3Z8NX0K500123,PM883,MAD1,Shelf 3'}
          value={fields.text}
          onInput={(event) => setFields('text', event.currentTarget.value)}
        />
        <PastedFaults
          read={read().rows.length > 0 ? t('hardware.lines', read().rows.length) : undefined}
          faults={faults()}
        />
      </Show>
      <datalist id="part-types">
        <For each={TYPES}>{(type) => <option value={type} />}</For>
      </datalist>
      <For each={['site', 'place'] as const}>{field}</For>
      <TextField
        label={t('hardware.note')}
        optional={t('common.optional')}
        maxlength={500}
        value={fields.note}
        onInput={(event) => setFields('note', event.currentTarget.value)}
      />
    </FormDialog>
  )
}
