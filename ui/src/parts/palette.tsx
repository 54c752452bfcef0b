/** Ctrl/Cmd+K: finds resources by name, IP, MAC or serial, invoices, accounts, pages and actions. */
import { useNavigate } from '@solidjs/router'
import { keepPreviousData, useQuery } from '@tanstack/solid-query'
import { Dialog } from '@kobalte/core/dialog'
import Search from 'lucide-solid/icons/search'
import { createEffect, createMemo, createSignal, createUniqueId, For, on, Show } from 'solid-js'
import { language, setLanguage, t } from '../i18n/language.ts'
import { paths } from '../paths.ts'
import { setTheme, shownTheme } from '../preferences.ts'
import { queries } from '../queries.ts'
import { signOut } from '../session.ts'
import { DESTINATIONS } from './navigation.tsx'

interface Hit {
  group: 'resources' | 'invoices' | 'accounts' | 'pages' | 'actions'
  label: string
  note: string
  run: () => void
}

const MAX_PER_GROUP = 6
const WAIT_MS = 120

/** Every word of the query occurs somewhere in the text. */
export const matches = (query: string, ...texts: string[]): boolean => {
  const text = texts.join(' ').toLowerCase()
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}

function createHits(query: () => string, close: () => void) {
  const navigate = useNavigate()
  const go = (path: string) => () => {
    close()
    navigate(path)
  }
  const act = (action: () => unknown) => () => {
    close()
    void action()
  }
  const hasQuery = () => query().trim().length > 0
  const resources = useQuery(() => ({ ...queries.foundResources(query().trim()), enabled: hasQuery() }))
  const invoices = useQuery(() => ({ ...queries.invoices(), enabled: hasQuery(), placeholderData: keepPreviousData }))
  const accounts = useQuery(() => ({ ...queries.accounts(), enabled: hasQuery() }))
  const items = <T,>(result: { status: string; data: { items: T[] } | undefined }) =>
    result.status === 'success' ? (result.data?.items ?? []) : []

  const actions = (): Hit[] =>
    [
      { label: t('prices.set'), run: go(`${paths.prices}?set=1`) },
      { label: t('agents.enrol'), run: go(`${paths.agents}?enrol=1`) },
      { label: t('sources.add'), run: go(`${paths.agents}?add=1`) },
      { label: t('accounts.add'), run: go(`${paths.accounts}?add=1`) },
      {
        label: `${t('look.theme')}: ${shownTheme() === 'dark' ? t('look.light') : t('look.dark')}`,
        run: act(() => setTheme(shownTheme() === 'dark' ? 'light' : 'dark')),
      },
      {
        label: language() === 'en' ? 'Español' : 'English',
        run: act(() => setLanguage(language() === 'en' ? 'es' : 'en')),
      },
      { label: t('nav.sign_out'), run: act(signOut) },
    ].map((action) => ({ ...action, group: 'actions', note: '' }))
  const pages = (): Hit[] =>
    DESTINATIONS.map((one) => ({
      group: 'pages',
      label: t(`nav.${one.name}`),
      note: `g ${one.key}`,
      run: go(one.path),
    }))

  return createMemo((): Hit[] => {
    const q = query().trim()
    const still = [...pages(), ...actions()].filter((hit) => q === '' || matches(q, hit.label))
    if (q === '') return still
    return [
      ...items(resources).map((one): Hit => ({
        group: 'resources',
        label: one.name,
        note: `${t(`kind.${one.kind}`)} · ${one.host?.name ?? one.realm}`,
        run: go(paths.resource(one.id)),
      })),
      ...items(invoices)
        .filter((one) => matches(q, one.number, one.account_name))
        .slice(0, MAX_PER_GROUP)
        .map((one): Hit => ({
          group: 'invoices',
          label: one.number,
          note: one.account_name,
          run: go(paths.invoice(one.id)),
        })),
      ...items(accounts)
        .filter((one) => matches(q, one.name, one.tax_id, one.email))
        .slice(0, MAX_PER_GROUP)
        .map((one): Hit => ({ group: 'accounts', label: one.name, note: one.tax_id, run: go(paths.draft(one.id)) })),
      ...still,
    ]
  })
}

