/** The frame around every page: side bar, top bar, live mark, palette and keys; without a session it leads to sign-in. */
import { Navigate, type RouteSectionProps, useLocation } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import LogOut from 'lucide-solid/icons/log-out'
import MenuIcon from 'lucide-solid/icons/menu'
import Search from 'lucide-solid/icons/search'
import { createSignal, ErrorBoundary, lazy, Match, onCleanup, onMount, Show, Suspense, Switch } from 'solid-js'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { IconButton } from '../kit/button.tsx'
import { Toasts } from '../kit/toast.tsx'
import { startLive } from '../live.ts'
import { paths } from '../paths.ts'
import { ApiError } from '../problem.ts'
import { queries, queryClient, refreshFailedAt } from '../queries.ts'
import { signOut } from '../session.ts'
import { LanguageChoice, ThemeChoice } from './appearance.tsx'
import { Broken } from './broken.tsx'
import { DemoNote } from './demo-note.tsx'
import { ImpersonationNote } from './impersonation.tsx'
import { createKeys, KeysDialog } from './keys.tsx'
import { LiveMark } from './live-mark.tsx'
import { ProblemNote } from './load.tsx'
import { Mark } from './mark.tsx'
import { Navigation } from './navigation.tsx'
import { TenantFrame } from './tenant-shell.tsx'
import { Who } from './who.tsx'

const Palette = lazy(async () => ({ default: (await import('./palette.tsx')).Palette }))
const Drawer = lazy(async () => ({ default: (await import('./nav-drawer.tsx')).NavDrawer }))

export function Shell(props: RouteSectionProps) {
  const location = useLocation()
  const session = useQuery(() => queries.session())
  const refusal = () => (session.error instanceof ApiError && session.error.status === 401 ? session.error : undefined)
  return (
    <Switch>
      <Match when={refusal()}>
        {(error) => (
          <Navigate
            href={paths.signIn(
              location.pathname + location.search,
              error().code === 'session_idle' ? 'idle' : undefined,
            )}
          />
        )}
      </Match>
      <Match when={session.isLoadingError}>
        <main class="mx-auto max-w-lg px-4 py-24">
          <ProblemNote error={session.error} onRetry={() => void session.refetch()} />
        </main>
      </Match>
      <Match when={session.status !== 'pending'}>
        <SkipLink />
        <Show when={session.data?.account} fallback={<Frame>{props.children}</Frame>}>
          <TenantFrame>
            <Content>{props.children}</Content>
          </TenantFrame>
        </Show>
      </Match>
    </Switch>
  )
}

function Frame(props: Pick<RouteSectionProps, 'children'>) {
  const [palette, setPalette] = createSignal(false)
  const [help, setHelp] = createSignal(false)
  const [menu, setMenu] = createSignal(false)
  createKeys({ openPalette: () => setPalette(true), openHelp: () => setHelp(true) })
  return (
    <div class="md:grid md:min-h-dvh md:grid-cols-[14.5rem_minmax(0,1fr)]">
      <TopBar onMenu={() => setMenu(true)} onSearch={() => setPalette(true)} />
      <SideBar onSearch={() => setPalette(true)} />
      <Content>{props.children}</Content>
      <Suspense>
        <Show when={palette()}>
          <Palette open onClose={() => setPalette(false)} />
        </Show>
        <Show when={menu()}>
          <Drawer onClose={() => setMenu(false)} />
        </Show>
      </Suspense>
      <KeysDialog open={help()} onClose={() => setHelp(false)} />
    </div>
  )
}

/** The page itself, with what every frame has: live updates, what fails, and short messages. */
function Content(props: Pick<RouteSectionProps, 'children'>) {
  const location = useLocation()
  onMount(() => onCleanup(startLive(queryClient)))
  return (
    <main id="content" tabindex="-1" class="min-w-0 outline-none">
      <ImpersonationNote />
      <DemoNote />
      <RefreshFailing />
      <ErrorBoundary fallback={(error, reset) => <Broken error={error} onRetry={reset} address={location.pathname} />}>
        <Suspense>{props.children}</Suspense>
      </ErrorBoundary>
      <Toasts label="Atalaya" />
    </main>
  )
}

const SkipLink = () => (
  <a
    href="#content"
    class="sr-only z-50 rounded-lg bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
  >
    {t('common.skip_to_content')}
  </a>
)

const RefreshFailing = () => (
  <Show when={refreshFailedAt()}>
    {(at) => (
      <p
        role="alert"
        class="m-0 border-b border-warn-mark/40 bg-warn-soft px-4 py-2 text-[0.8125rem] text-warn sm:px-6 lg:px-8"
      >
        {t('live.refresh_failing', { at: say.clock(at()) })}
      </p>
    )}
  </Show>
)

function SideBar(props: { onSearch: () => void }) {
  return (
    <aside
      data-screen-only
      class="sticky top-0 hidden h-dvh flex-col gap-5 overflow-y-auto border-r border-line bg-sunken px-3 py-4 md:flex"
    >
      <div class="flex items-center gap-2.5 px-2">
        <Mark />
        <span class="text-[0.9375rem] font-semibold tracking-tight">Atalaya</span>
        <span class="ml-auto">
          <LiveMark />
        </span>
      </div>
      <button
        type="button"
        onClick={() => props.onSearch()}
        class="flex h-9 items-center gap-2.5 rounded-lg border border-line-strong bg-surface px-2.5 text-sm text-muted hover:text-text"
      >
        <Search size={16} />
        {t('common.search')}
        <kbd class="ml-auto font-sans text-xs text-faint">Ctrl K</kbd>
      </button>
      <Navigation />
      <div class="mt-auto flex flex-col gap-2 pt-4">
        <Who />
        <ThemeChoice hideLegend />
        <div class="flex items-center justify-between">
          <LanguageChoice hideLegend short />
          <IconButton label={t('nav.sign_out')} onClick={() => void signOut()}>
            <LogOut size={17} />
          </IconButton>
        </div>
      </div>
    </aside>
  )
}

function TopBar(props: { onMenu: () => void; onSearch: () => void }) {
  return (
    <header
      data-screen-only
      class="sticky top-0 z-30 flex h-13 items-center gap-2 border-b border-line bg-sunken px-3 md:hidden"
    >
      <IconButton label={t('nav.menu')} onClick={() => props.onMenu()}>
        <MenuIcon size={20} />
      </IconButton>
      <Mark size={22} />
      <span class="font-semibold tracking-tight">Atalaya</span>
      <span class="ml-auto">
        <LiveMark />
      </span>
      <IconButton label={t('common.search')} onClick={() => props.onSearch()}>
        <Search size={18} />
      </IconButton>
    </header>
  )
}
