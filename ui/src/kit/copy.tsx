/** A line to copy, and the button that does it. */
import Check from 'lucide-solid/icons/check'
import Copy from 'lucide-solid/icons/copy'
import { createSignal, onCleanup, Show } from 'solid-js'
import { IconButton } from './button.tsx'

const SHOWN_MS = 1_500

/** Also where the clipboard is not to be had (plain HTTP): selects the text in a hidden field and copies that. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const field = document.createElement('textarea')
    field.value = text
    document.body.append(field)
    field.select()
    const done = document.execCommand('copy')
    field.remove()
    return done
  }
}

interface Labels {
  copy: string
  copied: string
}

export function CopyButton(props: { text: string; labels: Labels }) {
  const [copied, setCopied] = createSignal(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  const copy = async () => {
    setCopied(await copyText(props.text))
    clearTimeout(timer)
    timer = setTimeout(() => setCopied(false), SHOWN_MS)
  }
  onCleanup(() => clearTimeout(timer))
  return (
    <IconButton label={copied() ? props.labels.copied : props.labels.copy} onClick={() => void copy()}>
      <Show when={copied()} fallback={<Copy size={16} />}>
        <Check size={16} class="text-ok-mark" />
      </Show>
    </IconButton>
  )
}

export const CopyLine = (props: { text: string; label: string; labels: Labels }) => (
  <div class="flex w-full min-w-0 items-start gap-1 rounded-lg border border-line bg-sunken py-1 pr-1 pl-3 text-left">
    <code
      tabindex="0"
      role="region"
      aria-label={props.label}
      class="min-w-0 flex-1 overflow-x-auto py-1.5 font-mono text-[0.8125rem] whitespace-pre"
    >
      {props.text}
    </code>
    <CopyButton text={props.text} labels={props.labels} />
  </div>
)
