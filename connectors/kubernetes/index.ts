/** The connector for Kubernetes: what a cluster runs, what that holds and uses, and what it runs on. */
import { type Connector, ConnectorError } from '#connectors/contract.ts'
import { accessOf } from './access.ts'
import { KubernetesSession } from './session.ts'
import { manifest, Settings } from './settings.ts'

export const connector: Connector = {
  manifest,
  async open(settings, surroundings) {
    const parsed = Settings.safeParse(settings)
    if (!parsed.success)
      throw new ConnectorError(
        'bad_settings',
        // never the value: it may be the secret
        parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'settings'}: ${message}`).join('; '),
        'Give a kubeconfig, or the address of the API server with its authority and a credential.',
      )
    const access = await accessOf(parsed.data)
    return new KubernetesSession(access, parsed.data, await surroundings.memory.get(), surroundings)
  },
}
