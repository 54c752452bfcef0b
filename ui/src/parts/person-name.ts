/** What a person is called: his name, or in the chosen language what stands for it where it can't be told. */
import { t } from '../i18n/language.ts'

const STANDS_FOR = /^(erased|unreadable) person ([0-9a-f]{8})$/

/** The server says so in English: see `control-plane/base/personal.ts`. */
export function nameText(name: string): string {
  const [, why, id] = STANDS_FOR.exec(name) ?? []
  if (id === undefined) return name
  return t(why === 'erased' ? 'erasure.erased_person' : 'erasure.unreadable_person', { id })
}