export function Palette(props: { open: boolean; onClose: () => void }) {
  return (
    <Dialog open={props.open} onOpenChange={(open) => open || props.onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay data-scrim class="fixed inset-0 z-40 bg-scrim" />
        <div class="pointer-events-none fixed inset-0 z-50 flex justify-center p-3 pt-[10dvh]">
          <Dialog.Content class="animate-appear pointer-events-auto flex h-fit max-h-[70dvh] w-full max-w-xl flex-col overflow-hidden rounded-2xl bg-raised shadow-overlay outline-none">
            <Dialog.Title class="sr-only">{t('palette.title')}</Dialog.Title>
            <PaletteBody onClose={props.onClose} />
          </Dialog.Content>
        </div>
      </Dialog.Portal>
    </Dialog>
  )
}

function PaletteBody(props: { onClose: () => void }) {
  const [typed, setTyped] = createSignal('')
  const [query, setQuery] = createSignal('')
  const [active, setActive] = createSignal(0)
  const list = createUniqueId()
  const hits = createHits(query, () => props.onClose())
  let timer: ReturnType<typeof setTimeout> | undefined
  createEffect(
    on(typed, (text) => {
      clearTimeout(timer)
      timer = setTimeout(() => setQuery(text), WAIT_MS)
    }),
  )
  createEffect(on(query, () => setActive(0)))
  const optionId = (index: number) => `${list}-${index}`
  const move = (by: number) => {
    const count = hits().length
    if (count === 0) return
    setActive((active() + by + count) % count)
    document.getElementById(optionId(active()))?.scrollIntoView({ block: 'nearest' })
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') move(1)
    else if (event.key === 'ArrowUp') move(-1)
    else if (event.key === 'Enter') hits()[active()]?.run()
    else return
    event.preventDefault()
  }
  return (
    <>
      <div class="flex items-center gap-3 border-b border-line px-4">
        <Search size={18} class="shrink-0 text-muted" />
        <input
          type="text"
          role="combobox"
          aria-label={t('palette.title')}
          aria-expanded="true"
          aria-controls={list}
          aria-activedescendant={hits().length ? optionId(active()) : undefined}
          autocomplete="off"
          spellcheck={false}
          placeholder={t('palette.placeholder')}
          value={typed()}
          onInput={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={onKey}
          class="h-12 min-w-0 flex-1 bg-transparent text-[0.9375rem] outline-none placeholder:text-faint"
        />
      </div>
      <div class="min-h-24 overflow-y-auto p-2">
        <Show
          when={hits().length > 0}
          fallback={<p class="m-0 px-3 py-8 text-center text-muted">{t('palette.nothing', { q: query() })}</p>}
        >
          <ul id={list} role="listbox" aria-label={t('palette.title')} class="m-0 list-none p-0">
            <For each={hits()}>
              {(hit, index) => (
                <>
                  <Show when={hits()[index() - 1]?.group !== hit.group}>
                    <li role="presentation" class="px-2.5 pt-2 pb-1 text-xs font-medium text-faint">
                      {t(`palette.${hit.group}`)}
                    </li>
                  </Show>
                  <li
                    id={optionId(index())}
                    role="option"
                    aria-selected={active() === index()}
                    onPointerMove={() => setActive(index())}
                    onClick={() => hit.run()}
                    class="flex cursor-pointer items-center justify-between gap-4 rounded-lg px-2.5 py-2 aria-selected:bg-accent-soft"
                  >
                    <span class="truncate">{hit.label}</span>
                    <span class="truncate text-[0.8125rem] text-muted">{hit.note}</span>
                  </li>
                </>
              )}
            </For>
          </ul>
        </Show>
      </div>
      <p class="m-0 border-t border-line px-4 py-2 text-xs text-muted">{t('palette.hint')}</p>
      <span class="sr-only" role="status">
        {t('palette.result_count', hits().length)}
      </span>
    </>
  )
}
