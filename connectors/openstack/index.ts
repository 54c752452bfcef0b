/** The connector for OpenStack: projects, servers, volumes and floating IP addresses of one region, by the public APIs. */
import { z } from 'zod'
import { type Connector, ConnectorError, type Manifest } from '#connectors/contract.ts'
import { Client } from './client.ts'
import type { Cloud, Credential } from './keystone.ts'
import { OpenStackSession } from './session.ts'

const secret = z.string().min(1).max(1_000)
const name = z.string().min(1).max(255)
const Settings = z.strictObject({
  auth_url: z
    .url({ protocol: /^https?$/ })
    .max(1_000)
    .meta({
      title: 'Address of Keystone',
      description: '`OS_AUTH_URL` of the openrc file; over http the credential can be read on the way.',
      examples: ['https://keystone.example:5000/v3'],
    }),
  region: name.optional().meta({ title: 'Region', description: 'Needed where the cloud has several.' }),
  interface: z
    .enum(['public', 'internal', 'admin'])
    .default('public')
    .meta({ title: 'Interface', description: 'Which addresses of the catalogue are used.' }),
  application_credential_id: name.optional().meta({
    title: 'Application credential',
    description: 'Its id. Better than a password: it is of one project, and can be revoked by itself.',
  }),
  application_credential_secret: secret.optional().meta({ title: 'Secret of the application credential' }),
  username: name.optional().meta({ title: 'User', description: 'In place of an application credential.' }),
  password: secret.optional().meta({ title: 'Password' }),
  user_domain: name.optional().meta({ title: 'Domain of the user', description: 'Its name; else Default.' }),
  project_id: name.optional().meta({ title: 'Project id', description: 'With a password: this or the name.' }),
  project_name: name.optional().meta({ title: 'Project name' }),
  project_domain: name.optional().meta({ title: 'Domain of the project', description: 'Its name; else Default.' }),
  all_projects: z
    .boolean()
    .default(false)
    .meta({ title: 'All projects', description: 'For the cloud’s operator: needs the role admin.' }),
  ca: z.string().max(65_536).includes('-----BEGIN CERTIFICATE-----').optional().meta({
    title: 'Certificate authority',
    description: 'PEM; no other authority is trusted then, of Keystone and all services.',
    format: 'textarea',
  }),
  fingerprints: z
    .array(z.string().regex(/^([0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2}$/))
    .max(32)
    .optional()
    .meta({
      title: 'Fingerprints',
      description: 'Instead of an authority: SHA-256 of the certificates of all services.',
    }),
})
type Settings = z.infer<typeof Settings>

const manifest: Manifest = {
  name: 'openstack',
  version: '0.1.0',
  title: 'OpenStack',
  description: 'Projects, servers with their flavours, volumes and floating IP addresses of a region.',
  realm:
    'One name for each region of each cloud, such as keystone.example/RegionOne, the same for all sources that read projects of it.',
  kinds: ['namespace', 'vm', 'volume', 'ip'],
  metrics: [],
  supports: 'Keystone v3, Nova 2.1 to 2.69 (Mitaka and later), Cinder v3, Neutron v2.0',
  permissions:
    'An application credential with the role reader (before Wallaby: member) in one project: openstack application credential create --role reader atalaya. For all projects a user or credential with the role admin: it alone may list those of others, and is told on which hypervisor a server is.',
  default_interval_ms: 60_000,
  settings: z.record(z.string(), z.json()).parse(z.toJSONSchema(Settings, { io: 'input' })),
  secrets: ['application_credential_secret', 'password'],
  commands: [],
}

const badSettings = (message: string): ConnectorError =>
  new ConnectorError(
    'bad_settings',
    message,
    'Give the address of Keystone and either the id and secret of an application credential, or user, password and project.',
  )

function credentialOf(settings: Settings): Credential {
  const { application_credential_id: id, application_credential_secret, username, password } = settings
  const { project_id, project_name, user_domain = 'Default', project_domain = 'Default' } = settings
  if (id !== undefined && application_credential_secret !== undefined && username === undefined)
    return { by: 'application_credential', id, secret: application_credential_secret }
  if (id !== undefined || application_credential_secret !== undefined)
    throw badSettings('an application credential needs its id and its secret, and no user beside them')
  if (username === undefined || password === undefined) throw badSettings('there is no whole credential')
  if (project_id === undefined && project_name === undefined) throw badSettings('a user needs a project')
  const project = project_id === undefined ? { name: project_name ?? '', domain: project_domain } : { id: project_id }
  return { by: 'password', username, user_domain, password, project }
}

/** As openrc files write it: with or without its version, in a path of its own or not. */
export function authUrl(text: string): string {
  const { origin, pathname, search, username, password } = new URL(text)
  if (username || password || search) throw badSettings('auth_url: has more than a protocol, a name, a port and a path')
  const path = pathname.replace(/\/+$/, '').replace(/\/v[23](\.\d+)?$/, '')
  return `${origin}${path}/v3`
}

export const connector: Connector = {
  manifest,
  async open(settings, surroundings) {
    const parsed = Settings.safeParse(settings)
    if (!parsed.success)
      // never the value: it may be the secret
      throw badSettings(
        parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'settings'}: ${message}`).join('; '),
      )
    const { auth_url, region = null, interface: face, all_projects, ca, fingerprints } = parsed.data
    const cloud: Cloud = {
      auth_url: authUrl(auth_url),
      credential: credentialOf(parsed.data),
      region,
      interface: face,
      trust: { ca, fingerprints },
    }
    return new OpenStackSession(new Client(cloud), { ...surroundings, all_projects })
  },
}
