/** The document's title while a page is shown. */
import { createEffect } from 'solid-js'

export function Title(props: { text: string }) {
  createEffect(() => {
    document.title = props.text === 'Atalaya' ? 'Atalaya' : `${props.text} · Atalaya`
  })
  return null
}
