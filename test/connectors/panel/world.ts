/** What stands in that panel: rows with the attributes that version 1 gives them. */
import type { PanelDouble } from './panel.ts'

const NOW = '2026-03-01T08:30:00+00:00'

export const location = (id: number) => ({ id, short: `site-${id}`, long: null, created_at: NOW, updated_at: NOW })

export const node = (id: number) => ({
  id,
  uuid: crypto.randomUUID(),
  public: true,
  name: `node-${id}`,
  description: null,
  location_id: 1,
  fqdn: `node-${id}.games.example`,
  scheme: 'https',
  behind_proxy: false,
  maintenance_mode: false,
  memory: 65_536,
  memory_overallocate: 0,
  disk: 500_000,
  disk_overallocate: 0,
  upload_size: 100,
  daemon_listen: 8_080,
  daemon_sftp: 2_022,
  daemon_base: '/var/lib/pterodactyl/volumes',
  created_at: NOW,
  updated_at: NOW,
})

export const user = (id: number, external_id: string | null) => ({
  id,
  external_id,
  uuid: crypto.randomUUID(),
  username: `user${id}`,
  email: `user${id}@example.test`,
  first_name: 'A',
  last_name: 'B',
  language: 'en',
  root_admin: false,
  '2fa': false,
  created_at: NOW,
  updated_at: NOW,
})

export function server(id: number, name: string, changes: Record<string, unknown> = {}) {
  const uuid = crypto.randomUUID()
  return {
    id,
    external_id: null,
    uuid,
    identifier: uuid.slice(0, 8),
    name,
    description: '',
    status: null,
    suspended: false,
    limits: { memory: 2_048, swap: 0, disk: 10_240, io: 500, cpu: 100, threads: null, oom_disabled: true },
    feature_limits: { databases: 0, allocations: 0, backups: 0 },
    user: 1,
    node: 1,
    allocation: id,
    nest: 1,
    egg: 1,
    container: { startup_command: './start', image: 'image', installed: 1, environment: {} },
    created_at: NOW,
    updated_at: NOW,
    ...changes,
  }
}

/** A node in a location, an owner, and so many servers. */
export function furnish({ lists }: PanelDouble, servers: number): void {
  lists['locations']!.set(1, location(1))
  for (const id of [1, 2]) lists['nodes']!.set(id, node(id))
  lists['users']!.set(1, user(1, null))
  for (let id = 1; id <= servers; id += 1) lists['servers']!.set(id, server(id, `passer-by-${id}`))
}
