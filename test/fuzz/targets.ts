/** All that is fuzzed, with the servers and folders that it needs. */
import { agents } from './agent.ts'
import { connectors } from './connectors/index.ts'
import { openApplication } from './http/application.ts'
import { http } from './http/index.ts'
import { intake } from './intake.ts'
import { envelopes, reports } from './report.ts'
import { openStage } from './stage.ts'
import type { AnyTarget } from './target.ts'

export interface Opened {
  targets: AnyTarget[]
  end(): Promise<void>
}

/** Requests to the API alone, in the process and over a socket. */
export const isHttp = ({ name }: AnyTarget): boolean => name === 'http' || name === 'socket'

/** Two empty databases: what the API deletes is not what reports speak of. `folder` keeps the passwords of their roles. */
export async function openTargets(database: () => Promise<{ ownerUrl: string }>, folder: string): Promise<Opened> {
  const stage = await openStage((await database()).ownerUrl, folder)
  const shown = await openStage((await database()).ownerUrl, folder)
  const application = await openApplication(shown)
  const agent = agents()
  return {
    targets: [...connectors(), ...agent.targets, reports(), envelopes(), intake(stage), ...(await http(application))],
    async end() {
      agent.end()
      await application.end()
      await Promise.all([stage.end(), shown.end()])
    },
  }
}
