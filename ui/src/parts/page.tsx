/** The frame of a page: title, lead, actions, and the curl menu; sets the document's title. */
import { Title } from './title.tsx'
import type { JSX } from 'solid-js'
import { Show } from 'solid-js'
import { CurlMenu } from './curl.tsx'

interface Props {
  title: string
  /** instead of the title as text */
  heading?: JSX.Element
  lead?: JSX.Element
  above?: JSX.Element
  actions?: JSX.Element
  curl?: string[]
  /** tables of many columns take the whole width */
  wide?: boolean
  children: JSX.Element
}

export function Page(props: Props) {
  return (
    <div class={`mx-auto w-full px-4 py-5 sm:px-6 lg:px-8 lg:py-7 ${props.wide ? 'max-w-[110rem]' : 'max-w-6xl'}`}>
      <Title text={props.title} />
      {props.above}
      <header class="mb-5 flex flex-wrap items-start gap-x-4 gap-y-3">
        <div class="min-w-0 flex-1 basis-56">
          <h1 class="text-xl leading-8 font-semibold tracking-tight break-words">{props.heading ?? props.title}</h1>
          <Show when={props.lead}>
            <div class="mt-0.5 max-w-2xl text-sm text-muted text-pretty">{props.lead}</div>
          </Show>
        </div>
        <div class="flex flex-wrap items-center gap-2">
          {props.actions}
          <Show when={props.curl?.length}>
            <CurlMenu paths={props.curl ?? []} />
          </Show>
        </div>
      </header>
      {props.children}
    </div>
  )
}

interface SectionProps {
  title: string
  lead?: JSX.Element
  actions?: JSX.Element
  children: JSX.Element
  class?: string
}
/** A titled card. */
export const Section = (props: SectionProps) => (
  <section class={`card min-w-0 ${props.class ?? ''}`}>
    <header class="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-3">
      <h2 class="text-sm font-semibold">{props.title}</h2>
      <Show when={props.lead}>
        <span class="text-[0.8125rem] text-muted">{props.lead}</span>
      </Show>
      <Show when={props.actions}>
        <div class="ml-auto flex flex-wrap items-center gap-2">{props.actions}</div>
      </Show>
    </header>
    {props.children}
  </section>
)
