/** A kubeconfig → access, read by Kubernetes' own client library; what would run programs or read files of the agent's machine is refused. */
import { ConnectorError } from '#connectors/wire.ts'
import { type Access, badSettings, trimmed } from './access.ts'
import { isFields } from './values.ts'

const FLATTEN = 'Make one that holds everything itself: kubectl config view --raw --flatten --minify.'
const SERVICE_ACCOUNT =
  'Give the token of a service account (kubectl create token), or a client certificate: programs are not run, and files of the agent’s machine are not read.'

/** The library is loaded here alone, and only for sources that have a kubeconfig. */
export async function fromKubeconfig(text: string, context: string | undefined): Promise<Access> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  try {
    config.loadFromString(withoutFiles(text))
  } catch (error) {
    if (error instanceof ConnectorError) throw error
    // what it says may repeat what stands there
    throw badSettings('the kubeconfig can not be read', FLATTEN)
  }
  if (context !== undefined) config.setCurrentContext(context)
  const found = config.getContextObject(config.getCurrentContext())
  const cluster = found && config.getCluster(found.cluster)
  const user = found && config.getUser(found.user)
  if (!found || !cluster || !user)
    throw badSettings(
      `the kubeconfig has no context ${JSON.stringify(config.getCurrentContext())} with a cluster and a user`,
      'Name one of its contexts, or set its current-context.',
    )
  refuseUnknown(cluster, user)
  const { certData, keyData, token } = user
  if ((certData === undefined) !== (keyData === undefined))
    throw badSettings('the user of the kubeconfig has a client certificate without its key, or a key alone', FLATTEN)
  if (certData === undefined && token === undefined)
    throw badSettings('the user of the kubeconfig has neither a token nor a client certificate', SERVICE_ACCOUNT)
  return {
    server: trimmed(cluster.server),
    ca: cluster.caData === undefined ? undefined : pem(cluster.caData),
    client: certData !== undefined && keyData !== undefined ? { cert: pem(certData), key: pem(keyData) } : undefined,
    token: async () => token,
  }
}

/** The library would read a token's file as soon as it sees its name: it gets only what was looked through, as JSON. */
function withoutFiles(text: string): string {
  const said: unknown = Bun.YAML.parse(text)
  const users = isFields(said) && Array.isArray(said['users']) ? said['users'] : []
  for (const one of users.filter(isFields))
    if (isFields(one['user']) && Object.keys(one['user']).some((name) => /^token-?file$/i.test(name)))
      throw badSettings('the kubeconfig names files, which are not here', FLATTEN)
  return JSON.stringify(said)
}

type Config = InstanceType<typeof import('@kubernetes/client-node').KubeConfig>
type Cluster = NonNullable<ReturnType<Config['getCluster']>>
type User = NonNullable<ReturnType<Config['getUser']>>

function refuseUnknown(cluster: Cluster, user: User): void {
  if (user.exec || user.authProvider)
    throw badSettings('the user of the kubeconfig signs in by a program (exec or auth-provider)', SERVICE_ACCOUNT)
  if (cluster.caFile || user.certFile || user.keyFile)
    throw badSettings('the kubeconfig names files, which are not here', FLATTEN)
  if (user.username || user.password)
    throw badSettings('the user of the kubeconfig has a password, which API servers take no more', SERVICE_ACCOUNT)
  if (user.impersonateUser) throw badSettings('the kubeconfig acts as somebody else', SERVICE_ACCOUNT)
  if (cluster.skipTLSVerify)
    throw badSettings(
      'the kubeconfig trusts any server (insecure-skip-tls-verify)',
      'Put the authority of the API server into certificate-authority-data.',
    )
  if (cluster.proxyUrl || cluster.tlsServerName)
    throw badSettings(
      'the kubeconfig has a proxy-url or a tls-server-name, which are not supported',
      'Let the agent run where it reaches the API server by a name that stands in its certificate.',
    )
}

const pem = (data: string): string => Buffer.from(data, 'base64').toString('utf8')
