/** The keys of the whole application, and the dialog that lists them. */
import { useNavigate } from '@solidjs/router'
import { For, onCleanup, onMount } from 'solid-js'
import { t } from '../i18n/language.ts'
import { Dialog } from '../kit/dialog.tsx'
import { DESTINATIONS } from './navigation.tsx'

const SEQUENCE_MS = 1_200
export const FILTER_ATTRIBUTE = 'data-filter'

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

interface Actions {
  openPalette: () => void
  openHelp: () => void
}

/** Ctrl/Cmd+K anywhere; the others while nothing is typed and no dialog is open. */
export function createKeys(actions: Actions): void {
  const navigate = useNavigate()
  let goPressedAt = 0
  const onKey = (event: KeyboardEvent) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault()
      return actions.openPalette()
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
    if (document.querySelector('[role="dialog"], [role="menu"]')) return
    const isSecond = Date.now() - goPressedAt < SEQUENCE_MS
    goPressedAt = event.key === 'g' ? Date.now() : 0
    if (isSecond) {
      const destination = DESTINATIONS.find((one) => one.key === event.key)
      if (destination) return navigate(destination.path)
    }
    if (event.key === '?') return actions.openHelp()
    if (event.key !== '/') return
    const filter = document.querySelector<HTMLInputElement>(`[${FILTER_ATTRIBUTE}]`)
    if (!filter) return
    event.preventDefault()
    filter.focus()
    filter.select()
  }
  onMount(() => addEventListener('keydown', onKey))
  onCleanup(() => removeEventListener('keydown', onKey))
}

const Key = (props: { children: string }) => (
  <kbd class="inline-flex h-6 min-w-6 items-center justify-center rounded-md border border-line-strong bg-sunken px-1.5 font-sans text-xs text-muted">
    {props.children}
  </kbd>
)

export function KeysDialog(props: { open: boolean; onClose: () => void }) {
  const rows = () => [
    { keys: ['Ctrl', 'K'], text: t('keys.palette') },
    { keys: ['/'], text: t('keys.filter') },
    { keys: ['?'], text: t('keys.help') },
    { keys: ['Esc'], text: t('keys.close') },
    ...DESTINATIONS.map((one) => ({ keys: ['g', one.key], text: t('keys.go', { page: t(`nav.${one.name}`) }) })),
  ]
  return (
    <Dialog open={props.open} onClose={props.onClose} title={t('keys.title')} closeLabel={t('common.close')}>
      <dl class="m-0 flex flex-col">
        <For each={rows()}>
          {(row) => (
            <div class="flex items-center justify-between gap-4 border-b border-line py-2 last:border-0">
              <dt>{row.text}</dt>
              <dd class="m-0 flex gap-1">
                <For each={row.keys}>{(key) => <Key>{key}</Key>}</For>
              </dd>
            </div>
          )}
        </For>
      </dl>
    </Dialog>
  )
}
