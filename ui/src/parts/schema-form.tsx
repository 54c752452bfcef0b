/** The fields of a connector's settings. */
import Plus from 'lucide-solid/icons/plus'
import X from 'lucide-solid/icons/x'
import { For, Index, Match, Show, Switch } from 'solid-js'
import { t } from '../i18n/language.ts'
import { Button, IconButton } from '../kit/button.tsx'
import { CheckField, SelectField, TextArea, TextField } from '../kit/field.tsx'
import { placeOf, rowsOf, type SchemaField, type Typed } from './schema.ts'

interface Props {
  fields: readonly SchemaField[]
  typed: Typed
  onType: (name: string, value: string | boolean) => void
  /** by the name of a setting, or of a row of one: `urls/0` */
  errorAt: (name: string) => string | undefined
  /** a secret is stored already, and shown as dots */
  isStored?: boolean
}

export const SchemaForm = (props: Props) => (
  <For each={props.fields}>
    {(field) => (
      <Setting
        field={field}
        value={props.typed[field.name] ?? ''}
        errorAt={props.errorAt}
        isStored={props.isStored ?? false}
        onType={(value) => props.onType(field.name, value)}
      />
    )}
  </For>
)

interface SettingProps {
  field: SchemaField
  value: string | boolean
  errorAt: (name: string) => string | undefined
  isStored: boolean
  onType: (value: string | boolean) => void
}

const LONG_ROWS = 5

function Setting(props: SettingProps) {
  const content = () => (typeof props.value === 'string' ? props.value : '')
  const error = () => props.errorAt(props.field.name)
  const common = () => ({
    label: props.field.label,
    error: error(),
    required: props.field.required,
    optional: props.field.required ? undefined : t('common.optional'),
    hint: props.field.hint,
    placeholder: props.field.example || undefined,
  })
  const onInput = (event: InputEvent & { currentTarget: HTMLInputElement | HTMLTextAreaElement }) =>
    props.onType(event.currentTarget.value)
  const secretHint = () => [props.field.hint, props.isStored ? t('sources.secret_kept') : ''].filter(Boolean).join(' ')
  return (
    <Switch fallback={<TextField {...common()} value={content()} onInput={onInput} />}>
      <Match when={props.field.kind === 'boolean'}>
        <CheckField
          label={props.field.label}
          hint={error() ?? props.field.hint}
          checked={props.value === true}
          onChange={props.onType}
        />
      </Match>
      <Match when={props.field.kind === 'choice'}>
        <SelectField
          label={props.field.label}
          error={error()}
          required={props.field.required}
          optional={props.field.required ? undefined : t('common.optional')}
          hint={props.field.hint}
          value={content()}
          options={[...(props.field.required ? [] : ['']), ...props.field.choices].map((value) => ({
            value,
            label: value || '–',
          }))}
          onChange={props.onType}
        />
      </Match>
      <Match when={props.field.kind === 'secret' && props.field.isLong}>
        <TextArea
          {...common()}
          hint={secretHint()}
          rows={LONG_ROWS}
          spellcheck={false}
          autocomplete="off"
          value={content()}
          onInput={onInput}
        />
      </Match>
      <Match when={props.field.kind === 'secret'}>
        <TextField
          {...common()}
          hint={secretHint()}
          type="password"
          autocomplete="new-password"
          value={content()}
          onInput={onInput}
        />
      </Match>
      <Match when={props.field.kind === 'number' || props.field.kind === 'whole'}>
        <TextField
          {...common()}
          type="number"
          step={props.field.kind === 'whole' ? 1 : 'any'}
          min={props.field.min}
          max={props.field.max}
          value={content()}
          onInput={onInput}
        />
      </Match>
      <Match when={props.field.kind === 'lines'}>
        <Rows {...props} content={content()} />
      </Match>
      <Match when={props.field.kind === 'area' || props.field.kind === 'json'}>
        <TextArea {...common()} rows={LONG_ROWS} value={content()} onInput={onInput} spellcheck={false} />
      </Match>
    </Switch>
  )
}

/** A list of texts, a row each: one is added or removed at a time. */
function Rows(props: SettingProps & { content: string }) {
  const rows = () => rowsOf(props.content)
  const set = (list: readonly string[]) => props.onType(list.join('\n'))
  const named = (index: number) => ({ label: props.field.label, number: String(index + 1) })
  const errorOf = (index: number) => {
    const place = placeOf(rows(), index)
    return place === null ? undefined : props.errorAt(`${props.field.name}/${place}`)
  }
  const add = (event: MouseEvent & { currentTarget: HTMLButtonElement }) => {
    const group = event.currentTarget.closest('fieldset')
    set([...rows(), ''])
    queueMicrotask(() => [...(group?.querySelectorAll('input') ?? [])].at(-1)?.focus())
  }
  return (
    <fieldset class="flex min-w-0 flex-col gap-1.5">
      <legend class="mb-1.5 text-[0.8125rem] font-medium">
        {props.field.label}
        <Show when={!props.field.required}>
          <span class="ml-1.5 font-normal text-faint">{t('common.optional')}</span>
        </Show>
      </legend>
      <Index each={rows()}>
        {(row, index) => (
          <div class="flex min-w-0 items-start gap-1.5">
            <TextField
              label={t('sources.list_item', named(index))}
              hideLabel
              class="flex-1"
              required={props.field.required && index === 0}
              placeholder={index === 0 ? props.field.example || undefined : undefined}
              spellcheck={false}
              value={row()}
              error={errorOf(index)}
              onInput={(event) => set(rows().with(index, event.currentTarget.value))}
            />
            <Show when={rows().length > 1}>
              <IconButton
                label={t('sources.list_remove', named(index))}
                onClick={() => set(rows().toSpliced(index, 1))}
              >
                <X size={16} />
              </IconButton>
            </Show>
          </div>
        )}
      </Index>
      <Show
        when={props.errorAt(props.field.name)}
        fallback={
          <Show when={props.field.hint}>
            <p class="m-0 text-[0.8125rem] text-muted">{props.field.hint}</p>
          </Show>
        }
      >
        {(error) => <p class="m-0 text-[0.8125rem] text-bad">{error()}</p>}
      </Show>
      <Button size="small" class="w-fit" icon={<Plus size={14} />} onClick={add}>
        {t('sources.list_add')}
      </Button>
    </fieldset>
  )
}
