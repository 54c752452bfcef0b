/** Form fields: label, control, hint and error, tied together for screen readers. */
import type { JSX } from 'solid-js'
import { createUniqueId, For, Show, splitProps } from 'solid-js'

export const controlClass =
  'w-full min-w-0 rounded-lg border border-control bg-surface px-3 h-9 text-sm text-text placeholder:text-faint disabled:opacity-60 aria-invalid:border-bad-mark'

interface Common {
  label: string
  hint?: string
  error?: string
  /** the label is read out but not shown */
  hideLabel?: boolean
  optional?: string
  class?: string
}

interface FrameProps extends Common {
  id: string
  children: JSX.Element
}

function Frame(props: FrameProps) {
  return (
    <div class={`flex min-w-0 flex-col gap-1.5 ${props.class ?? ''}`}>
      <label for={props.id} class={props.hideLabel ? 'sr-only' : 'text-[0.8125rem] font-medium text-text'}>
        {props.label}
        <Show when={props.optional}>
          <span class="ml-1.5 font-normal text-faint">{props.optional}</span>
        </Show>
      </label>
      {props.children}
      <Show when={props.error} fallback={<Hint id={props.id} text={props.hint} />}>
        <p id={`${props.id}-note`} class="text-[0.8125rem] text-bad">
          {props.error}
        </p>
      </Show>
    </div>
  )
}

const Hint = (props: { id: string; text?: string }) => (
  <Show when={props.text}>
    <p id={`${props.id}-note`} class="text-[0.8125rem] text-muted">
      {props.text}
    </p>
  </Show>
)

const OWN = ['label', 'hint', 'error', 'hideLabel', 'optional', 'class'] as const
const described = (id: string, own: Common) => ({
  id,
  'aria-invalid': own.error ? (true as const) : undefined,
  'aria-describedby': own.error || own.hint ? `${id}-note` : undefined,
})

type InputProps = Common & Omit<JSX.InputHTMLAttributes<HTMLInputElement>, 'class'>
export function TextField(props: InputProps) {
  const [own, rest] = splitProps(props, OWN)
  const id = createUniqueId()
  return (
    <Frame {...own} id={id}>
      <input
        type="text"
        autocomplete="off"
        {...rest}
        {...described(id, own)}
        class={`${controlClass} ${rest.type === 'file' ? 'py-1.5' : ''}`}
      />
    </Frame>
  )
}

type AreaProps = Common & Omit<JSX.TextareaHTMLAttributes<HTMLTextAreaElement>, 'class'>
export function TextArea(props: AreaProps) {
  const [own, rest] = splitProps(props, OWN)
  const id = createUniqueId()
  return (
    <Frame {...own} id={id}>
      <textarea rows={3} {...rest} {...described(id, own)} class={`${controlClass} h-auto py-2`} />
    </Frame>
  )
}

export interface Option {
  value: string
  label: string
  disabled?: boolean
}
export interface OptionGroup {
  label: string
  options: Option[]
}
type SelectProps = Common &
  Omit<JSX.SelectHTMLAttributes<HTMLSelectElement>, 'class' | 'onChange' | 'value'> & {
    value: string
    options: (Option | OptionGroup)[]
    onChange: (value: string) => void
  }

export function SelectField(props: SelectProps) {
  const [own, mine, rest] = splitProps(props, OWN, ['value', 'options', 'onChange'])
  const id = createUniqueId()
  const item = (option: Option) => (
    <option value={option.value} disabled={option.disabled} selected={option.value === mine.value}>
      {option.label}
    </option>
  )
  return (
    <Frame {...own} id={id}>
      <select
        {...rest}
        {...described(id, own)}
        value={mine.value}
        onChange={(event) => mine.onChange(event.currentTarget.value)}
        class={`${controlClass} select-arrow appearance-none pr-8`}
      >
        <For each={mine.options}>
          {(entry) =>
            'options' in entry ? (
              <optgroup label={entry.label}>
                <For each={entry.options}>{item}</For>
              </optgroup>
            ) : (
              item(entry)
            )
          }
        </For>
      </select>
    </Frame>
  )
}

interface CheckProps {
  label: string
  hint?: string
  checked: boolean
  disabled?: boolean
  onChange: (checked: boolean) => void
}
export function CheckField(props: CheckProps) {
  const id = createUniqueId()
  return (
    <div class="flex items-start gap-2.5">
      <input
        id={id}
        type="checkbox"
        checked={props.checked}
        disabled={props.disabled}
        aria-describedby={props.hint ? `${id}-note` : undefined}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
        class="mt-0.5 size-4 shrink-0 accent-(--accent)"
      />
      <div class="min-w-0">
        <label for={id} class="text-sm">
          {props.label}
        </label>
        <Hint id={id} text={props.hint} />
      </div>
    </div>
  )
}

interface ChoiceProps<T extends string> {
  legend: string
  value: T
  choices: readonly { value: T; label: string }[]
  onChange: (value: T) => void
  hideLegend?: boolean
}
/** A few choices side by side, as radio buttons. */
export function Choice<T extends string>(props: ChoiceProps<T>) {
  const name = createUniqueId()
  return (
    <fieldset class="flex min-w-0 flex-col gap-1.5">
      <legend class={props.hideLegend ? 'sr-only' : 'mb-1.5 text-[0.8125rem] font-medium'}>{props.legend}</legend>
      <div class="flex w-fit max-w-full flex-wrap gap-0.5 rounded-lg border border-line bg-sunken p-0.5">
        <For each={props.choices}>
          {(choice) => (
            <label class="relative cursor-pointer rounded-md px-3 py-1 text-[0.8125rem] text-muted has-checked:bg-raised has-checked:font-medium has-checked:text-text has-checked:shadow-[0_0_0_1px_var(--line-strong)] has-focus-visible:outline-2 has-focus-visible:outline-offset-1 has-focus-visible:outline-accent-text">
              <input
                type="radio"
                name={name}
                class="absolute inset-0 cursor-pointer opacity-0"
                checked={choice.value === props.value}
                onChange={() => props.onChange(choice.value)}
              />
              {choice.label}
            </label>
          )}
        </For>
      </div>
    </fieldset>
  )
}
