/** What a source last said, asked of its agent when a person wants to see it. */
import { createSignal, For, Show } from 'solid-js'
import { api, type SourcePayload as Payload } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { Button } from '../kit/button.tsx'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'
import { failureText } from './notice-text.ts'
import { Section } from './page.tsx'

export function SourcePayload(props: { id: string }) {
  const [found, setFound] = createSignal<Payload>()
  const asking = createSubmit({ run: () => api.sourcePayload(props.id), onDone: setFound })
  return (
    <Section
      title={t('sources.payload')}
      lead={t('sources.payload_lead')}
      actions={
        <Button size="small" busy={asking.busy()} onClick={() => void asking.submit(undefined)}>
          {found() ? t('sources.payload_again') : t('sources.payload_show')}
        </Button>
      }
    >
      <div class="flex flex-col gap-2 px-4 py-3 text-sm">
        <Show when={asking.error()}>{(error) => <ProblemNote error={error()} />}</Show>
        <Show when={found()} fallback={<p class="m-0 text-muted">{t('sources.payload_text')}</p>}>
          {(payload) => (
            <Show
              when={payload().error}
              fallback={
                <>
                  <Show when={payload().backlog}>
                    {(waiting) => (
                      <p class="m-0 text-muted">
                        {t('sources.backlog')}: {t('sources.backlog_now', waiting().batches)}
                        {waiting().batches > 0 ? `, ${say.bytes(waiting().bytes)}` : ''}
                      </p>
                    )}
                  </Show>
                  <Said payload={payload()} />
                </>
              }
            >
              {(error) => (
                <p role="alert" class="m-0">
                  <span class="font-medium text-bad">{failureText(error()).message}</span> {failureText(error()).remedy}
                </p>
              )}
            </Show>
          )}
        </Show>
      </div>
    </Section>
  )
}

const FACTS = ['snapshot', 'unchanged', 'event', 'readings', 'health', 'gap'] as const
/** An agent that is newer than this page may tell others. */
function factText(type: string): string {
  const known = FACTS.find((one) => one === type)
  return known ? t(`sources.payload_facts.${known}`) : type
}

const Said = (props: { payload: Payload }) => (
  <Show when={props.payload.seen_at} fallback={<p class="m-0 text-muted">{t('sources.payload_none')}</p>}>
    {(at) => (
      <>
        <p class="m-0 flex flex-wrap items-center gap-2">
          <span class="tabular">{say.preciseInstant(at())}</span>
          <For each={Object.entries(props.payload.facts)}>
            {([type, count]) => (
              <Badge tone="idle">
                {factText(type)}: {say.decimal(count)}
              </Badge>
            )}
          </For>
        </p>
        <pre
          tabindex="0"
          aria-label={t('sources.payload')}
          class="m-0 max-h-96 overflow-auto rounded-lg border border-line bg-sunken p-3 font-mono text-xs"
        >
          {JSON.stringify(props.payload.payload, null, 2)}
        </pre>
        <Show when={props.payload.left_out > 0}>
          <p class="m-0 text-[0.8125rem] text-muted">{t('sources.payload_left_out', props.payload.left_out)}</p>
        </Show>
      </>
    )}
  </Show>
)
