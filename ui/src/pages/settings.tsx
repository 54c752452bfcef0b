/** The company that sells, how this browser shows things, and what is installed. */
import { useQuery } from '@tanstack/solid-query'
import BookOpen from 'lucide-solid/icons/book-open'
import { Show } from 'solid-js'
import { t } from '../i18n/language.ts'
import { buttonClass } from '../kit/button.tsx'
import { LanguageChoice, ThemeChoice } from '../parts/appearance.tsx'
import { ApiKeys } from '../parts/api-keys.tsx'
import { Companies } from '../parts/company.tsx'
import { Load } from '../parts/load.tsx'
import { Page, Section } from '../parts/page.tsx'
import { roleName } from '../parts/role-options.ts'
import { SessionSettings } from '../parts/session-settings.tsx'
import { SettingsTabs } from '../parts/settings-tabs.tsx'
import { createTenant } from '../parts/tenant.ts'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

export default function Settings() {
  const entities = useQuery(() => queries.legalEntities())
  const tenant = createTenant()
  const session = useQuery(() => queries.session())
  return (
    <Page title={t('settings.title')} above={<SettingsTabs />} curl={['/legal-entities', '/session', '/api-keys']}>
      <div class="grid items-start gap-4 lg:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
        <div class="flex min-w-0 flex-col gap-4">
          <Load query={entities}>{(data) => <Companies entities={data().items} />}</Load>
          <ApiKeys />
        </div>
        <div class="flex flex-col gap-4">
          <Section title={t('settings.appearance')}>
            <div class="flex flex-col gap-4 p-4">
              <ThemeChoice />
              <LanguageChoice />
            </div>
          </Section>
          <Show when={tenant.has('installation.write')}>
            <SessionSettings />
          </Show>
          <Section title={t('settings.api')}>
            <div class="flex flex-col items-start gap-3 p-4">
              <p class="m-0 text-muted">{t('settings.api_text')}</p>
              <a href={paths.apiReference} rel="external" target="_blank" class={buttonClass()}>
                <BookOpen size={16} />
                {t('settings.api_open')}
              </a>
            </div>
          </Section>
          <Section title={t('settings.installation')}>
            <Load query={session}>
              {(data) => (
                <dl class="m-0 grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1.5 p-4 text-[0.8125rem]">
                  <dt class="text-muted">{t('settings.signed_in_as')}</dt>
                  <dd class="m-0">{data().actor.name}</dd>
                  <dt class="text-muted">{t('api_keys.role')}</dt>
                  <dd class="m-0">{roleName(data())}</dd>
                  <dt class="text-muted">{t('settings.version')}</dt>
                  <dd class="tabular m-0">{data().version}</dd>
                  <dt class="text-muted">{t('settings.installation_id')}</dt>
                  <dd class="m-0 font-mono text-xs leading-5 break-all">{data().installation_id}</dd>
                </dl>
              )}
            </Load>
          </Section>
        </div>
      </div>
    </Page>
  )
}
