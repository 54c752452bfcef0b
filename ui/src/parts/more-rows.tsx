/** Under a list of which there is more: the next page of it, on demand. */
import { Show } from 'solid-js'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'

interface Props {
  query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => Promise<unknown> }
}
export const MoreRows = (props: Props) => (
  <Show when={props.query.hasNextPage}>
    <div class="border-t border-line p-3 text-center">
      <Button busy={props.query.isFetchingNextPage} onClick={() => void props.query.fetchNextPage()}>
        {t('queues.more')}
      </Button>
    </div>
  </Show>
)
