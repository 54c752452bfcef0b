/** The fields of a connector's settings. */
import { For, Match, Switch } from 'solid-js'
import { t } from '../i18n/language.ts'
import { CheckField, SelectField, TextArea, TextField } from '../kit/field.tsx'
import type { SchemaField, Typed } from './schema.ts'

interface Props {
  fields: readonly SchemaField[]
  typed: Typed
  onType: (name: string, value: string | boolean) => void
  errorAt: (name: string) => string | undefined
}

export const SchemaForm = (props: Props) => (
  <For each={props.fields}>
    {(field) => (
      <Setting
        field={field}
        value={props.typed[field.name] ?? ''}
        error={props.errorAt(field.name)}
        onType={(value) => props.onType(field.name, value)}
      />
    )}
  </For>
)

interface SettingProps {
  field: SchemaField
  value: string | boolean
  error?: string
  onType: (value: string | boolean) => void
}

function Setting(props: SettingProps) {
  const content = () => (typeof props.value === 'string' ? props.value : '')
  const common = () => ({
    label: props.field.label,
    error: props.error,
    required: props.field.required,
    optional: props.field.required ? undefined : t('common.optional'),
  })
  const onInput = (event: InputEvent & { currentTarget: HTMLInputElement | HTMLTextAreaElement }) =>
    props.onType(event.currentTarget.value)
  const hint = () =>
    props.field.kind === 'lines'
      ? [props.field.hint, t('sources.list_hint')].filter(Boolean).join('. ')
      : props.field.hint
  return (
    <Switch fallback={<TextField {...common()} hint={hint()} value={content()} onInput={onInput} />}>
      <Match when={props.field.kind === 'boolean'}>
        <CheckField
          label={props.field.label}
          hint={props.error ?? hint()}
          checked={props.value === true}
          onChange={props.onType}
        />
      </Match>
      <Match when={props.field.kind === 'choice'}>
        <SelectField
          {...common()}
          hint={hint()}
          value={content()}
          options={[...(props.field.required ? [] : ['']), ...props.field.choices].map((value) => ({
            value,
            label: value || '–',
          }))}
          onChange={props.onType}
        />
      </Match>
      <Match when={props.field.kind === 'secret'}>
        <TextField
          {...common()}
          hint={hint()}
          type="password"
          autocomplete="new-password"
          value={content()}
          onInput={onInput}
        />
      </Match>
      <Match when={props.field.kind === 'number' || props.field.kind === 'whole'}>
        <TextField
          {...common()}
          hint={hint()}
          type="number"
          step={props.field.kind === 'whole' ? 1 : 'any'}
          min={props.field.min}
          max={props.field.max}
          value={content()}
          onInput={onInput}
        />
      </Match>
      <Match when={props.field.kind === 'lines' || props.field.kind === 'json'}>
        <TextArea {...common()} hint={hint()} value={content()} onInput={onInput} spellcheck={false} />
      </Match>
    </Switch>
  )
}
