/** Releases of the agent, and how they come to the agents. */
import { useSearchParams } from '@solidjs/router'
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import PackageIcon from 'lucide-solid/icons/package'
import Rocket from 'lucide-solid/icons/rocket'
import Upload from 'lucide-solid/icons/upload'
import { createSignal, For, Show } from 'solid-js'
import type { AgentRelease } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { CopyLine } from '../kit/copy.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { tell } from '../kit/toast.tsx'
import { AgentTabs } from '../parts/agent-tabs.tsx'
import { Load } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { Page, Section } from '../parts/page.tsx'
import { ReleaseTable } from '../parts/release-table.tsx'
import { RolloutCard } from '../parts/rollout-card.tsx'
import { RolloutDialog } from '../parts/rollout-dialog.tsx'
import { UploadRelease } from '../parts/upload-release.tsx'
import { queries } from '../queries.ts'

const SIGN = 'bun run release -- sign dist/atalaya-agent --key release.key'

export default function Rollouts() {
  const [search, setSearch] = useSearchParams()
  const client = useQueryClient()
  const may = createMay()
  const releases = useQuery(() => queries.releases())
  const rollouts = useQuery(() => queries.rollouts())
  const updates = useQuery(() => queries.agentUpdates())
  const [starting, setStarting] = createSignal<AgentRelease | null>(null)
  const known = () => (releases.status === 'success' ? (releases.data?.items ?? []) : [])
  const agents = () => (updates.status === 'success' ? (updates.data?.items ?? []) : [])
  const close = () => setSearch({ upload: undefined }, { replace: true })
  const done = (text: string, ...keys: string[]) => {
    tell(text, 'ok', t('common.close'))
    for (const key of keys) void client.invalidateQueries({ queryKey: [key] })
  }
  const upload = () => (
    <Button
      variant="primary"
      icon={<Upload size={16} />}
      onClick={() => setSearch({ upload: '1' })}
      {...may('agents.write')}
    >
      {t('rollouts.upload')}
    </Button>
  )
  return (
    <Page
      title={t('agents.title')}
      lead={t('rollouts.lead')}
      curl={['/agent-releases', '/agent-rollouts', '/agents/updates']}
      actions={upload()}
    >
      <AgentTabs />
      <div class="flex flex-col gap-4">
        <Section title={t('rollouts.title')}>
          <Load query={rollouts}>
            {(data) => (
              <Show
                when={data().items.length > 0}
                fallback={
                  <EmptyState icon={<Rocket size={20} />} title={t('rollouts.empty')} text={t('rollouts.empty_text')} />
                }
              >
                <For each={data().items}>{(rollout) => <RolloutCard rollout={rollout} agents={agents()} />}</For>
              </Show>
            )}
          </Load>
        </Section>
        <Section title={t('rollouts.releases')} lead={t('rollouts.releases_lead')}>
          <Load query={releases}>
            {(data) => (
              <Show when={data().items.length > 0} fallback={<NoRelease action={upload()} />}>
                <ReleaseTable releases={data().items} onStart={setStarting} />
              </Show>
            )}
          </Load>
        </Section>
      </div>
      <Show when={search['upload']}>
        <UploadRelease
          known={known()}
          onClose={close}
          onDone={({ version }) => {
            done(t('rollouts.uploaded_done', { version }), 'releases')
            close()
          }}
        />
      </Show>
      <Show when={starting()} keyed>
        {(release) => (
          <RolloutDialog
            release={release}
            onClose={() => setStarting(null)}
            onDone={({ version }) => {
              done(t('rollouts.started_done', { version }), 'rollouts', 'agent-updates')
              setStarting(null)
            }}
          />
        )}
      </Show>
    </Page>
  )
}

const NoRelease = (props: { action: ReturnType<typeof Button> }) => (
  <EmptyState
    icon={<PackageIcon size={20} />}
    title={t('rollouts.releases_empty')}
    text={t('rollouts.releases_empty_text')}
    action={props.action}
  >
    <CopyLine
      label={t('rollouts.upload')}
      labels={{ copy: t('common.copy'), copied: t('common.copied') }}
      text={SIGN}
    />
  </EmptyState>
)
