/** One source: how it is doing, what it last said, what was decided of its settings, and a replay of what it told. */
import { A, useNavigate, useParams, useSearchParams } from '@solidjs/router'
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import Pause from 'lucide-solid/icons/pause'
import Play from 'lucide-solid/icons/play'
import Settings2 from 'lucide-solid/icons/settings-2'
import Trash2 from 'lucide-solid/icons/trash'
import type { JSX } from 'solid-js'
import { createSignal, For, Show } from 'solid-js'
import { api, type Kind, type SourceDetail } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { Button, IconButton } from '../kit/button.tsx'
import { tell } from '../kit/toast.tsx'
import { BackLink } from '../parts/back.tsx'
import { Confirm } from '../parts/confirm.tsx'
import { ChangeHistory } from '../parts/history.tsx'
import { Load } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { Page, Section } from '../parts/page.tsx'
import { SourceDialog } from '../parts/source-dialog.tsx'
import { SourceErrors } from '../parts/source-errors.tsx'
import { SourcePayload } from '../parts/source-payload.tsx'
import { SourceReplay } from '../parts/source-replay.tsx'
import { createPause, Lag, SourceError, sourceName, SourceState } from '../parts/source-state.tsx'
import { SourceVersions } from '../parts/source-versions.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

export default function SourcePage() {
  const params = useParams()
  const id = () => params['id'] ?? ''
  const query = useQuery(() => queries.source(id()))
  const source = () => (query.status === 'success' ? query.data : undefined)
  const title = () => {
    const known = source()
    return known ? sourceName(known) : t('sources.console')
  }
  return (
    <Page
      title={title()}
      above={<BackLink href={paths.sources} label={t('agents.sources')} />}
      lead={
        <Show when={source()}>
          {(one) => (
            <span class="flex flex-wrap gap-x-3 gap-y-1">
              <SourceState state={one().state} />
              <span>
                {t('sources.agent')}: {one().agent_name}
              </span>
            </span>
          )}
        </Show>
      }
      curl={[`/sources/${id()}`, `/sources/${id()}/versions`, `/sources/${id()}/payload`]}
      actions={<Show when={source()}>{(one) => <Actions source={one()} />}</Show>}
    >
      <Load query={query}>
        {(data) => (
          <div class="flex flex-col gap-4">
            <Show when={data().paused_at}>
              {(at) => (
                <p class="m-0 rounded-xl border border-line bg-sunken px-4 py-3 text-sm">
                  {t('sources.paused_since', { at: say.instant(at()) })}
                </p>
              )}
            </Show>
            <Show when={data().error}>{(error) => <SourceError error={error()} />}</Show>
            <div class="grid items-start gap-4 lg:grid-cols-2">
              <Doing source={data()} />
              <SourceErrors errors={data().errors} />
            </div>
            <SourceReplay source={data()} />
            <SourcePayload id={data().id} />
            <SourceVersions source={data()} />
            <ChangeHistory of={{ subject_kind: 'source', subject_id: data().id }} />
          </div>
        )}
      </Load>
    </Page>
  )
}

function Actions(props: { source: SourceDetail }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const may = createMay()
  const setPaused = createPause()
  const [search, setSearch] = useSearchParams()
  const [pausing, setPausing] = createSignal(false)
  const [removing, setRemoving] = createSignal(false)
  const isPaused = () => props.source.paused_at !== null
  const turn = async () => {
    setPausing(true)
    await setPaused(props.source, !isPaused())
    setPausing(false)
  }
  return (
    <>
      <Button
        icon={isPaused() ? <Play size={16} /> : <Pause size={16} />}
        busy={pausing()}
        onClick={() => void turn()}
        {...may('agents.write')}
      >
        {isPaused() ? t('sources.resume') : t('sources.pause')}
      </Button>
      <Button icon={<Settings2 size={16} />} onClick={() => setSearch({ change: '1' })} {...may('agents.write')}>
        {t('sources.change')}
      </Button>
      <IconButton label={t('common.remove')} onClick={() => setRemoving(true)} {...may('agents.write')}>
        <Trash2 size={16} />
      </IconButton>
      <Show when={search['change']}>
        <SourceDialog source={props.source} onClose={() => setSearch({ change: undefined }, { replace: true })} />
      </Show>
      <Show when={removing()}>
        <Confirm
          title={t('sources.remove_title', { name: sourceName(props.source) })}
          text={t('sources.remove_text')}
          button={t('common.remove')}
          run={() => api.removeSource(props.source.id)}
          onClose={() => setRemoving(false)}
          onDone={() => {
            tell(t('sources.removed_done', { name: sourceName(props.source) }), 'ok', t('common.close'))
            void client.invalidateQueries({ queryKey: ['sources'] })
            navigate(paths.sources)
          }}
        />
      </Show>
    </>
  )
}

const Fact = (props: { name: string; children: JSX.Element }) => (
  <>
    <dt class="text-muted">{props.name}</dt>
    <dd class="m-0 min-w-0 break-words">{props.children}</dd>
  </>
)

const Doing = (props: { source: SourceDetail }) => (
  <Section title={t('sources.doing')}>
    <dl class="m-0 grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1.5 px-4 py-3 text-sm">
      <Fact name={t('sources.connector')}>
        {props.source.connector_title ?? props.source.connector}{' '}
        {props.source.vendor_version ?? props.source.connector_version}
      </Fact>
      <Fact name={t('sources.last_ok')}>
        <Show when={props.source.last_ok_at} fallback={t('common.never')}>
          {(at) => say.preciseInstant(at())}
        </Show>
      </Fact>
      <Fact name={t('sources.lag')}>
        <Lag lag_ms={props.source.lag_ms} />
      </Fact>
      <Show when={props.source.duration_ms !== null}>
        <Fact name={t('sources.duration')}>{say.duration(props.source.duration_ms ?? 0)}</Fact>
      </Show>
      <Fact name={t('sources.interval')}>{say.duration(props.source.interval_ms)}</Fact>
      <Fact name={t('sources.clock')}>
        <Show when={props.source.clock_skewed} fallback={t('agents.clock_ok')}>
          <Badge tone="warn">
            {t('agents.clock_off', { by: say.duration(Math.abs(props.source.clock_offset_ms ?? 0)) })}
          </Badge>
        </Show>
      </Fact>
      <Show when={props.source.backlog_bytes !== null}>
        <Fact name={t('sources.backlog')}>
          {props.source.backlog_bytes ? say.bytes(props.source.backlog_bytes) : t('agents.spool_empty')}{' '}
          <span class="text-muted">({t('sources.backlog_hint')})</span>
        </Fact>
      </Show>
      <Fact name={t('sources.resources')}>
        <Show when={props.source.resources.length > 0} fallback="–">
          <ul class="m-0 list-none p-0">
            <For each={props.source.resources}>
              {({ kind, count }) => (
                <li>
                  <A class="link tabular" href={paths.resources({ source_id: props.source.id, kind: kind as Kind })}>
                    {t(`kind.${kind as Kind}`)} {say.decimal(count)}
                  </A>
                </li>
              )}
            </For>
          </ul>
        </Show>
      </Fact>
      <Fact name={t('sources.created')}>{say.instant(props.source.created_at)}</Fact>
    </dl>
  </Section>
)
