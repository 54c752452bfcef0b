/** Projects as choices: a filter over what lies in them, and to which of them somebody is narrowed. */
import { useQuery } from '@tanstack/solid-query'
import { For, Show } from 'solid-js'
import type { Account } from '../api.ts'
import { t } from '../i18n/language.ts'
import { CheckField } from '../kit/field.tsx'
import { queries } from '../queries.ts'
import { FilterOne } from './resource-filters.tsx'

/** Those of one account, or of all that are reached where none is named: closed ones only where they are asked for. */
export function createProjects(account: () => string | undefined, withClosed = false) {
  const accounts = useQuery(() => queries.accounts())
  return (): (Account['projects'][number] & { account: string })[] =>
    (accounts.status === 'success' ? accounts.data.items : [])
      .filter(({ id }) => !account() || id === account())
      .flatMap(({ name, projects }) => projects.map((one) => ({ ...one, account: name })))
      .filter(({ closed_at }) => withClosed || closed_at === null)
}

/** Nothing to choose where there is one project at most. */
export function ProjectFilter(props: {
  account?: string | undefined
  value: string
  onChange: (value: string) => void
}) {
  const projects = createProjects(() => props.account, true)
  const accounts = () => new Set(projects().map(({ account }) => account))
  return (
    <Show when={projects().length > 1 || props.value}>
      <FilterOne
        label={t('projects.project')}
        value={props.value}
        options={[
          { value: '', label: t('projects.all') },
          { value: 'none', label: t('projects.none') },
          ...projects().map(({ id, name, account }) => ({
            value: id,
            label: accounts().size > 1 ? `${name} · ${account}` : name,
          })),
        ]}
        onChange={props.onChange}
      />
    </Show>
  )
}

interface ChecksProps {
  account: string | undefined
  /** none chosen: all of the account */
  chosen: readonly string[]
  error?: string | undefined
  onChange: (chosen: string[]) => void
}
/** To which projects a member or a key is narrowed. */
export function ProjectChecks(props: ChecksProps) {
  const projects = createProjects(() => props.account, true)
  const shown = () => projects().filter(({ id, closed_at }) => closed_at === null || props.chosen.includes(id))
  const toggle = (id: string, on: boolean) =>
    props.onChange(on ? [...props.chosen, id] : props.chosen.filter((one) => one !== id))
  return (
    <Show when={shown().length > 0}>
      <fieldset class="m-0 flex min-w-0 flex-col gap-2 border-0 p-0">
        <legend class="mb-1.5 p-0 text-[0.8125rem] font-medium">{t('projects.narrowed')}</legend>
        <For each={shown()}>
          {(one) => (
            <CheckField
              label={one.name}
              checked={props.chosen.includes(one.id)}
              onChange={(on) => toggle(one.id, on)}
            />
          )}
        </For>
        <p class={`m-0 text-[0.8125rem] ${props.error ? 'text-bad' : 'text-muted'}`}>
          {props.error ?? t(props.chosen.length > 0 ? 'projects.narrowed_text' : 'projects.whole_text')}
        </p>
      </fieldset>
    </Show>
  )
}

/** What a bearer is narrowed to, in small print. */
export const NarrowedTo = (props: { projects: readonly { name: string }[] | null }) => (
  <Show when={props.projects}>
    {(projects) => (
      <span class="block text-[0.8125rem] text-muted">
        {t('projects.only', {
          names: projects()
            .map(({ name }) => name)
            .join(', '),
        })}
      </span>
    )}
  </Show>
)
