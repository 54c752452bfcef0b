/** What is asked before prices change together, a draft is begun, a set is undone, or a what-if is started. */
import { createSignal, type JSX, Show } from 'solid-js'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { SelectField, TextArea, TextField } from '../kit/field.tsx'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'
import { ProblemNote } from './load.tsx'

interface Named {
  name: string
  reason: string
}
interface NamedProps<T> {
  title: string
  text: JSX.Element
  button: string
  /** what it is called already */
  name?: string
  needs: { name: boolean; reason: boolean }
  run: (said: Named) => Promise<T>
  onDone: (made: T) => void
  onClose: () => void
}
const SHOWN = ['/name', '/reason']

/** A name and a reason. */
export function NamedDialog<T>(props: NamedProps<T>) {
  const [name, setName] = createSignal(props.name ?? '')
  const [reason, setReason] = createSignal('')
  const form = createSubmit({
    run: () => props.run({ name: name().trim(), reason: reason().trim() }),
    onDone: (made) => props.onDone(made),
  })
  const isReady = () => (!props.needs.name || name().trim() !== '') && (!props.needs.reason || reason().trim() !== '')
  return (
    <FormDialog
      title={props.title}
      lead={props.text}
      form={form}
      shown={SHOWN}
      ready={isReady()}
      button={props.button}
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <Show when={props.needs.name}>
        <TextField
          label={t('repricing.name')}
          maxlength={100}
          value={name()}
          onInput={(event) => setName(event.currentTarget.value)}
          error={form.fieldError('/name')}
        />
      </Show>
      <TextArea
        label={t('common.reason')}
        optional={props.needs.reason ? '' : t('common.optional')}
        rows={2}
        maxlength={500}
        value={reason()}
        onInput={(event) => setReason(event.currentTarget.value)}
        error={form.fieldError('/reason')}
      />
    </FormDialog>
  )
}

const MONTHS = [1, 3, 6, 12] as const

/** Over how many months. */
export function WhatIfDialog<T>(props: {
  run: (months: number) => Promise<T>
  onDone: (made: T) => void
  onClose: () => void
}) {
  const [months, setMonths] = createSignal('3')
  const form = createSubmit({ run: () => props.run(Number(months())), onDone: (made) => props.onDone(made) })
  return (
    <Dialog
      open
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={t('repricing.what_if')}
      lead={t('repricing.what_if_text')}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button variant="primary" busy={form.busy()} onClick={() => void form.submit(undefined)}>
            {t('repricing.what_if_start')}
          </Button>
        </>
      }
    >
      <div class="flex flex-col gap-4">
        <SelectField
          label={t('repricing.months')}
          value={months()}
          options={MONTHS.map((count) => ({ value: String(count), label: t('repricing.month_count', count) }))}
          onChange={setMonths}
        />
        <Show when={form.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
      </div>
    </Dialog>
  )
}
