/** A source's settings against the JSON Schema of its connector's manifest; secrets go in and never come out. Pure. */
import { z } from 'zod'
import type { Manifest } from '#connectors/contract.ts'
import { Problem } from '../base/problem.ts'
import { fieldErrors } from '../http/index.ts'

/** Shown in place of a secret; sent back, it means: leave it as it is. */
export const HIDDEN = '•••'
export type Settings = Record<string, unknown>

export const hideSecrets = (settings: Settings, secrets: readonly string[]): Settings =>
  Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [name, secrets.includes(name) && value !== '' ? HIDDEN : value]),
  )

/** Which settings are secret and there: those that the manifest names, and those that were secret when they were stored. */
export const secretNames = (settings: Settings, secrets: readonly string[], sealed: readonly string[] = []): string[] =>
  [...new Set([...secrets, ...sealed])].filter(
    (name) => Object.hasOwn(settings, name) && settings[name] !== undefined && settings[name] !== '',
  )

/** Shorter ones would turn half of a text into dots. */
const MASKED_CHARS_MIN = 4
/** A text of somebody else, without these values in any form in which an address, JSON or a header may repeat them. */
export function maskSecrets(text: string, values: readonly unknown[]): string {
  const forms = values
    .filter((value): value is string => typeof value === 'string' && value.length >= MASKED_CHARS_MIN)
    .flatMap((value) => [
      value,
      JSON.stringify(value).slice(1, -1),
      encodeURIComponent(value.toWellFormed()),
      Buffer.from(value).toString('base64'),
    ])
  // the longest first: one may be a part of another
  return forms
    .toSorted((a, b) => b.length - a.length)
    .reduce((masked, form) => masked.replaceAll(form, () => HIDDEN), text)
}

/**
 * The settings with stored secrets where dots were sent; one that was never set is left out, so that the schema can ask for it.
 * A secret stays where it was entered for: Problem `bad_settings` where it would go to an address that wasn't there before.
 */
export function keepSecrets(
  sent: Settings,
  stored: Settings,
  { secrets, schema }: { secrets: readonly string[]; schema: Manifest['settings'] },
): Settings {
  const asked = [...new Set(secrets)].filter((name) => sent[name] === HIDDEN && stored[name] !== undefined)
  const moved = destinations(schema).find((name) => leadsElsewhere(sent[name], stored[name]))
  if (moved !== undefined && asked.length > 0)
    throw new Problem(
      'bad_settings',
      `The setting ${moved} has a new address: enter what is secret again in the form, so that nobody can have it sent elsewhere unseen.`,
      asked.map((name) => ({ pointer: `/settings/${name}`, detail: `enter it again, because ${moved} changed` })),
    )
  const kept = Object.entries(sent).map(([name, value]): [string, unknown] =>
    secrets.includes(name) && value === HIDDEN ? [name, stored[name]] : [name, value],
  )
  return Object.fromEntries(kept.filter(([, value]) => value !== undefined))
}

/** Settings that say where secrets go: addresses by their format, and what a connector marks with `destination`. */
function destinations({ properties }: Manifest['settings']): string[] {
  if (typeof properties !== 'object' || properties === null) return []
  return Object.entries(properties as Record<string, Schema | null>).flatMap(([name, property]) =>
    property?.destination === true || property?.format === 'uri' || property?.items?.format === 'uri' ? [name] : [],
  )
}
interface Schema {
  destination?: unknown
  format?: unknown
  items?: Schema
}
const leadsElsewhere = (sent: unknown, stored: unknown): boolean => {
  const before = new Set([stored].flat())
  return [sent].flat().some((one) => one !== undefined && !before.has(one))
}

/** The settings with the schema's defaults; throws Problem `bad_settings` with a pointer for each wrong field. */
export function checkSettings(manifest: Manifest, settings: Settings): Settings {
  const unknown = unknownFields(manifest, settings)
  const parsed = schemaOf(manifest).safeParse(settings)
  const errors = [...(parsed.success ? [] : fieldErrors(parsed.error.issues, '/settings')), ...unknown]
  if (errors.length > 0)
    throw new Problem(
      'bad_settings',
      `Correct the settings of the connector ${manifest.name} and send them again.`,
      errors,
    )
  return parsed.data as Settings
}

function schemaOf(manifest: Manifest): z.ZodType {
  try {
    return z.fromJSONSchema(manifest.settings as Parameters<typeof z.fromJSONSchema>[0])
  } catch (error) {
    throw new Problem(
      'bad_settings',
      `The connector ${manifest.name} ${manifest.version} describes its settings in a way that is not understood here ` +
        `(${error instanceof Error ? error.message : String(error)}). Update its agent or the control plane.`,
    )
  }
}

/** A misspelt name would be ignored in silence, whether or not the schema forbids others. */
function unknownFields({ settings: schema }: Manifest, settings: Settings) {
  const { properties, additionalProperties } = schema
  if (typeof properties !== 'object' || properties === null || additionalProperties !== undefined) return []
  return Object.keys(settings)
    .filter((name) => !Object.hasOwn(properties, name))
    .map((name) => ({ pointer: `/settings/${name}`, detail: 'is not a setting of this connector' }))
}
