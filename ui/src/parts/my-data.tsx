/** What is held about oneself: a file of it, and the way to have it erased. */
import { createSignal, Show } from 'solid-js'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { paths } from '../paths.ts'
import { DataLink, ErasureDialog } from './erasure-dialog.tsx'
import { Section } from './page.tsx'

export function MyData() {
  const [erasing, setErasing] = createSignal(false)
  return (
    <Section title={t('erasure.my_data')}>
      <div class="flex flex-col gap-4 p-4">
        <p class="m-0 text-sm text-pretty text-muted">{t('erasure.my_data_lead')}</p>
        <div class="flex flex-wrap items-center gap-2">
          <DataLink person_id={null} />
          <Button variant="danger" onClick={() => setErasing(true)}>
            {t('erasure.title_own')}
          </Button>
        </div>
      </div>
      <Show when={erasing()}>
        <ErasureDialog
          person_id={null}
          onClose={() => setErasing(false)}
          // a whole load: nothing that was read stays in memory
          onDone={() => location.assign(paths.signIn())}
        />
      </Show>
    </Section>
  )
}
