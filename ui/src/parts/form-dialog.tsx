/** A dialog that is a form: sent by its button or by Enter once it is ready; what the server says of no field stands at its end. */
import type { JSX } from 'solid-js'
import { createUniqueId, Show } from 'solid-js'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { ProblemNote } from './load.tsx'

interface Props {
  title: string
  lead?: JSX.Element
  form: { busy: () => boolean; restError: (shown: readonly string[]) => unknown }
  /** pointers whose errors stand at their fields */
  shown: readonly string[]
  /** default: always */
  ready?: boolean
  button: string
  /** default: cancel */
  closeButton?: string
  icon?: JSX.Element
  danger?: boolean
  /** fields stand in two columns */
  wide?: boolean
  onSubmit: () => void
  onClose: () => void
  children: JSX.Element
}

export function FormDialog(props: Props) {
  const id = createUniqueId()
  const isReady = () => props.ready ?? true
  return (
    <Dialog
      open
      {...(props.wide ? { size: 'wide' as const } : {})}
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={props.title}
      lead={props.lead}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{props.closeButton ?? t('common.cancel')}</Button>
          <Button
            type="submit"
            form={id}
            variant={props.danger ? 'danger' : 'primary'}
            icon={props.icon}
            busy={props.form.busy()}
            disabled={!isReady()}
          >
            {props.button}
          </Button>
        </>
      }
    >
      <form
        id={id}
        class={props.wide ? 'grid gap-4 sm:grid-cols-2' : 'flex flex-col gap-4'}
        onSubmit={(event) => {
          event.preventDefault()
          if (isReady()) props.onSubmit()
        }}
      >
        {props.children}
        <Show when={props.form.restError(props.shown)}>
          {(problem) => (
            <div class={props.wide ? 'sm:col-span-2' : ''}>
              <ProblemNote error={problem()} />
            </div>
          )}
        </Show>
      </form>
    </Dialog>
  )
}
