/** The chosen language and `t`, which says a text in it. English is built in; Spanish is fetched when chosen. */
import { flatten, type Flatten, resolveTemplate, translator } from '@solid-primitives/i18n'
import { createSignal } from 'solid-js'
import { en } from './en.ts'

export type Language = 'en' | 'es'
export type Dictionary = typeof en
type Flat = Flatten<Dictionary>

const [language, setLanguageSignal] = createSignal<Language>('en')
const [texts, setTexts] = createSignal<Flat>(flatten(en))

export { language }
export const t = translator(texts, resolveTemplate)
/** BCP 47 tags for Intl: English here is written with day before month, as in the documents. */
export const locale = () => (language() === 'es' ? 'es-ES' : 'en-GB')

export async function setLanguage(next: Language): Promise<void> {
  const dictionary = next === 'es' ? (await import('./es.ts')).es : en
  localStorage.setItem('atalaya.language', next)
  document.documentElement.lang = next
  setTexts(() => flatten(dictionary))
  setLanguageSignal(next)
}

/** theme.js has put the stored or the browser's language on the document. */
export const startLanguage = () => setLanguage(document.documentElement.lang === 'es' ? 'es' : 'en')
