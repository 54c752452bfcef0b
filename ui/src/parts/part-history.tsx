/** One part: where it was since anybody knew of it, newest first, and what people said, which may be taken back. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import { createSignal, For, Show } from 'solid-js'
import { hardwareApi, hardwareQueries, type PartEntry, type PartHistory, type PartNames } from '../hardware-api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Button } from '../kit/button.tsx'
import { Drawer } from '../kit/dialog.tsx'
import { tell } from '../kit/toast.tsx'
import { Confirm } from './confirm.tsx'
import { Load } from './load.tsx'
import { createMay } from './may.ts'
import { PartBadge, typeText, Where } from './part-table.tsx'
import { nameText } from './person-name.ts'

export function PartDrawer(props: { part: PartNames; onClose: () => void }) {
  const query = useQuery(() => hardwareQueries.part(props.part))
  const lead = () => {
    const part = query.status === 'success' ? query.data?.part : undefined
    return [typeText(props.part.type), part?.manufacturer, part?.model].filter(Boolean).join(' · ')
  }
  return (
    <Drawer open onClose={props.onClose} closeLabel={t('common.close')} title={props.part.serial} lead={lead()}>
      <Load query={query}>
        {(data) => (
          <div class="flex flex-col gap-6">
            <Steps history={data()} />
            <Entries history={data()} onGone={props.onClose} />
          </div>
        )}
      </Load>
    </Drawer>
  )
}

const Steps = (props: { history: PartHistory }) => (
  <section>
    <h3 class="mb-3 text-[0.8125rem] font-medium text-muted">{t('hardware.history')}</h3>
    <ol class="m-0 ml-1 list-none border-l border-line p-0 pl-4">
      <For each={props.history.steps.toReversed()}>
        {(step) => (
          <li class="flex flex-col gap-1 pb-5 last:pb-0">
            <div class="flex flex-wrap items-start gap-x-3 gap-y-1">
              <PartBadge state={step.state} />
              <Where of={step} />
            </div>
            <p class="tabular m-0 text-[0.8125rem] text-muted">
              {say.instant(step.from)} → {step.to === null ? t('resource.until_now') : say.instant(step.to)}
            </p>
          </li>
        )}
      </For>
    </ol>
    <Show when={props.history.part.silent_since}>
      {(at) => (
        <p class="m-0 mt-3 text-[0.8125rem] text-warn">{t('hardware.silent_text', { at: say.instant(at()) })}</p>
      )}
    </Show>
  </section>
)

/** `onGone`: nothing is known of the part any more. */
function Entries(props: { history: PartHistory; onGone: () => void }) {
  const client = useQueryClient()
  const may = createMay()
  const [undoing, setUndoing] = createSignal<PartEntry>()
  return (
    <section>
      <h3 class="mb-2 text-[0.8125rem] font-medium text-muted">{t('hardware.entries')}</h3>
      <ul class="m-0 list-none p-0">
        <For each={props.history.entries} fallback={<li class="text-muted">{t('hardware.entries_none')}</li>}>
          {(entry) => (
            <li class="flex flex-wrap items-start justify-between gap-2 border-b border-line py-2.5 last:border-0">
              <div class="min-w-0 flex-1">
                <p class="m-0">
                  {t(`hardware.state_${entry.state}`)}
                  <span class="text-muted"> {[entry.site, entry.place].filter(Boolean).join(' · ')}</span>
                </p>
                <p class="tabular m-0 text-[0.8125rem] text-muted">
                  {say.instant(entry.at)} · {nameText(entry.actor)}
                  <Show when={entry.note}> · {entry.note}</Show>
                </p>
              </div>
              <Button
                size="small"
                variant="ghost"
                aria-label={t('hardware.undo_of', {
                  state: t(`hardware.state_${entry.state}`),
                  at: say.instant(entry.at),
                })}
                onClick={() => setUndoing(entry)}
                {...may('agents.write')}
              >
                {t('hardware.undo')}
              </Button>
            </li>
          )}
        </For>
      </ul>
      <Show when={undoing()}>
        {(entry) => (
          <Confirm
            title={t('hardware.undo_title')}
            text={t('hardware.undo_text')}
            button={t('hardware.undo')}
            run={() => hardwareApi.withdrawPartEntry(entry().id)}
            onDone={() => {
              tell(t('hardware.undone'), 'ok', t('common.close'))
              setUndoing(undefined)
              const isGone = props.history.entries.length === 1 && props.history.part.resource_id === null
              if (isGone) props.onGone()
              void client.invalidateQueries({ queryKey: isGone ? ['parts', 'list'] : ['parts'] })
            }}
            onClose={() => setUndoing(undefined)}
          />
        )}
      </Show>
    </section>
  )
}
