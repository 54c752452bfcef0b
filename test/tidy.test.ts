import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { findings } from './tidy/check.ts'
import { codeOf, importsOf } from './tidy/source.ts'
import { FOLDERS, type Rule } from './tidy/tables.ts'
import { projectFiles, RECORD } from './tidy/tree.ts'

const shown = (all: ReturnType<typeof findings>) => all.map(({ rule, path, says }) => `${rule}: ${path} ${says}`)

test('the tree keeps its rules', () => {
  const recorded = existsSync(RECORD) ? readFileSync(RECORD, 'utf8') : ''
  const broken = shown(findings(projectFiles(), recorded))
  expect(broken, `\n${broken.join('\n')}\n`).toEqual([])
})

test('what rules import of their own slice must be as pure as they are', () => {
  const rules = { path: 'control-plane/rating/rules.ts', text: "/** Says it. */\nimport { now } from './instant.ts'\n" }
  const instant = {
    path: 'control-plane/rating/instant.ts',
    text: '/** Says it. */\nexport const now = () => Date.now()\n',
  }
  expect(findings([...readmes, instant], '', [])).toEqual([])
  expect(shown(findings([...readmes, rules, instant], '', []))).toEqual([
    'pure: control-plane/rating/instant.ts line 2 uses Date.now: export const now = () => Date.now()',
  ])
})

const readmes = FOLDERS.map((folder) => ({ path: `${folder}/README.md`, text: '# One screen\n' }))

/** What is found in a tree that holds this file and else only what a tidy tree must have. */
const foundIn = (path: string, body: string, recorded = '') =>
  findings([...readmes, { path, text: `/** Says what it is for. */\n${body}\n` }], recorded, [])

const planted: Array<[rule: Rule, why: string, path: string, body: string]> = [
  [
    'slice',
    'an import from right to left',
    'control-plane/metering/rules.ts',
    "import { rate } from '../rating/rules.ts'",
  ],
  [
    'slice',
    'a type from right to left',
    'control-plane/inventory/index.ts',
    "import type { Draft } from '../billing/contract.ts'",
  ],
  [
    'slice',
    'a dynamic import from right to left',
    'control-plane/ingest/index.ts',
    "const x = await import('../rating/index.ts')",
  ],
  ['slice', 're-exporting from right to left', 'control-plane/catalog/index.ts', "export * from '../rating/rules.ts'"],
  [
    'slice',
    'an import from right to left by its alias',
    'control-plane/metering/index.ts',
    "import { rate } from '#control-plane/rating/index.ts'",
  ],
  ['slice', 'between slices side by side', 'control-plane/db/index.ts', "import { bus } from '../bus/index.ts'"],
  [
    'slice',
    'an inner file of another slice',
    'control-plane/billing/index.ts',
    "import { rows } from '../rating/store.ts'",
  ],
  ['slice', 'the composition root', 'control-plane/rating/index.ts', "import { start } from '../main.ts'"],
  [
    'slice',
    'a slice that no table knows',
    'control-plane/extras/index.ts',
    "import { assert } from '../base/problem.ts'",
  ],
  [
    'door',
    'the control plane reaching a connector',
    'control-plane/ingest/index.ts',
    "import { map } from '#connectors/libvirt/map.ts'",
  ],
  [
    'door',
    'a connector reaching the control plane',
    'connectors/host/index.ts',
    "import { assert } from '#control-plane/base/problem.ts'",
  ],
  [
    'door',
    'an agent reaching the control plane by a relative path',
    'agent/main.ts',
    "import { db } from '../control-plane/db/index.ts'",
  ],
  [
    'door',
    'the page taking a value from the API',
    'ui/src/api.ts',
    "import { Invoice } from '#control-plane/billing/contract.ts'",
  ],
  [
    'door',
    'deploy reaching the program',
    'deploy/up.ts',
    "import { prepareDatabase } from '../control-plane/db/setup.ts'",
  ],
  ['promise', 'SQL beneath HTTP', 'control-plane/billing/routes.ts', "import { drafts } from './store.ts'"],
  [
    'promise',
    'a contract that knows its tables',
    'control-plane/rating/contract.ts',
    "import { line } from './schema.ts'",
  ],
  [
    'promise',
    'rules that read the database',
    'control-plane/rating/rules.ts',
    "import { connect } from '../db/index.ts'",
  ],
  [
    'promise',
    'a price model that reads the database',
    'control-plane/rating/models/flat.ts',
    "import { rows } from '../store.ts'",
  ],
  ['pure', 'base with input or output', 'control-plane/base/time.ts', "import { readFileSync } from 'node:fs'"],
  ['pure', 'a map with input or output', 'connectors/libvirt/map.ts', "import { spawn } from 'node:child_process'"],
  ['pure', 'a clock in rules', 'control-plane/rating/rules.ts', 'export const now = () => Date.now()'],
  ['pure', 'today in a map', 'connectors/host/map.ts', 'export const now = () => new Date()'],
  ['pure', 'chance in a price model', 'control-plane/rating/models/per_unit.ts', 'export const x = Math.random()'],
  ['sql', 'SQL outside of a store', 'control-plane/billing/index.ts', "import { sql } from 'drizzle-orm'"],
  ['http', 'HTTP outside of routes', 'control-plane/billing/index.ts', "import { Hono } from 'hono'"],
  ['money', 'parseFloat', 'control-plane/rating/index.ts', 'export const x = parseFloat(text)'],
  ['money', 'Number', 'control-plane/billing/rules.ts', 'export const x = Number(text)'],
  ['money', 'toFixed', 'control-plane/catalog/rules.ts', 'export const x = total.toFixed(2)'],
  ['money', 'rounding by Math', 'control-plane/metering/rules.ts', 'export const x = Math.round(y)'],
  [
    'money',
    'a decimal point, within a template',
    'control-plane/rating/models/flat.ts',
    'export const x = `${total * 1.21}`',
  ],
  ['sentence', 'a file that opens without a word', 'agent/spool.ts', ''],
  ['length', 'a long file', 'agent/spool.ts', 'x\n'.repeat(400)],
  ['place', 'a path of one machine', 'agent/spool.ts', `const x = '/${'work'}/main'`],
  ['lockfile', "another package manager's lockfile", 'package-lock.json', '{}'],
  [
    'migration',
    'a migration that nobody recorded',
    'control-plane/db/migrations/0007_volume_gains_class.sql',
    'select 1;',
  ],
  ['computed-import', 'an import that no rule can follow', 'agent/main.ts', 'await import(name)'],
  [
    'oracle',
    'an oracle that uses what it checks',
    'test/world/oracle/index.ts',
    "import { rate } from '#control-plane/rating/rules.ts'",
  ],
  [
    'oracle',
    'an oracle that reads the messages of its world',
    'test/world/oracle/index.ts',
    "import type { Message } from '../bus.ts'",
  ],
  ['oracle', 'an oracle that borrows its arithmetic', 'test/world/oracle/money.ts', "import Big from 'big.js'"],
]

