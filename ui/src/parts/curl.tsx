/** "Copy as curl": the same page by API. */
import Terminal from 'lucide-solid/icons/terminal'
import { BASE } from '../request.ts'
import { t } from '../i18n/language.ts'
import { copyText } from '../kit/copy.tsx'
import { Menu } from '../kit/menu.tsx'
import { tell } from '../kit/toast.tsx'

/** Single quotes: the shell changes nothing between them. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

export function curlLine(path: string, body?: unknown): string {
  const url = quoted(`${location.origin}${BASE}${path}`)
  const key = '-H "Authorization: Bearer $ATALAYA_API_KEY"'
  if (body === undefined) return `curl -sS ${key} ${url}`
  return `curl -sS ${key} -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))} ${url}`
}

export function CurlMenu(props: { paths: string[] }) {
  const copy = async (path: string) => {
    if (await copyText(curlLine(path))) tell(t('common.copied'), 'ok', t('common.close'))
  }
  return (
    <Menu
      label={t('common.copy_as_curl')}
      entries={props.paths.map((path) => ({
        label: t('common.copy_as_curl'),
        hint: `GET ${BASE}${path}`,
        icon: <Terminal size={16} />,
        onSelect: () => void copy(path),
      }))}
    >
      <Terminal size={17} />
    </Menu>
  )
}
