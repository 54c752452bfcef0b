/** Menus behind a button. */
import { DropdownMenu } from '@kobalte/core/dropdown-menu'
import type { JSX } from 'solid-js'
import { For, Show } from 'solid-js'

export interface MenuEntry {
  label: string
  icon?: JSX.Element
  tone?: 'bad'
  disabled?: boolean
  /** why it can't be chosen, or what it does */
  hint?: string
  onSelect: () => void
}

interface Props {
  label: string
  children: JSX.Element
  entries: MenuEntry[]
  class?: string
}

export const overlayClass = 'animate-appear z-50 rounded-xl bg-raised p-1 shadow-overlay outline-none'

export function Menu(props: Props) {
  return (
    <DropdownMenu gutter={4} placement="bottom-end">
      <DropdownMenu.Trigger
        aria-label={props.label}
        title={props.label}
        class={
          props.class ??
          'inline-flex size-8 shrink-0 items-center justify-center rounded-lg text-muted hover:bg-hover hover:text-text'
        }
      >
        {props.children}
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content class={`${overlayClass} max-w-[calc(100vw-2rem)] min-w-48`}>
          <For each={props.entries}>
            {(entry) => (
              <DropdownMenu.Item
                disabled={entry.disabled}
                onSelect={entry.onSelect}
                class={`flex items-center gap-2.5 rounded-lg px-2.5 py-1.5 text-sm outline-none data-[disabled]:opacity-60 data-[highlighted]:bg-hover ${entry.tone === 'bad' ? 'text-bad' : 'text-text'}`}
              >
                <Show when={entry.icon}>
                  <span class="text-muted">{entry.icon}</span>
                </Show>
                <span class="min-w-0">
                  <span class="block truncate">{entry.label}</span>
                  <Show when={entry.hint}>
                    <span class="block text-xs text-muted">{entry.hint}</span>
                  </Show>
                </span>
              </DropdownMenu.Item>
            )}
          </For>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu>
  )
}