test.each(planted)('%s: %s is found', (rule, _why, path, body) => {
  const files = { path, text: rule === 'sentence' ? 'export const x = 1\n' : `/** Says what it is for. */\n${body}\n` }
  const found = findings([...readmes, files], '', [])
  expect(found.map((finding) => finding.rule)).toContain(rule)
})

test.each([
  [
    'control-plane/rating/rules.ts',
    "import type { Usage } from '../metering/contract.ts'\nimport { times } from '../base/exact.ts'",
  ],
  [
    'control-plane/billing/index.ts',
    "import { rate } from '../rating/index.ts'\nimport { sheet } from './document.ts'",
  ],
  ['control-plane/river.ts', "import { ingest } from './ingest/index.ts'\nimport { settle } from './billing/index.ts'"],
  ['agent/main.ts', "import { connectors } from '#connectors/registry.ts'\nimport { readFileSync } from 'node:fs'"],
  ['ui/src/api.ts', "import type { Invoice } from '#control-plane/billing/contract.ts'"],
  [
    'test/world/oracle/index.ts',
    "import type { Truth } from '../truth.ts'\nimport { METERS } from '#control-plane/metering/contract.ts'",
  ],
  [
    'control-plane/rating/rules.ts',
    "// Math.random() and parseFloat(x) are words here\nexport const x = 'Date.now() 1.5'",
  ],
])('%s may do what the tables allow', (path, body) => {
  expect(shown(foundIn(path, body))).toEqual([])
})

test('an edited or removed migration is found', () => {
  const path = 'control-plane/db/migrations/0007_volume_gains_class.sql'
  const text = '/** Says what it is for. */\nselect 1;\n'
  const recorded = `${createHash('sha256').update(text).digest('hex')}  ${path}\n`
  expect(foundIn(path, 'select 1;', recorded)).toEqual([])
  expect(shown(foundIn(path, 'select 2;', recorded)).join()).toContain('edited after it landed')
  expect(shown(foundIn('agent/x.ts', '', recorded)).join()).toContain('was removed')
})

test('a README that is missing or longer than a screen is found', () => {
  expect(shown(findings(readmes.slice(1), '', [])).join()).toContain('agent/README.md is missing')
  const long = [...readmes.slice(1), { path: 'agent/README.md', text: 'x\n'.repeat(61) }]
  expect(shown(findings(long, '', [])).join()).toContain('one screen')
})

test('an exception excuses its own finding only, and is found when it excuses nothing', () => {
  const files = [...readmes, { path: 'agent/a.ts', text: '/** Says it. */\nawait import(name)\n' }]
  const excuse = { rule: 'computed-import', path: 'agent/a.ts', of: 'computed', why: 'shown here' } as const
  expect(findings(files, '', [excuse])).toEqual([])
  expect(shown(findings(files, '', [excuse, { ...excuse, path: 'agent/b.ts' }])).join()).toContain('delete it')
})

test('imports are read from code only: not from comments, texts, templates or regular expressions', () => {
  const text = [
    "// import a from 'comment'",
    'const text = "import b from \'text\'"',
    "const template = `import('template') ${await import('inside')}`",
    "const pattern = /import 'regex'[/']/g",
    "import type { T } from 'types'",
    "import {\n  c,\n  type D,\n} from 'several-lines'",
    "import 'effect'",
    "export { e } from 'again'",
    'const half = total / 2 // not a pattern: "',
    "export type { F } from 'again-types'",
    "const r = require('old')",
  ].join('\n')
  expect(
    importsOf(text)
      .map(({ specifier, type }) => (type ? `type ${specifier}` : specifier))
      .toSorted(),
  ).toEqual(['again', 'effect', 'inside', 'old', 'several-lines', 'type again-types', 'type types'])
  expect(codeOf(text)).toHaveLength(text.length)
})
