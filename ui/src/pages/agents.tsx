/** Agents and the sources they read. */
import { useSearchParams } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import Plug from 'lucide-solid/icons/plug'
import Plus from 'lucide-solid/icons/plus'
import RadioTower from 'lucide-solid/icons/radio-tower'
import { Show } from 'solid-js'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { CopyLine } from '../kit/copy.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { AgentTable } from '../parts/agent-table.tsx'
import { AgentTabs } from '../parts/agent-tabs.tsx'
import { curlLine } from '../parts/curl.tsx'
import { EnrolDialog } from '../parts/enrol-dialog.tsx'
import { Load } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { Page, Section } from '../parts/page.tsx'
import { SourceDialog } from '../parts/source-dialog.tsx'
import { SourceTable } from '../parts/source-table.tsx'
import { queries } from '../queries.ts'

export default function Agents() {
  const [search, setSearch] = useSearchParams()
  const may = createMay()
  const agents = useQuery(() => queries.agents())
  const sources = useQuery(() => queries.sources())
  const open = (name: 'enrol' | 'add') => () => setSearch({ [name]: '1' })
  const close = () => setSearch({ enrol: undefined, add: undefined }, { replace: true })
  return (
    <Page
      title={t('agents.title')}
      curl={['/agents', '/sources', '/connectors']}
      actions={
        <>
          <Button icon={<Plus size={16} />} onClick={open('add')} {...may('agents.write')}>
            {t('sources.add')}
          </Button>
          <Button variant="primary" icon={<Plus size={16} />} onClick={open('enrol')} {...may('agents.write')}>
            {t('agents.enrol')}
          </Button>
        </>
      }
    >
      <AgentTabs />
      <div class="flex flex-col gap-4">
        <Section title={t('agents.agents')}>
          <Load query={agents}>
            {(data) => (
              <Show when={data().items.length > 0} fallback={<NoAgent onAdd={open('enrol')} />}>
                <AgentTable agents={data().items} />
              </Show>
            )}
          </Load>
        </Section>
        <Section title={t('agents.sources')}>
          <Load query={sources}>
            {(data) => (
              <Show when={data().items.length > 0} fallback={<NoSource onAdd={open('add')} />}>
                <SourceTable sources={data().items} />
              </Show>
            )}
          </Load>
        </Section>
      </div>
      <Show when={search['enrol']}>
        <EnrolDialog onClose={close} />
      </Show>
      <Show when={search['add']}>
        <SourceDialog onClose={close} />
      </Show>
    </Page>
  )
}

const NoAgent = (props: { onAdd: () => void }) => (
  <EmptyState
    icon={<RadioTower size={20} />}
    title={t('agents.empty')}
    text={t('agents.empty_text')}
    action={
      <Button variant="primary" onClick={() => props.onAdd()}>
        {t('agents.enrol')}
      </Button>
    }
  >
    <CopyLine
      label={t('common.copy_as_curl')}
      labels={{ copy: t('common.copy'), copied: t('common.copied') }}
      text={curlLine('/enrolments', {})}
    />
  </EmptyState>
)

const NoSource = (props: { onAdd: () => void }) => (
  <EmptyState
    icon={<Plug size={20} />}
    title={t('sources.empty')}
    text={t('sources.empty_text')}
    action={<Button onClick={() => props.onAdd()}>{t('sources.add')}</Button>}
  >
    <CopyLine
      label={t('common.copy_as_curl')}
      labels={{ copy: t('common.copy'), copied: t('common.copied') }}
      text={curlLine('/sources', { agent: 'web-01', connector: 'host', realm: 'web-01' })}
    />
  </EmptyState>
)
