/** Signed releases in a prepared database, without an agent that would run them. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileStored, registerRelease, startRollout } from '#control-plane/releases/index.ts'
import { makeKey, signRelease } from '../../deploy/release.ts'
import type { Prepared } from './prepared.ts'

/** One that isn't here yet, one whose file is, and a roll-out on another platform. */
export async function releasesFor(world: Prepared, folder: string) {
  const [program, keyFile] = [join(folder, 'program'), join(folder, 'release.key')]
  writeFileSync(program, 'no agent ever runs it')
  writeFileSync(join(folder, 'release-keys'), makeKey(keyFile))
  const trusted = readFileSync(join(folder, 'release-keys'), 'utf8')
  const signed = (version: string, platform: string) => signRelease(program, keyFile, { version, platform })
  const stored = async (version: string, platform: string) => {
    const made = await signed(version, platform)
    const { id } = await world.run((ctx) => registerRelease(ctx, made, [trusted]))
    await world.run((ctx) => fileStored(ctx, id))
    return id
  }
  const waves = [{ percent: 100 }]
  const elsewhere = { release_id: await stored('1.0.0', 'plan9-mips'), waves, soak_seconds: 0, max_failures: 0 }
  return {
    unknown: await signed('2.0.0', 'linux-x64'),
    stored: await stored('1.0.0', 'linux-x64'),
    rollout: (await world.run((ctx) => startRollout(ctx, elsewhere))).id,
  }
}
