/** The pages about hardware, side by side. */
import { A } from '@solidjs/router'
import { For } from 'solid-js'
import { t } from '../i18n/language.ts'
import { ROUTES } from '../paths.ts'

export const HardwareTabs = () => (
  <nav aria-label={t('hardware.title')} class="mb-4 flex gap-1 overflow-x-auto border-b border-line">
    <For each={['hardware', 'racks'] as const}>
      {(tab) => (
        <A
          href={ROUTES[tab]}
          end
          class="-mb-px border-b-2 border-transparent px-3 py-2 text-sm whitespace-nowrap text-muted hover:text-text"
          activeClass="!border-accent font-medium !text-text"
        >
          {t(`hardware.tab_${tab}`)}
        </A>
      )}
    </For>
  </nav>
)
