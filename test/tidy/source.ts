/** Reads a TypeScript file as far as the rules need: code without comments and texts, and its imports. Pure. */

export interface Import {
  /** as written */
  specifier: string
  /** `import type` and `export type`; a type named inside braces counts as a value import */
  type: boolean
  line: number
}

/** Whether a slash after this code begins a regular expression and not a division. */
const startsRegex = (before: string): boolean =>
  /(^|[=(,:;!&|?{}[+\-*%<>~^])$/.test(before) ||
  /(^|[^\w.$])(return|typeof|case|in|of|do|else|void|await|yield)$/.test(before)

const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ')

/**
 * The text at equal length, with comments blanked, and with the inside of strings, templates and regular expressions
 * blanked too; code within `${}` stays.
 */
export function codeOf(text: string): string {
  let code = ''
  /** open braces at each nesting of templates */
  const templates: number[] = []
  let braces = 0
  let at = 0
  const take = (length: number, hidden: boolean) => {
    const part = text.slice(at, at + length)
    code += hidden ? blank(part) : part
    at += length
  }
  const takeTemplate = () => {
    while (at < text.length) {
      if (text[at] === '\\') take(2, true)
      else if (text[at] === '`') return take(1, false)
      else if (text.startsWith('${', at)) {
        templates.push(braces)
        braces = 0
        return take(2, false)
      } else take(1, true)
    }
  }
  const takeUntil = (end: string) => {
    take(1, false)
    let inClass = false
    while (at < text.length && text[at] !== '\n' && (inClass || text[at] !== end)) {
      if (end === '/' && text[at] === '[') inClass = true
      if (end === '/' && text[at] === ']') inClass = false
      take(text[at] === '\\' ? 2 : 1, true)
    }
    take(1, false)
  }
  if (text.startsWith('#!')) take(text.indexOf('\n'), true)
  while (at < text.length) {
    const char = text[at]
    if (text.startsWith('//', at)) take((text.indexOf('\n', at) + 1 || text.length + 1) - 1 - at, true)
    else if (text.startsWith('/*', at)) take((text.indexOf('*/', at + 2) + 2 || text.length + 2) - at, true)
    else if (char === "'" || char === '"') takeUntil(char)
    else if (char === '/' && startsRegex(code.trimEnd())) takeUntil('/')
    else if (char === '`') {
      take(1, false)
      takeTemplate()
    } else if (char === '}' && braces === 0 && templates.length > 0) {
      braces = templates.pop() ?? 0
      take(1, false)
      takeTemplate()
    } else {
      if (char === '{') braces += 1
      if (char === '}') braces -= 1
      take(1, false)
    }
  }
  return code
}

const FORMS = [
  // import x from '…', export { x } from '…', import type …
  /\b(?:import|export)\b(?<type>\s+type\b(?!\s+from\b|\s*,))?[^'"`;()=]*?\bfrom\s*(?<open>['"])/g,
  // import '…'
  /\bimport\s*(?<open>['"])/g,
  // import('…'), require('…'), import.meta.resolve('…')
  /\b(?:import|require|import\.meta\.resolve)\s*\(\s*(?<open>['"])/g,
]

const lineOf = (text: string, at: number): number => text.slice(0, at).split('\n').length

/** All imports that name a module: static, re-exported, dynamic, and those for types. */
export function importsOf(text: string, code = codeOf(text)): Import[] {
  return FORMS.flatMap((form) =>
    [...code.matchAll(form)].map((match) => {
      const begin = match.index + match[0].length
      const specifier = text.slice(begin, text.indexOf(match.groups?.open ?? "'", begin))
      return { specifier, type: Boolean(match.groups?.type), line: lineOf(text, match.index) }
    }),
  )
}

/** Lines of `import(…)` whose module is computed: no rule can follow them. */
export const computedImports = (code: string): number[] =>
  [...code.matchAll(/(?<![\w.$])import\s*\(\s*(?!['"\s])/g)].map((match) => lineOf(code, match.index))

/** The file that a specifier names, from the root of the project, or null for a package or built-in module. */
export function targetOf(path: string, specifier: string): string | null {
  const alias = /^#(connectors|control-plane|agent|test|ui)\/(.+)$/.exec(specifier)
  if (alias) return `${alias[1] === 'ui' ? 'ui/src' : alias[1]}/${alias[2]}`
  if (!specifier.startsWith('.')) return null
  const parts = path.split('/').slice(0, -1)
  for (const step of specifier.split('/')) {
    if (step === '..') parts.pop()
    else if (step !== '.') parts.push(step)
  }
  return parts.join('/')
}
