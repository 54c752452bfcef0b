/** The pages in their order: for the side bar, the palette and the keys. */
import { A } from '@solidjs/router'
import BookOpen from 'lucide-solid/icons/book-open'
import Boxes from 'lucide-solid/icons/boxes'
import Building2 from 'lucide-solid/icons/building'
import Gauge from 'lucide-solid/icons/gauge'
import RadioTower from 'lucide-solid/icons/radio-tower'
import ReceiptText from 'lucide-solid/icons/receipt-text'
import ScrollText from 'lucide-solid/icons/scroll-text'
import Settings from 'lucide-solid/icons/settings'
import Ticket from 'lucide-solid/icons/ticket-percent'
import Tag from 'lucide-solid/icons/tag'
import type { JSX } from 'solid-js'
import { For } from 'solid-js'
import { t } from '../i18n/language.ts'
import { paths, ROUTES } from '../paths.ts'

type PageName =
  'overview' | 'resources' | 'agents' | 'prices' | 'coupons' | 'invoices' | 'accounts' | 'audit' | 'settings'
interface Destination {
  name: PageName
  path: string
  /** after `g` */
  key: string
  icon: () => JSX.Element
}

const OPERATE: Destination[] = [
  { name: 'overview', path: ROUTES.overview, key: 'o', icon: () => <Gauge size={17} /> },
  { name: 'resources', path: ROUTES.resources, key: 'r', icon: () => <Boxes size={17} /> },
  { name: 'agents', path: ROUTES.agents, key: 's', icon: () => <RadioTower size={17} /> },
]
const BILL: Destination[] = [
  { name: 'prices', path: ROUTES.prices, key: 'p', icon: () => <Tag size={17} /> },
  { name: 'coupons', path: ROUTES.coupons, key: 'c', icon: () => <Ticket size={17} /> },
  { name: 'invoices', path: ROUTES.invoices, key: 'i', icon: () => <ReceiptText size={17} /> },
  { name: 'accounts', path: ROUTES.accounts, key: 'a', icon: () => <Building2 size={17} /> },
]
const ADMINISTER: Destination[] = [
  { name: 'audit', path: ROUTES.audit, key: 'h', icon: () => <ScrollText size={17} /> },
  { name: 'settings', path: ROUTES.settings, key: ',', icon: () => <Settings size={17} /> },
]
export const DESTINATIONS: readonly Destination[] = [...OPERATE, ...BILL, ...ADMINISTER]

const itemClass =
  'flex h-8 items-center gap-2.5 rounded-lg px-2.5 text-sm text-muted transition-colors hover:bg-hover hover:text-text'
const activeClass = 'bg-accent-soft !text-accent-text font-medium'

const Item = (props: { to: Destination; onGo?: () => void }) => (
  <A
    href={props.to.path}
    end={props.to.path === '/'}
    class={itemClass}
    activeClass={activeClass}
    onClick={() => props.onGo?.()}
  >
    {props.to.icon()}
    {t(`nav.${props.to.name}`)}
  </A>
)

const Group = (props: { title: string; items: Destination[]; onGo?: () => void }) => (
  <div>
    <h2 class="mb-1 px-2.5 text-xs font-medium text-faint">{props.title}</h2>
    <ul class="m-0 flex list-none flex-col gap-0.5 p-0">
      <For each={props.items}>
        {(item) => (
          <li>
            <Item to={item} onGo={props.onGo} />
          </li>
        )}
      </For>
    </ul>
  </div>
)

export const Navigation = (props: { onGo?: () => void }) => (
  <nav aria-label={t('nav.label')} class="flex flex-col gap-5">
    <Group title={t('nav.operate')} items={OPERATE} onGo={props.onGo} />
    <Group title={t('nav.bill')} items={BILL} onGo={props.onGo} />
    <ul class="m-0 flex list-none flex-col gap-0.5 border-t border-line p-0 pt-4">
      <For each={ADMINISTER}>
        {(item) => (
          <li>
            <Item to={item} onGo={props.onGo} />
          </li>
        )}
      </For>
      <li>
        <a href={paths.apiReference} rel="external" target="_blank" class={itemClass}>
          <BookOpen size={17} />
          {t('nav.api')}
        </a>
      </li>
    </ul>
  </nav>
)
