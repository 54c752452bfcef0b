/** Who changed an object, and what: the newest records of the audit about it. */
import { A } from '@solidjs/router'
import { useInfiniteQuery } from '@tanstack/solid-query'
import { Show } from 'solid-js'
import { t } from '../i18n/language.ts'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'
import { AuditRecords } from './audit-record.tsx'
import { Load } from './load.tsx'
import { createMay } from './may.ts'
import { Section } from './page.tsx'

const SHOWN = 10

interface Props {
  /** one object, or all that concerns an account */
  of: { subject_kind: string; subject_id: string } | { account_id: string }
  class?: string
}

/** Nothing for whoever may not see the audit. */
export function ChangeHistory(props: Props) {
  const may = createMay()
  return (
    <Show when={!may('audit.read').disabled}>
      <History {...props} />
    </Show>
  )
}

function History(props: Props) {
  const query = useInfiniteQuery(() => queries.audit(props.of, SHOWN))
  return (
    <Section
      title={t('audit.history')}
      lead={t('audit.history_lead')}
      class={props.class ?? ''}
      actions={
        <A href={paths.audit(props.of)} class="link text-[0.8125rem]">
          {t('audit.see_all')}
        </A>
      }
    >
      <Load query={query}>
        {(data) => (
          <Show
            when={data().pages[0]?.items.length}
            fallback={<p class="m-0 px-4 py-6 text-center text-sm text-muted">{t('audit.history_empty')}</p>}
          >
            <AuditRecords records={data().pages[0]?.items ?? []} withSubject={'account_id' in props.of} />
          </Show>
        )}
      </Load>
    </Section>
  )
}
