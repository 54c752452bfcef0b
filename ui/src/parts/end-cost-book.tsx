/** Saying until when a cost book holds, or that it goes on after all. */
import { useQueryClient } from '@tanstack/solid-query'
import { createSignal } from 'solid-js'
import { api, type CostBook } from '../api.ts'
import { t } from '../i18n/language.ts'
import { TextField } from '../kit/field.tsx'
import { fromLocalInput, toLocalInput } from '../kit/instant.ts'
import { tell } from '../kit/toast.tsx'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'

export function EndCostBook(props: { book: CostBook; onClose: () => void }) {
  const client = useQueryClient()
  const [to, setTo] = createSignal(toLocalInput(props.book.to === null ? Date.now() : Date.parse(props.book.to)))
  const form = createSubmit({
    run: () => api.changeCostBook(props.book.id, { to: fromLocalInput(to()) }),
    onDone: () => {
      tell(t('common.saved'), 'ok', t('common.close'))
      for (const key of ['cost-books', 'margins']) void client.invalidateQueries({ queryKey: [key] })
      props.onClose()
    },
  })
  return (
    <FormDialog
      title={t('margins.end_book')}
      lead={props.book.name}
      form={form}
      shown={['/to']}
      button={t('common.save')}
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <TextField
        type="datetime-local"
        label={t('margins.to')}
        hint={t('margins.to_hint')}
        value={to()}
        error={form.fieldError('/to')}
        onInput={(event) => setTo(event.currentTarget.value)}
      />
    </FormDialog>
  )
}
