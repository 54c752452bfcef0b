/** A small panel behind a button, for filters and choices. */
import { Popover as Base } from '@kobalte/core/popover'
import type { JSX } from 'solid-js'
import { overlayClass } from './menu.tsx'

interface Props {
  label: string
  button: JSX.Element
  class?: string
  children: JSX.Element
}

export function Popover(props: Props) {
  return (
    <Base gutter={4} placement="bottom-start">
      <Base.Trigger class={props.class}>{props.button}</Base.Trigger>
      <Base.Portal>
        <Base.Content
          aria-label={props.label}
          class={`${overlayClass} max-h-[min(24rem,70dvh)] max-w-[calc(100vw-2rem)] min-w-52 overflow-y-auto p-3`}
        >
          {props.children}
        </Base.Content>
      </Base.Portal>
    </Base>
  )
}
