/** Dialogs and drawers: focus is kept inside, Escape closes, the page behind doesn't scroll. */
import { Dialog as Base } from '@kobalte/core/dialog'
import X from 'lucide-solid/icons/x'
import type { JSX } from 'solid-js'
import { Show } from 'solid-js'

interface Props {
  open: boolean
  onClose: () => void
  title: string
  closeLabel: string
  lead?: JSX.Element
  children: JSX.Element
  /** stays in view at the bottom */
  footer?: JSX.Element
  size?: 'normal' | 'wide'
}

const Scrim = () => <Base.Overlay data-scrim class="fixed inset-0 z-40 bg-scrim" />
/** The field to fill in comes first; the close button, which stands first, last. */
function focusFirstField(event: Event) {
  const content = event.currentTarget instanceof HTMLElement ? event.currentTarget : event.target
  if (!(content instanceof HTMLElement)) return
  const field =
    content.querySelector<HTMLElement>('[autofocus]') ?? content.querySelector<HTMLElement>('input, select, textarea')
  if (!field) return
  event.preventDefault()
  field.focus()
}
const onChange = (props: Props) => (open: boolean) => open || props.onClose()

function Head(props: Props) {
  return (
    <header class="flex items-start justify-between gap-4 border-b border-line px-5 py-4">
      <div class="min-w-0">
        <Base.Title class="text-base font-semibold break-words">{props.title}</Base.Title>
        <Show when={props.lead}>
          <Base.Description class="mt-1 text-sm text-muted">{props.lead}</Base.Description>
        </Show>
      </div>
      <Base.CloseButton
        aria-label={props.closeLabel}
        class="-mt-1 -mr-2 inline-flex size-8 shrink-0 items-center justify-center rounded-lg text-muted hover:bg-hover hover:text-text"
      >
        <X size={18} />
      </Base.CloseButton>
    </header>
  )
}

const Foot = (props: Props) => (
  <Show when={props.footer}>
    <footer class="flex flex-wrap items-center justify-end gap-2 border-t border-line px-5 py-3.5">
      {props.footer}
    </footer>
  </Show>
)

export function Dialog(props: Props) {
  return (
    <Base open={props.open} onOpenChange={onChange(props)}>
      <Base.Portal>
        <Scrim />
        <div class="pointer-events-none fixed inset-0 z-50 flex items-end justify-center p-0 sm:items-center sm:p-6">
          <Base.Content
            onOpenAutoFocus={focusFirstField}
            class={`animate-appear pointer-events-auto flex max-h-[92dvh] w-full flex-col rounded-t-2xl bg-raised shadow-overlay outline-none sm:rounded-2xl ${props.size === 'wide' ? 'sm:max-w-2xl' : 'sm:max-w-lg'}`}
          >
            <Head {...props} />
            <div class="min-h-0 overflow-y-auto px-5 py-4">{props.children}</div>
            <Foot {...props} />
          </Base.Content>
        </div>
      </Base.Portal>
    </Base>
  )
}

/** A panel at the right edge, for reading beside the page. */
export function Drawer(props: Props) {
  return (
    <Base open={props.open} onOpenChange={onChange(props)}>
      <Base.Portal>
        <Scrim />
        <Base.Content class="animate-slide-in fixed inset-y-0 right-0 z-50 flex w-full max-w-2xl flex-col bg-raised shadow-overlay outline-none">
          <Head {...props} />
          <div tabindex="0" role="region" aria-label={props.title} class="min-h-0 flex-1 overflow-y-auto px-5 py-4">
            {props.children}
          </div>
          <Foot {...props} />
        </Base.Content>
      </Base.Portal>
    </Base>
  )
}
