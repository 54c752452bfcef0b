/** One's own settings: name and e-mail, password, second factor, passkeys, sessions. */
import { useQuery } from '@tanstack/solid-query'
import UserRound from 'lucide-solid/icons/user-round'
import { Show } from 'solid-js'
import { t } from '../i18n/language.ts'
import { EmptyState } from '../kit/empty.tsx'
import { Load } from '../parts/load.tsx'
import { Page } from '../parts/page.tsx'
import { MyData } from '../parts/my-data.tsx'
import { Passkeys } from '../parts/passkeys.tsx'
import { PasswordSection } from '../parts/password-section.tsx'
import { PersonSection } from '../parts/person-section.tsx'
import { SecondFactor } from '../parts/second-factor.tsx'
import { Sessions } from '../parts/sessions.tsx'
import { SettingsTabs } from '../parts/settings-tabs.tsx'
import { queries } from '../queries.ts'

export default function Profile() {
  const query = useQuery(() => queries.profile())
  return (
    <Page title={t('profile.title')} above={<SettingsTabs />} curl={['/me']}>
      <Load query={query}>
        {(data) => (
          <Show
            when={data().person}
            fallback={
              <EmptyState icon={<UserRound size={20} />} title={t('profile.nobody')} text={t('profile.nobody_text')} />
            }
          >
            {(person) => (
              <div class="grid items-start gap-4 lg:grid-cols-2">
                <div class="flex min-w-0 flex-col gap-4">
                  <PersonSection name={person().name} email={person().email} />
                  <PasswordSection />
                </div>
                <div class="flex min-w-0 flex-col gap-4">
                  <SecondFactor isOn={data().totp} />
                  <Passkeys passkeys={data().passkeys} />
                </div>
                <div class="min-w-0 lg:col-span-2">
                  <Sessions sessions={data().sessions} />
                </div>
                <div class="min-w-0 lg:col-span-2">
                  <MyData />
                </div>
              </div>
            )}
          </Show>
        )}
      </Load>
    </Page>
  )
}
