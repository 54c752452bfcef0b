/** Runs a command beside a toy cloud that has two machines; the settings of a source for it are in `$TOY`, as JSON. */
import { toyRig } from './rig.ts'
import { connector } from './connector/index.ts'

const rig = await toyRig(connector)
try {
  for (const name of ['web-1', 'web-2']) await rig.use(await rig.add(name), 4_096n)
  const env = { ...process.env, TOY: JSON.stringify(rig.settings()) }
  const child = Bun.spawn(process.argv.slice(2), { env, stdio: ['inherit', 'inherit', 'inherit'] })
  process.exitCode = await child.exited
} finally {
  await rig.end()
}
