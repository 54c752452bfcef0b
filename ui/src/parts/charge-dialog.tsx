/** A charge as a form: what, how much of it, and whether it is invoiced at once. */
import { useNavigate } from '@solidjs/router'
import { createSignal, Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import { api } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { CheckField, SelectField, TextField } from '../kit/field.tsx'
import { paths } from '../paths.ts'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'
import { createProjects } from './project-choice.tsx'

const POINTERS = ['/description', '/description/en', '/description/es', '/quantity', '/unit', '/unit_price', '/reason']

interface Props {
  account: string
  onDone: () => void
  onClose: () => void
}

export function ChargeDialog(props: Props) {
  const navigate = useNavigate()
  const projects = createProjects(() => props.account)
  const [now, setNow] = createSignal(false)
  const [fields, setFields] = createStore({
    en: '',
    es: '',
    quantity: '1',
    unit: '',
    unit_price: '',
    project_id: '',
    reason: '',
  })
  const form = createSubmit({
    run: async () => {
      const { en, es, project_id, ...rest } = fields
      const description = { en: en || es, es: es || en }
      const made = await api.addCharge(props.account, { ...rest, description, ...(project_id && { project_id }) })
      return now() ? await api.invoiceCharges(props.account, [made.id]) : null
    },
    onDone: (invoice) => {
      props.onDone()
      if (invoice) navigate(paths.invoice(invoice.id))
    },
  })
  const decimal = (text: string) => text.replace(',', '.').trim()
  const isWhole = () =>
    Boolean((fields.en || fields.es).trim() && fields.quantity && fields.unit_price && fields.reason.trim())
  return (
    <Dialog
      open
      size="wide"
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={t('charges.add')}
      lead={t('charges.add_text')}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button type="submit" form="charge-form" variant="primary" busy={form.busy()} disabled={!isWhole()}>
            {t('charges.add')}
          </Button>
        </>
      }
    >
      <form
        id="charge-form"
        class="grid gap-4 sm:grid-cols-2"
        onSubmit={(event) => {
          event.preventDefault()
          if (isWhole()) void form.submit(undefined)
        }}
      >
        <TextField
          label={t('charges.description_en')}
          maxlength={200}
          value={fields.en}
          error={form.fieldError('/description/en') ?? form.fieldError('/description')}
          onInput={(event) => setFields('en', event.currentTarget.value)}
        />
        <TextField
          label={t('charges.description_es')}
          maxlength={200}
          value={fields.es}
          error={form.fieldError('/description/es')}
          onInput={(event) => setFields('es', event.currentTarget.value)}
        />
        <TextField
          label={t('charges.quantity')}
          inputmode="decimal"
          value={fields.quantity}
          error={form.fieldError('/quantity')}
          onInput={(event) => setFields('quantity', decimal(event.currentTarget.value))}
        />
        <TextField
          label={t('charges.unit')}
          maxlength={40}
          value={fields.unit}
          error={form.fieldError('/unit')}
          onInput={(event) => setFields('unit', event.currentTarget.value)}
        />
        <TextField
          label={t('charges.unit_price')}
          inputmode="decimal"
          value={fields.unit_price}
          error={form.fieldError('/unit_price')}
          onInput={(event) => setFields('unit_price', decimal(event.currentTarget.value))}
        />
        <Show when={projects().length > 0}>
          <SelectField
            label={t('charges.project')}
            value={fields.project_id}
            options={[
              { value: '', label: t('projects.none') },
              ...projects().map(({ id, name }) => ({ value: id, label: name })),
            ]}
            onChange={(value) => setFields('project_id', value)}
          />
        </Show>
        <TextField
          class="sm:col-span-2"
          label={t('charges.reason')}
          hint={t('charges.reason_hint')}
          maxlength={500}
          value={fields.reason}
          error={form.fieldError('/reason')}
          onInput={(event) => setFields('reason', event.currentTarget.value)}
        />
        <div class="sm:col-span-2">
          <CheckField label={t('charges.invoice_now')} checked={now()} onChange={setNow} />
        </div>
        <Show when={form.restError(POINTERS)}>
          {(problem) => (
            <div class="sm:col-span-2">
              <ProblemNote error={problem()} />
            </div>
          )}
        </Show>
      </form>
    </Dialog>
  )
}
