/** Where the API server is and how we show who we are: from single settings, a kubeconfig, or the pod that the agent runs in. */
import { readFile } from 'node:fs/promises'
import { ConnectorError } from '#connectors/wire.ts'
import type { Settings } from './settings.ts'

export interface Access {
  /** origin and path, without a slash at its end */
  server: string
  ca?: string | undefined
  client?: { cert: string; key: string } | undefined
  /** asked for at each request: those of pods are renewed */
  token(): Promise<string | undefined>
}

const POD = '/var/run/secrets/kubernetes.io/serviceaccount'

export const badSettings = (message: string, remedy: string): ConnectorError =>
  new ConnectorError('bad_settings', message, remedy)

export async function accessOf(settings: Settings): Promise<Access> {
  const { kubeconfig, server, in_cluster } = settings
  const ways = [kubeconfig !== undefined, server !== undefined, in_cluster === true].filter(Boolean).length
  if (ways !== 1)
    throw badSettings(
      ways === 0 ? 'nothing says where the API server is' : 'more than one setting says where the API server is',
      'Give a kubeconfig, or the address of the API server, or choose the cluster in which the agent itself runs.',
    )
  if (in_cluster === true) return inCluster()
  if (kubeconfig !== undefined) return (await import('./kubeconfig.ts')).fromKubeconfig(kubeconfig, settings.context)
  return direct(settings, server ?? '')
}

function direct({ ca, token, client_certificate, client_key }: Settings, server: string): Access {
  if ((client_certificate === undefined) !== (client_key === undefined))
    throw badSettings('a client certificate and its key go together', 'Give both, or neither.')
  if (token === undefined && client_certificate === undefined)
    throw badSettings(
      'there is no credential',
      'Give the token of a service account, or a client certificate with its key.',
    )
  const client =
    client_certificate !== undefined && client_key !== undefined
      ? { cert: client_certificate, key: client_key }
      : undefined
  return { server: trimmed(server), ca, client, token: async () => token }
}

/** As client libraries do: the service account of the pod, whose token the kubelet renews. */
async function inCluster(): Promise<Access> {
  const [host, port] = [process.env['KUBERNETES_SERVICE_HOST'], process.env['KUBERNETES_SERVICE_PORT']]
  if (!host || !port)
    throw badSettings(
      'the agent does not run in a pod: KUBERNETES_SERVICE_HOST is not set',
      'Run the agent in the cluster with a service account, or give a kubeconfig.',
    )
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ca: await fileOf('ca.crt'),
    token: async () => (await fileOf('token')).trim(),
  }
}

async function fileOf(name: string): Promise<string> {
  try {
    return await readFile(`${POD}/${name}`, 'utf8')
  } catch {
    throw badSettings(
      `${POD}/${name} can't be read`,
      'Let the pod of the agent have its service account: automountServiceAccountToken: true.',
    )
  }
}

export function trimmed(server: string): string {
  const url = URL.parse(server)
  if (url?.protocol !== 'https:' || url.username || url.password || url.search || url.hash)
    throw badSettings(
      'the address of the API server is not https://HOST[:PORT][/PATH]',
      'Give it as `kubectl cluster-info` shows it; credentials have their own settings and go over TLS alone.',
    )
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}
