/** The pages of settings, side by side: of the installation or of the account, of its people, and one's own. */
import { A } from '@solidjs/router'
import { For } from 'solid-js'
import { t } from '../i18n/language.ts'
import { ROUTES } from '../paths.ts'
import { createTenant } from './tenant.ts'

export function SettingsTabs() {
  const tenant = createTenant()
  const tabs = () => [
    { path: ROUTES.settings, label: tenant.account() ? t('my.account') : t('settings.tab_settings') },
    ...(tenant.has('people.read') ? [{ path: ROUTES.people, label: t('settings.tab_people') }] : []),
    { path: ROUTES.profile, label: t('settings.tab_profile') },
  ]
  return (
    <nav aria-label={t('settings.title')} class="mb-4 flex gap-1 overflow-x-auto border-b border-line">
      <For each={tabs()}>
        {(tab) => (
          <A
            href={tab.path}
            end
            class="-mb-px border-b-2 border-transparent px-3 py-2 text-sm whitespace-nowrap text-muted hover:text-text"
            activeClass="!border-accent font-medium !text-text"
          >
            {tab.label}
          </A>
        )}
      </For>
    </nav>
  )
}
