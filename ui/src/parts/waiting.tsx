/** On the overview: how much waits for a person in each queue, each a link to it; nothing where nothing waits. */
import { A } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import { For, Show } from 'solid-js'
import type { QueueCounts } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

const QUEUES = ['unrated', 'unowned', 'parked', 'blocked', 'mails'] as const satisfies (keyof QueueCounts)[]

export function Waiting() {
  const query = useQuery(() => queries.queueCounts())
  const waiting = () =>
    query.status === 'success'
      ? QUEUES.flatMap((name) => (query.data[name] > 0 ? [[name, query.data[name]] as const] : []))
      : []
  return (
    <Show when={waiting().length > 0}>
      <section class="card mb-4 px-4 py-3" aria-label={t('queues.title')}>
        <h2 class="mb-2 text-sm font-semibold">{t('queues.title')}</h2>
        <ul class="m-0 flex list-none flex-wrap gap-x-6 gap-y-2 p-0">
          <For each={waiting()}>
            {([name, count]) => (
              <li>
                <A href={`${paths.queues}?queue=${name}`} class="rounded text-sm text-link">
                  <span class="tabular font-semibold">{say.decimal(count)}</span> {t(`queues.${name}`)}
                </A>
              </li>
            )}
          </For>
        </ul>
      </section>
    </Show>
  )
}
