/** Theme and language, as two small choices. */
import { language, setLanguage, t } from '../i18n/language.ts'
import { Choice } from '../kit/field.tsx'
import { setTheme, theme, THEMES } from '../preferences.ts'

export const ThemeChoice = (props: { hideLegend?: boolean }) => (
  <Choice
    legend={t('look.theme')}
    hideLegend={props.hideLegend}
    value={theme()}
    choices={THEMES.map((value) => ({ value, label: t(`look.${value}`) }))}
    onChange={setTheme}
  />
)

export const LanguageChoice = (props: { hideLegend?: boolean; short?: boolean }) => (
  <Choice
    legend={t('look.language')}
    hideLegend={props.hideLegend}
    value={language()}
    choices={[
      { value: 'en', label: props.short ? 'EN' : 'English' },
      { value: 'es', label: props.short ? 'ES' : 'Español' },
    ]}
    onChange={(next) => void setLanguage(next)}
  />
)
