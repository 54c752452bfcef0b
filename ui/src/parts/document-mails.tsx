/** How a document went by mail, beside it; and sending it. */
import { useInfiniteQuery } from '@tanstack/solid-query'
import Mail from 'lucide-solid/icons/mail'
import { createSignal, Show } from 'solid-js'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { queries } from '../queries.ts'
import { Load } from './load.tsx'
import { MailTable, SendConfirm } from './mail-table.tsx'
import { createMay } from './may.ts'
import { Section } from './page.tsx'

export function SendButton(props: { invoice_id: string }) {
  const may = createMay()
  const [asked, setAsked] = createSignal(false)
  return (
    <>
      <Button icon={<Mail size={16} />} onClick={() => setAsked(true)} {...may('billing.write')}>
        {t('mails.send')}
      </Button>
      <Show when={asked()}>
        <SendConfirm invoice_id={props.invoice_id} onClose={() => setAsked(false)} />
      </Show>
    </>
  )
}

export function DocumentMails(props: { invoice_id: string }) {
  const query = useInfiniteQuery(() => queries.mails({ subject_id: props.invoice_id }))
  return (
    <Section title={t('mails.title')}>
      <Load query={query}>
        {(data) => {
          const mails = () => data().pages.flatMap((page) => page.items)
          return (
            <Show
              when={mails().length > 0}
              fallback={<p class="m-0 px-4 py-4 text-sm text-muted">{t('mails.never')}</p>}
            >
              <MailTable mails={mails()} withDocument={false} />
            </Show>
          )
        }}
      </Load>
    </Section>
  )
}
