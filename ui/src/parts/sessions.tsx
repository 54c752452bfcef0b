/** Where one is signed in, and ending that. */
import { useQueryClient } from '@tanstack/solid-query'
import { Show } from 'solid-js'
import { api, type Profile } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { Button } from '../kit/button.tsx'
import { createNow } from '../kit/clock.ts'
import { Table, type TableColumn } from '../kit/table.tsx'
import { tell } from '../kit/toast.tsx'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'
import { Section } from './page.tsx'

type One = Profile['sessions'][number]

/** "Chrome · Linux" of a browser's own long description. */
export function browserName(agent: string): string {
  const program = /Firefox|Edg|OPR|Chrome|Safari/.exec(agent)?.[0] ?? agent.split(/[\s/]/)[0] ?? ''
  const system = /Windows|Android|iPhone|iPad|Mac OS X|Linux/.exec(agent)?.[0]
  const name = { Edg: 'Edge', OPR: 'Opera' }[program] ?? program
  return system ? `${name} · ${system}` : name
}

export function Sessions(props: { sessions: One[] }) {
  const client = useQueryClient()
  const now = createNow()
  const end = createSubmit({
    run: (id: string) => api.revokeSession(id),
    onDone: () => {
      tell(t('sessions.ended'), 'ok', t('common.close'))
      void client.invalidateQueries({ queryKey: ['profile'] })
    },
  })
  const columns = (): TableColumn<One>[] => [
    {
      id: 'browser',
      header: t('sessions.browser'),
      cell: (row) => (
        <span class="flex flex-wrap items-center gap-2 font-medium">
          <span title={row.browser}>{browserName(row.browser) || t('common.unknown')}</span>
          <Show when={row.current}>
            <Badge tone="accent">{t('sessions.current')}</Badge>
          </Show>
        </span>
      ),
    },
    { id: 'address', header: t('sessions.address'), class: 'font-mono text-xs', cell: (row) => row.address },
    {
      id: 'opened',
      header: t('sessions.opened'),
      class: 'whitespace-nowrap',
      wideOnly: true,
      cell: (row) => say.instant(row.created_at),
    },
    {
      id: 'used',
      header: t('api_keys.used'),
      class: 'whitespace-nowrap',
      cell: (row) => <span title={say.preciseInstant(row.last_used_at)}>{say.relative(row.last_used_at, now())}</span>,
    },
    {
      id: 'actions',
      header: t('common.actions'),
      hideHeader: true,
      class: 'text-right',
      cell: (row) => (
        <Show when={!row.current}>
          <Button size="small" busy={end.busy()} onClick={() => void end.submit(row.id)}>
            {t('sessions.end')}
          </Button>
        </Show>
      ),
    },
  ]
  return (
    <Section title={t('sessions.title')}>
      <Show when={end.error()}>
        {(problem) => (
          <div class="p-4">
            <ProblemNote error={problem()} />
          </div>
        )}
      </Show>
      <Table label={t('sessions.title')} columns={columns()} rows={props.sessions} />
    </Section>
  )
}
