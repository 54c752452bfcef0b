/** The frame of a tenant's pages: his account's name, six places to go, and nothing of what it runs on. */
import { A, type RouteSectionProps, useLocation } from '@solidjs/router'
import Boxes from 'lucide-solid/icons/boxes'
import ChartColumn from 'lucide-solid/icons/chart-column'
import House from 'lucide-solid/icons/house'
import LogOut from 'lucide-solid/icons/log-out'
import Package from 'lucide-solid/icons/package'
import ReceiptText from 'lucide-solid/icons/receipt-text'
import UserRound from 'lucide-solid/icons/user-round'
import type { JSX } from 'solid-js'
import { createEffect, For, on } from 'solid-js'
import { t } from '../i18n/language.ts'
import { IconButton } from '../kit/button.tsx'
import { ROUTES } from '../paths.ts'
import { signOut } from '../session.ts'
import { LanguageChoice } from './appearance.tsx'
import { LiveMark } from './live-mark.tsx'
import { Mark } from './mark.tsx'
import { createTenant } from './tenant.ts'
import { Who } from './who.tsx'

interface Place {
  path: string
  label: () => string
  icon: () => JSX.Element
  needs?: 'billing.read'
}
const PLACES: Place[] = [
  { path: ROUTES.overview, label: () => t('my.home'), icon: () => <House size={16} /> },
  { path: ROUTES.resources, label: () => t('my.resources'), icon: () => <Boxes size={16} /> },
  { path: ROUTES.usage, label: () => t('my.usage'), icon: () => <ChartColumn size={16} /> },
  {
    path: ROUTES.myServices,
    label: () => t('services.mine'),
    icon: () => <Package size={16} />,
    needs: 'billing.read',
  },
  { path: ROUTES.invoices, label: () => t('my.bill'), icon: () => <ReceiptText size={16} />, needs: 'billing.read' },
  { path: ROUTES.settings, label: () => t('my.account'), icon: () => <UserRound size={16} /> },
]

export function TenantFrame(props: Pick<RouteSectionProps, 'children'>) {
  const tenant = createTenant()
  const places = () => PLACES.filter(({ needs }) => needs === undefined || tenant.has(needs))
  const location = useLocation()
  let bar: HTMLElement | undefined
  // on a narrow screen the places scroll: where one is stays in sight
  const show = () => bar?.querySelector('[aria-current=page]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  createEffect(on([() => location.pathname, () => places().length], () => requestAnimationFrame(show)))
  return (
    <div class="min-h-dvh">
      <header data-screen-only class="sticky top-0 z-30 border-b border-line bg-sunken">
        <div class="mx-auto flex h-13 max-w-6xl items-center gap-2.5 px-4 sm:px-6 lg:px-8">
          <Mark size={22} />
          <span class="min-w-0 truncate font-semibold tracking-tight">{tenant.account()?.name}</span>
          <span class="ml-auto flex shrink-0 items-center gap-2">
            <LiveMark />
            <span class="flex min-w-0 items-center gap-2 max-sm:hidden">
              <Who />
            </span>
            <LanguageChoice hideLegend short />
            <IconButton label={t('nav.sign_out')} onClick={() => void signOut()}>
              <LogOut size={17} />
            </IconButton>
          </span>
        </div>
        <nav
          ref={(element) => (bar = element)}
          aria-label={t('nav.label')}
          class="mx-auto max-w-6xl overflow-x-auto px-2 sm:px-4 lg:px-6"
        >
          <ul class="m-0 flex list-none gap-1 p-0">
            <For each={places()}>
              {(place) => (
                <li>
                  <A
                    href={place.path}
                    end={place.path === '/'}
                    class="flex h-10 items-center gap-2 border-b-2 border-transparent px-2 text-sm whitespace-nowrap text-muted hover:text-text sm:px-3"
                    activeClass="!border-accent !text-accent-text font-medium"
                  >
                    <span class="max-sm:hidden">{place.icon()}</span>
                    {place.label()}
                  </A>
                </li>
              )}
            </For>
          </ul>
        </nav>
      </header>
      {props.children}
    </div>
  )
}
