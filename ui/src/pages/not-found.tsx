/** An address that leads nowhere. */
import { A } from '@solidjs/router'
import Compass from 'lucide-solid/icons/compass'
import { t } from '../i18n/language.ts'
import { buttonClass } from '../kit/button.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { Page } from '../parts/page.tsx'
import { paths } from '../paths.ts'

export const NotFound = () => (
  <Page title={t('error.page_missing')}>
    <div class="card">
      <EmptyState
        icon={<Compass size={20} />}
        title={t('error.page_missing')}
        text={t('error.page_missing_text')}
        action={
          <A href={paths.overview} class={buttonClass('primary')}>
            {t('nav.overview')}
          </A>
        }
      />
    </div>
  </Page>
)
