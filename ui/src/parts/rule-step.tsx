/** Removing a rule of ownership, moving it in the order, or undoing a change: from when, why, and what that would do. */
import { createSignal, Show } from 'solid-js'
import { api, type NewRuleChange } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Choice, TextArea } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'
import { createWhen, PreviewPart, WhenFields } from './rule-when.tsx'

export type Asked = { name: string } & (
  { kind: 'remove'; rule_id: string } | { kind: 'order'; rule_ids: string[] } | { kind: 'reverse'; change_id: string }
)
interface Props {
  asked: Asked
  basedOn: string | null
  onDone: () => void
  onClose: () => void
}

export function RuleStepDialog(props: Props) {
  const when = createWhen()
  const [asOf, setAsOf] = createSignal<'now' | 'then'>('now')
  const isReady = () =>
    props.asked.kind === 'reverse' ? asOf() === 'now' || when.fields.reason.trim() !== '' : when.isReady()
  const change = (): NewRuleChange => {
    const { name: _name, ...asked } = props.asked
    const based_on = props.basedOn
    if (asked.kind === 'reverse') return { ...asked, as_of: asOf(), reason: when.fields.reason.trim(), based_on }
    return { ...asked, ...when.value(), based_on }
  }
  const form = createSubmit({
    run: () => api.changeRules(change()),
    onDone: () => {
      tell(t('owners.saved'), 'ok', t('common.close'))
      props.onDone()
    },
  })
  return (
    <FormDialog
      title={t(`owners.ask.${props.asked.kind}`, { name: props.asked.name })}
      lead={t(`owners.ask_text.${props.asked.kind}`)}
      form={form}
      shown={['/effective_at', '/reason']}
      ready={isReady()}
      danger={props.asked.kind === 'remove'}
      button={t(`owners.do.${props.asked.kind}`)}
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <Show when={props.asked.kind === 'reverse'} fallback={<WhenFields when={when} error={form.fieldError} />}>
        <Choice
          legend={t('owners.as_of')}
          value={asOf()}
          choices={(['now', 'then'] as const).map((value) => ({ value, label: t(`owners.as_of_${value}`) }))}
          onChange={setAsOf}
        />
        <TextArea
          label={t('common.reason')}
          optional={asOf() === 'then' ? undefined : t('common.optional')}
          hint={asOf() === 'then' ? t('owners.past') : t('owners.future')}
          rows={2}
          maxlength={500}
          value={when.fields.reason}
          error={form.fieldError('/reason')}
          onInput={(event) => when.setFields('reason', event.currentTarget.value)}
        />
      </Show>
      <PreviewPart change={change} ready={isReady()} />
    </FormDialog>
  )
}
