/** What each project bears of a bill, with what is in none: they add up to it. One of them can be looked at alone. */
import { For, Show } from 'solid-js'
import type { Draft, Line } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Section } from './page.tsx'

type Part = Draft['by_project'][number]
/** What names a part in the address. */
export const partKey = ({ project }: Part): string => project?.id ?? 'none'

/** The lines that a part bears something of, each with what it bears. */
export function linesOfPart({ lines }: Draft, part: Part | undefined): readonly Line[] {
  if (!part) return lines
  const borne = new Map(part.lines.map(({ line_id, ...shown }) => [line_id, shown]))
  return lines.flatMap((line) => {
    const shown = borne.get(line.id)
    return shown ? [{ ...line, ...shown }] : []
  })
}

export const BillByProject = (props: { draft: Draft; chosen: string; onChoose: (key: string) => void }) => (
  <Show when={props.draft.by_project.length > 1}>
    <Section title={t('projects.by_project')} lead={t('projects.by_project_lead')} class="mb-4">
      <ul class="m-0 list-none p-0">
        <For each={props.draft.by_project}>
          {(part) => (
            <li class="border-b border-line last:border-b-0">
              <button
                type="button"
                aria-pressed={props.chosen === partKey(part)}
                class="flex w-full items-baseline justify-between gap-4 px-4 py-2 text-left hover:bg-hover aria-pressed:bg-accent-soft aria-pressed:text-accent-text"
                onClick={() => props.onChoose(props.chosen === partKey(part) ? '' : partKey(part))}
              >
                <span class="min-w-0 truncate">{part.project?.name ?? t('projects.none')}</span>
                <span class="tabular whitespace-nowrap">{say.money(part.net, props.draft.currency)}</span>
              </button>
            </li>
          )}
        </For>
      </ul>
    </Section>
  </Show>
)
