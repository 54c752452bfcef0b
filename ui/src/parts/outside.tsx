/** The frame of pages that are seen before anybody is signed in. */
import type { JSX } from 'solid-js'
import { Show } from 'solid-js'
import { t } from '../i18n/language.ts'
import { LanguageChoice, ThemeChoice } from './appearance.tsx'
import { Mark } from './mark.tsx'
import { Title } from './title.tsx'

interface Props {
  /** of the tab */
  title: string
  heading: string
  lead?: string
  children: JSX.Element
}

export const Outside = (props: Props) => (
  <main class="flex min-h-dvh flex-col items-center justify-center gap-8 px-4 py-10">
    <Title text={props.title} />
    <div class="w-full max-w-md">
      <div class="mb-6 flex flex-col items-center gap-4 text-center">
        <Mark size={44} />
        <div>
          <h1 class="text-xl font-semibold tracking-tight">{props.heading}</h1>
          <Show when={props.lead}>
            <p class="mt-1 text-sm text-muted text-pretty">{props.lead}</p>
          </Show>
        </div>
      </div>
      {props.children}
    </div>
    <div class="flex flex-wrap items-center justify-center gap-3">
      <ThemeChoice hideLegend />
      <LanguageChoice hideLegend />
    </div>
  </main>
)

/** A form as a card; what it sends is the caller's. */
export const Card = (props: { onSubmit: () => void; children: JSX.Element }) => (
  <form
    class="card flex flex-col gap-4 p-5"
    onSubmit={(event) => {
      event.preventDefault()
      props.onSubmit()
    }}
  >
    {props.children}
  </form>
)

/** The password that somebody chooses, with what it must be. */
export const PASSWORD_MIN = 12
export const passwordHint = () => t('password.hint', { min: String(PASSWORD_MIN) })
