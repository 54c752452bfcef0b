/** Why an account is kept out of the batch. */
import { createSignal, Show } from 'solid-js'
import { api, type ClosingAccount } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { TextField } from '../kit/field.tsx'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'

interface Props {
  close_id: string
  account: ClosingAccount['account']
  onDone: () => void
  onClose: () => void
}

export function HoldDialog(props: Props) {
  const [reason, setReason] = createSignal('')
  const form = createSubmit({
    run: () => api.holdAccount(props.close_id, props.account.id, { held: true, reason: reason() }),
    onDone: () => props.onDone(),
  })
  return (
    <Dialog
      open
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={t('closing.hold_title', { name: props.account.name })}
      lead={t('closing.hold_text')}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button type="submit" form="hold-form" variant="primary" busy={form.busy()} disabled={reason().trim() === ''}>
            {t('closing.hold')}
          </Button>
        </>
      }
    >
      <form
        id="hold-form"
        class="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          if (reason().trim()) void form.submit(undefined)
        }}
      >
        <TextField
          label={t('closing.reason')}
          maxlength={500}
          value={reason()}
          onInput={(event) => setReason(event.currentTarget.value)}
          error={form.fieldError('/reason')}
        />
        <Show when={form.restError(['/reason'])}>{(problem) => <ProblemNote error={problem()} />}</Show>
      </form>
    </Dialog>
  )
}
