/** A question before what can't be undone. */
import type { JSX } from 'solid-js'
import { Show } from 'solid-js'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'

interface Props {
  title: string
  text: JSX.Element
  button: string
  run: () => Promise<unknown>
  onDone: () => void
  onClose: () => void
}

export function Confirm(props: Props) {
  const form = createSubmit({ run: () => props.run(), onDone: () => props.onDone() })
  return (
    <Dialog
      open
      onClose={props.onClose}
      title={props.title}
      lead={props.text}
      closeLabel={t('common.close')}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button variant="danger" busy={form.busy()} onClick={() => void form.submit(undefined)}>
            {props.button}
          </Button>
        </>
      }
    >
      <Show when={form.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
    </Dialog>
  )
}
