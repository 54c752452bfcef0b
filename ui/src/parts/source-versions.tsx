/** What was decided of a source's settings: who, when, what differs, and the way back to any of it. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import { createSignal, For, Show } from 'solid-js'
import { api, type SourceDetail, type SourceVersion } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { Button } from '../kit/button.tsx'
import { tell } from '../kit/toast.tsx'
import { queries } from '../queries.ts'
import { Confirm } from './confirm.tsx'
import { Load } from './load.tsx'
import { createMay } from './may.ts'
import { Section } from './page.tsx'
import { nameText } from './person-name.ts'

export function SourceVersions(props: { source: SourceDetail }) {
  const client = useQueryClient()
  const may = createMay()
  const query = useQuery(() => queries.sourceVersions(props.source.id))
  const [back, setBack] = createSignal<SourceVersion | null>(null)
  return (
    <Section title={t('sources.versions')} lead={t('sources.versions_lead')}>
      <Load query={query}>
        {(data) => (
          <ol class="m-0 list-none p-0">
            <For each={data().items}>
              {(version, index) => (
                <li class="border-b border-line px-4 py-2.5 text-sm last:border-b-0">
                  <div class="flex flex-wrap items-center gap-x-3 gap-y-1">
                    <time class="tabular" datetime={version.decided_at}>
                      {say.instant(version.decided_at)}
                    </time>
                    <span class="min-w-0 break-words text-muted">
                      {t('overview.by', { actor: nameText(version.by.name) })}
                    </span>
                    <span class="ml-auto">
                      <Show when={index() > 0} fallback={<Badge tone="accent">{t('sources.version_current')}</Badge>}>
                        <Button size="small" onClick={() => setBack(version)} {...may('agents.write')}>
                          {t('sources.version_back')}
                        </Button>
                      </Show>
                    </span>
                  </div>
                  <Differences version={version} />
                </li>
              )}
            </For>
          </ol>
        )}
      </Load>
      <Show when={back()} keyed>
        {(version) => (
          <Confirm
            title={t('sources.version_back_title', { at: say.instant(version.decided_at) })}
            text={t('sources.version_back_text')}
            button={t('sources.version_back')}
            run={() =>
              api.changeSource(props.source.id, { settings: version.settings, interval_ms: version.interval_ms })
            }
            onClose={() => setBack(null)}
            onDone={() => {
              tell(t('sources.version_back_done', { at: say.instant(version.decided_at) }), 'ok', t('common.close'))
              setBack(null)
              for (const key of ['sources', 'audit']) void client.invalidateQueries({ queryKey: [key] })
            }}
          />
        )}
      </Show>
    </Section>
  )
}

const textOf = (value: unknown): string =>
  value === null ? '–' : typeof value === 'string' ? value : JSON.stringify(value)

const Differences = (props: { version: SourceVersion }) => (
  <>
    <Show when={props.version.changes.length === 0 && props.version.secrets_changed.length === 0}>
      <p class="m-0 text-[0.8125rem] text-muted">{t('sources.version_first')}</p>
    </Show>
    <dl class="m-0 mt-0.5 grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 gap-y-0.5 font-mono text-xs leading-5">
      <For each={props.version.changes}>
        {(change) => (
          <>
            <dt class="text-muted">{change.field}</dt>
            <dd class="m-0 min-w-0 break-all">
              <span class="sr-only">{t('audit.before')}: </span>
              <del class="text-muted">{textOf(change.before)}</del> → <span class="sr-only">{t('audit.after')}: </span>
              <ins class="no-underline">{textOf(change.after)}</ins>
            </dd>
          </>
        )}
      </For>
    </dl>
    <Show when={props.version.secrets_changed.length > 0}>
      <p class="m-0 text-[0.8125rem] text-muted">
        {t('sources.version_secret', { names: props.version.secrets_changed.join(', ') })}
      </p>
    </Show>
  </>
)
