/** The rules of the tree as tables: what may import what, what a file name promises, and each exception with its reason. */

/** Slices of the control plane in the order of the data; a slice imports only to its left. Those on one line know nothing of each other. */
export const SLICES: ReadonlyArray<readonly string[]> = [
  ['base'],
  ['db', 'bus'],
  ['http'],
  ['events'],
  ['audit'],
  ['secrets'],
  ['accounts'],
  ['tax'],
  ['people'],
  ['sources'],
  ['inventory'],
  ['metrics', 'hardware'],
  ['metering'],
  ['ingest'],
  ['releases', 'indexes'],
  ['catalog'],
  ['contracts'],
  ['promotions'],
  ['rating'],
  ['mails', 'settlements', 'charges'],
  ['billing'],
  ['closing', 'limits', 'margins'],
  ['queues'],
  ['repricing', 'reconciliation'],
  ['backup'],
]
/** The files directly in control-plane/ (main, river, cli and what they need) know every slice; no slice knows them. */
export const ROOT_FILE = /^[^/]+\.ts$/
/** Not slices but ground that everyone stands on: all their files may be imported. */
export const GROUND = ['base', 'db', 'bus', 'http']
/** Only these files of a slice may be imported by another slice. */
export const PUBLIC_FILES = ['index.ts', 'contract.ts', 'rules.ts']

