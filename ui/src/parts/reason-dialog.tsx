/** Something that is done for a reason that stays on record. */
import type { JSX } from 'solid-js'
import { createSignal, Show } from 'solid-js'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { TextField } from '../kit/field.tsx'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'

interface Props {
  title: string
  text: JSX.Element
  button: string
  run: (reason: string) => Promise<unknown>
  onDone: () => void
  onClose: () => void
}

export function ReasonDialog(props: Props) {
  const [reason, setReason] = createSignal('')
  const form = createSubmit({ run: () => props.run(reason().trim()), onDone: () => props.onDone() })
  return (
    <Dialog
      open
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={props.title}
      lead={props.text}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button
            type="submit"
            form="reason-form"
            variant="danger"
            busy={form.busy()}
            disabled={reason().trim() === ''}
          >
            {props.button}
          </Button>
        </>
      }
    >
      <form
        id="reason-form"
        class="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          if (reason().trim()) void form.submit(undefined)
        }}
      >
        <TextField
          label={t('charges.reason')}
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
