/** What a person chose on this browser: theme and shown columns, kept in local storage. */
import { createEffect, createSignal } from 'solid-js'

export type Theme = 'system' | 'light' | 'dark'
export const THEMES: readonly Theme[] = ['system', 'light', 'dark']

/** A signal that is kept; what can't be read back counts as never chosen. */
export function kept<T>(name: string, initial: T, isValid: (value: unknown) => value is T) {
  const key = `atalaya.${name}`
  const read = (): T => {
    try {
      const value: unknown = JSON.parse(localStorage.getItem(key) ?? 'null')
      return isValid(value) ? value : initial
    } catch {
      return initial
    }
  }
  const [value, setValue] = createSignal<T>(read())
  const set = (next: T) => {
    localStorage.setItem(key, JSON.stringify(next))
    setValue(() => next)
  }
  return [value, set] as const
}

const [theme, setThemeSignal] = createSignal<Theme>(
  THEMES.find((known) => known === localStorage.getItem('atalaya.theme')) ?? 'system',
)
const prefersDark = matchMedia('(prefers-color-scheme: dark)')
const [systemDark, setSystemDark] = createSignal(prefersDark.matches)
prefersDark.addEventListener('change', (event) => setSystemDark(event.matches))

export { theme }
/** Plain text, not JSON: theme.js reads it before anything else runs. */
export function setTheme(next: Theme): void {
  localStorage.setItem('atalaya.theme', next)
  setThemeSignal(next)
}
export const shownTheme = (): 'light' | 'dark' => {
  const chosen = theme()
  if (chosen !== 'system') return chosen
  return systemDark() ? 'dark' : 'light'
}
export const applyTheme = () =>
  createEffect(() => {
    document.documentElement.dataset['theme'] = shownTheme()
  })
