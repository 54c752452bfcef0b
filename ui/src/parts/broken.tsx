/** What stands in the place of a page that broke while it was drawn. */
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/empty.tsx'

export const Broken = (props: { error: unknown; address: string; onRetry: () => void }) => (
  <div class="mx-auto max-w-2xl px-4 py-16">
    <Failure
      title={t('error.broke')}
      detail={props.error instanceof Error ? props.error.message : String(props.error)}
      remedy={t('error.unexpected.remedy')}
      requestId={props.address}
      action={<Button onClick={() => props.onRetry()}>{t('common.retry')}</Button>}
    />
  </div>
)
