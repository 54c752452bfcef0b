/** The way up from a page of one thing to the list of all. */
import { A } from '@solidjs/router'
import ArrowLeft from 'lucide-solid/icons/arrow-left'

export const BackLink = (props: { href: string; label: string }) => (
  <A
    href={props.href}
    class="mb-2 inline-flex items-center gap-1.5 rounded text-[0.8125rem] text-muted hover:text-text"
  >
    <ArrowLeft size={14} />
    {props.label}
  </A>
)