/** The doors between the top-level folders: from → files that may be reached. A door to types only is marked `type`. */
export const DOORS: ReadonlyArray<{ from: string; to: RegExp; only?: 'type'; why: string }> = [
  { from: 'agent', to: /^connectors\//, why: 'the agent hosts connectors' },
  { from: 'control-plane', to: /^connectors\/contract\.ts$/, why: 'the words of the wire' },
  { from: 'deploy', to: /^connectors\/release\.ts$/, why: 'what a release key signs' },
  { from: 'deploy', to: /^control-plane\/bus\/index\.ts$/, why: 'the nats-server trusts what the control plane signs' },
  { from: 'ui', to: /^control-plane\/[^/]+\/(contract|routes)\.ts$/, only: 'type', why: "the API's types" },
  { from: 'ui', to: /^connectors\/contract\.ts$/, only: 'type', why: 'words that the API passes on' },
  { from: 'test', to: /./, why: 'tests see everything' },
]

/** Packages and modules that reach nothing outside the program. */
export const PURE_PACKAGES = ['zod', 'currency-codes', 'fast-xml-parser', 'jsvat']
export const PURE_BUILTINS = ['node:crypto', 'node:assert', 'node:zlib']

/**
 * What a file name promises, in the control plane. `packages` may be imported, and of our own: `own` files of the
 * same slice, `others` of slices to the left (ground is open to all but the pure ones, which get `base` alone).
 */
export const FILES: Readonly<Record<string, { packages: RegExp; own: RegExp; others: RegExp; ground: RegExp }>> = {
  'contract.ts': {
    packages: /^zod$/,
    own: /^$/,
    others: /^contract\.ts$/,
    ground: /^(base\/|(http|db|bus)\/contract\.ts$)/,
  },
  'rules.ts': {
    packages: /^(zod|currency-codes)$/,
    // what rules import of their own slice must be as pure as they are
    own: /^(?!(index|store|schema|routes)\.ts$)/,
    others: /^(contract|rules)\.ts$/,
    ground: /^base\//,
  },
  'schema.ts': {
    packages: /^drizzle-orm(\/|$)/,
    own: /^contract\.ts$/,
    // foreign keys name the tables of slices upstream; queries join only their published views
    others: /^(schema|contract)\.ts$/,
    ground: /^(base\/|db\/(columns|schema)\.ts$)/,
  },
  'store.ts': {
    packages: /^(drizzle-orm(\/|$)|postgres$)/,
    own: /^(?!(index|routes)\.ts$)/,
    others: /^(contract|rules)\.ts$/,
    ground: /^(base|db)\//,
  },
  'routes.ts': {
    packages: /^(hono(\/|$)|hono-openapi(\/|$)|zod$)/,
    own: /^(?!(store|schema)\.ts$)/,
    others: /^(contract|index)\.ts$/,
    ground: /^(base|http)\/|^db\/index\.ts$/,
  },
}
/** One price model a file; it promises what `rules.ts` does. */
export const PRICE_MODEL = /^control-plane\/rating\/models\/[a-z_]+\.ts$/

/** Files that decide: no clock, no randomness, no input or output. */
export const PURE_FILE = /(^|\/)(rules|map)\.ts$/

/** The only places for SQL and for HTTP, beside the files of those names. */
export const SQL_PLACES = /^control-plane\/(db\/|([^/]+\/)*(store|schema)\.ts$)/
export const HTTP_PLACES = /^control-plane\/(http\/|main\.ts$|([^/]+\/)*routes\.ts$)/

/** Where an amount or a billed quantity is made: integers and fractions only. */
export const MONEY_FILES =
  /^control-plane\/((rating|billing|catalog|indexes|repricing|limits|margins|reconciliation)\/.*|metering\/rules|base\/(money|exact))\.ts$/
export const FLOATS: ReadonlyArray<{ pattern: RegExp; name: string }> = [
  { pattern: /\bparseFloat\s*\(/, name: 'parseFloat' },
  { pattern: /\bNumber\s*\(/, name: 'Number()' },
  { pattern: /\.toFixed\s*\(/, name: 'toFixed' },
  { pattern: /\bMath\.(round|floor|ceil|trunc)\s*\(/, name: 'Math.round and its kin' },
  { pattern: /(?<![\w.])\d+\.\d+(?![\w.])/, name: 'a number with a decimal point' },
]
export const IMPURE: ReadonlyArray<{ pattern: RegExp; name: string }> = [
  { pattern: /\bDate\.now\s*\(/, name: 'Date.now' },
  { pattern: /\bnew Date\s*\(\s*\)/, name: 'new Date()' },
  { pattern: /\bperformance\.now\s*\(/, name: 'performance.now' },
  { pattern: /\bMath\.random\s*\(/, name: 'Math.random' },
  { pattern: /\brandom(UUID|UUIDv7|Bytes|Int)\s*\(/, name: 'random ids or bytes' },
  { pattern: /\bprocess\.env\b/, name: 'process.env' },
  { pattern: /\bfetch\s*\(/, name: 'fetch' },
  { pattern: /\bBun\./, name: 'Bun' },
]

/** Longest file, in lines. */
export const MAX_LINES = 400
export const README_LINES = 60
export const FOLDERS = ['agent', 'connectors', 'control-plane', 'deploy', 'test', 'ui']
export const FORBIDDEN_FILES = /(^|\/)(bun\.lockb|package-lock\.json|yarn\.lock|pnpm-lock\.yaml)$/
export const MIGRATION = /^control-plane\/db\/migrations\/([^/]+\.sql)$/
export const MIGRATION_NAME = /^\d{4}_[a-z0-9]+(_[a-z0-9]+)+\.sql$/

/** Addresses and paths of one machine; they are put together here so that this file doesn't hold them. */
export const PLACES: readonly string[] = [
  ['registry', 'npmjs', 'org'].join('.'),
  ['deb', 'debian', 'org'].join('.'),
  ['proxy', 'golang', 'org'].join('.'),
  ['artifact', 'registry'].join('-'),
  `/${'work'}/`,
  `/${'tmp'}/brief`,
]

export type Rule =
  | 'slice'
  | 'door'
  | 'promise'
  | 'pure'
  | 'sql'
  | 'http'
  | 'money'
  | 'sentence'
  | 'length'
  | 'readme'
  | 'migration'
  | 'place'
  | 'lockfile'
  | 'computed-import'
  | 'oracle'

/** The oracle computes from the truth alone: no message, no code of the product, no library. */
export const ORACLE = /^test\/world\/oracle\//
export const ORACLE_SOURCES =
  /^test\/world\/(oracle\/.*|truth\.ts|outcome\.ts)$|^(connectors|control-plane\/\w+)\/contract\.ts$/

/** Known crossings: `of` is a part of what the finding says. One that no longer happens must be deleted. */
export const EXCEPTIONS: ReadonlyArray<{ rule: Rule; path: string; of: string; why: string }> = [
  { rule: 'length', path: 'ui/src/i18n/en.ts', of: 'lines', why: 'a dictionary: one line a text, nothing to divide' },
  { rule: 'length', path: 'ui/src/i18n/es.ts', of: 'lines', why: 'a dictionary: one line a text, nothing to divide' },
  { rule: 'sql', path: 'control-plane/http/health.ts', of: 'SQL', why: 'readiness is whether the database answers' },
  {
    rule: 'money',
    path: 'control-plane/rating/judge.ts',
    of: 'Number()',
    why: 'hours and counts of rows, never a quantity',
  },
  {
    rule: 'money',
    path: 'control-plane/rating/store.ts',
    of: 'Number()',
    why: 'hours and counts of rows, never a quantity',
  },
  {
    rule: 'money',
    path: 'control-plane/reconciliation/store.ts',
    of: 'Number()',
    why: 'instants in milliseconds, never a quantity',
  },
  { rule: 'money', path: 'control-plane/billing/verify-lines.ts', of: 'Number()', why: 'instants in milliseconds' },
  { rule: 'money', path: 'control-plane/billing/documents.ts', of: 'Math.round', why: 'the date of a PDF, in seconds' },
  { rule: 'money', path: 'control-plane/rating/index.ts', of: 'Math.round', why: 'how many hours a page shows' },
]
