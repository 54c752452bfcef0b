/** Checks of a manifest: its settings are a JSON Schema that refuses what `open` refuses, and its secrets are named. */
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { type Connector, ConnectorError, Manifest, METRICS } from '#connectors/contract.ts'
import { must } from '../said.ts'
import type { Rig } from '../rig.ts'
import type { Check } from './check.ts'

const SECRET = /pass(word|phrase)?$|secret|token$|^key$|(private|api|secret)_?key/i

function schemaOf({ manifest }: Connector) {
  const ajv = new Ajv2020({ strict: false, allErrors: true, logger: false })
  addFormats(ajv as never)
  must(ajv.validateSchema(manifest.settings), `its settings are no JSON Schema: ${ajv.errorsText()}`)
  return ajv.compile(manifest.settings)
}

async function openError({ connector, realm }: Rig, settings: Record<string, unknown>): Promise<unknown> {
  try {
    const session = await connector.open(settings, {
      realm,
      interval_ms: connector.manifest.default_interval_ms,
      emit: () => {},
      memory: { get: async () => undefined, set: async () => {} },
      now: Date.now,
      log: () => {},
    })
    await session.close()
    return null
  } catch (error) {
    return error
  }
}

/** Good settings with one thing wrong each. */
function nonsense(good: Record<string, unknown>, manifest: Manifest): [string, Record<string, unknown>][] {
  const { properties = {}, required = [] } = manifest.settings as { properties?: object; required?: string[] }
  return [
    ['a setting that nobody knows', { ...good, no_such_setting: 1 }],
    ...Object.keys(properties).map((name): [string, Record<string, unknown>] => [
      `${name} of a wrong type`,
      { ...good, [name]: { wrong: [null] } },
    ]),
    ...required.map((name): [string, Record<string, unknown>] => [
      `no ${name}`,
      Object.fromEntries(Object.entries(good).filter(([key]) => key !== name)),
    ]),
  ]
}

export const manifest: Check[] = [
  {
    name: 'the manifest is one that the wire takes, of known kinds and metrics',
    needs: [],
    async run({ rig: { connector, kind, counter } }) {
      const { kinds, metrics } = Manifest.parse(JSON.parse(JSON.stringify(connector.manifest)))
      for (const metric of metrics) must(Object.hasOwn(METRICS, metric), `there is no metric ${metric}`)
      must(kinds.includes(kind), `its kinds lack ${kind}`)
      must(!counter || metrics.includes(counter.split('/')[0] ?? ''), `its metrics lack ${counter}`)
    },
  },
  {
    name: 'settings that make no sense are refused by its JSON Schema and by opening it, good ones are taken',
    needs: [],
    async run({ rig }) {
      const { connector } = rig
      const valid = schemaOf(connector)
      const good = rig.settings()
      must(valid(good), `its JSON Schema refuses good settings: ${JSON.stringify(valid.errors)}`)
      const failed = await openError(rig, good)
      must(failed === null, `it doesn't open with good settings: ${String(failed)}`)
      for (const [what, settings] of nonsense(good, connector.manifest)) {
        must(!valid(settings), `its JSON Schema takes ${what}`)
        const error = await openError(rig, settings)
        must(
          error instanceof ConnectorError && error.code === 'bad_settings',
          `it opens with ${what}: ${String(error)}`,
        )
        must(error.remedy.length > 10, `it doesn't say what to do about ${what}`)
      }
    },
  },
  {
    name: 'every setting that is a secret is named as one',
    needs: [],
    async run({ rig: { connector } }) {
      const { properties = {} } = connector.manifest.settings as { properties?: Record<string, unknown> }
      for (const name of connector.manifest.secrets)
        must(Object.hasOwn(properties, name), `the secret ${name} is no setting`)
      for (const name of Object.keys(properties))
        must(!SECRET.test(name) || connector.manifest.secrets.includes(name), `${name} is not named as a secret`)
    },
  },
]
