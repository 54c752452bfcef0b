/** The filters above the resource table; what is chosen lives in the address. */
import ChevronDown from 'lucide-solid/icons/chevron-down'
import Search from 'lucide-solid/icons/search'
import { createEffect, createSignal, For, on, onCleanup, Show } from 'solid-js'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { CheckField, controlClass } from '../kit/field.tsx'
import { Popover } from '../kit/popover.tsx'
import { FILTER_ATTRIBUTE } from './keys.tsx'

const WAIT_MS = 200

/** The text filter: waits for a pause in typing; Escape empties it. */
export function FilterText(props: { value: string; label: string; onChange: (text: string) => void }) {
  const [text, setText] = createSignal(props.value)
  let timer: ReturnType<typeof setTimeout> | undefined
  createEffect(
    on(
      () => props.value,
      (value) => setText(value),
      { defer: true },
    ),
  )
  onCleanup(() => clearTimeout(timer))
  const change = (next: string, wait_ms: number) => {
    setText(next)
    clearTimeout(timer)
    timer = setTimeout(() => props.onChange(next), wait_ms)
  }
  return (
    <div class="relative min-w-0 flex-1 basis-64 sm:max-w-xs">
      <Search size={16} class="pointer-events-none absolute top-1/2 left-3 -translate-y-1/2 text-muted" />
      <input
        type="search"
        {...{ [FILTER_ATTRIBUTE]: '' }}
        aria-label={props.label}
        placeholder={props.label}
        autocomplete="off"
        spellcheck={false}
        value={text()}
        onInput={(event) => change(event.currentTarget.value, WAIT_MS)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          if (text()) change('', 0)
          else event.currentTarget.blur()
        }}
        class={`${controlClass} pl-9`}
      />
    </div>
  )
}

interface ManyProps {
  label: string
  options: { value: string; label: string }[]
  chosen: string[]
  onChange: (chosen: string[]) => void
}

export const filterButtonClass =
  'inline-flex h-9 max-w-full items-center gap-1.5 rounded-lg border border-line-strong bg-surface px-3 text-sm text-muted hover:bg-hover hover:text-text data-[expanded]:bg-hover'

/** One filter with several values at once. */
export function FilterMany(props: ManyProps) {
  const toggle = (value: string, on: boolean) =>
    props.onChange(on ? [...props.chosen, value] : props.chosen.filter((one) => one !== value))
  const summary = () => props.options.filter((one) => props.chosen.includes(one.value)).map((one) => one.label)
  return (
    <Popover
      label={props.label}
      class={filterButtonClass}
      button={
        <>
          {props.label}
          <Show when={props.chosen.length > 0}>
            <span class="max-w-40 truncate font-medium text-accent-text">{summary().join(', ')}</span>
          </Show>
          <ChevronDown size={15} class="shrink-0" />
        </>
      }
    >
      <div class="flex flex-col gap-2">
        <For each={props.options}>
          {(option) => (
            <CheckField
              label={option.label}
              checked={props.chosen.includes(option.value)}
              onChange={(checked) => toggle(option.value, checked)}
            />
          )}
        </For>
        <Show when={props.chosen.length > 0}>
          <Button size="small" variant="ghost" onClick={() => props.onChange([])}>
            {t('common.all')}
          </Button>
        </Show>
      </div>
    </Popover>
  )
}

interface OneProps {
  label: string
  value: string
  options: { value: string; label: string }[]
  onChange: (value: string) => void
}
/** One filter with one value, as a native select: short and quick on every screen. */
export const FilterOne = (props: OneProps) => (
  <select
    aria-label={props.label}
    value={props.value}
    onChange={(event) => props.onChange(event.currentTarget.value)}
    class={`${filterButtonClass} select-arrow field-sizing-content w-auto max-w-48 appearance-none truncate pr-8 ${props.value ? 'font-medium text-accent-text' : ''}`}
  >
    <For each={props.options}>
      {(option) => (
        <option value={option.value} selected={option.value === props.value}>
          {option.label}
        </option>
      )}
    </For>
  </select>
)
