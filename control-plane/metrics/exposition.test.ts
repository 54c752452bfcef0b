/** The text that Prometheus scrapes. */
import { expect, test } from 'vitest'
import { exposition, type Families, gather } from './exposition.ts'

const A = '01980000-0000-7000-8000-00000000000a'
const B = '01980000-0000-7000-8000-00000000000b'
const labels = new Map([
  [A, { kind: 'host', name: 'a "quoted" \\ name\nof two lines', realm: 'r' }],
  [B, { kind: 'vm', name: 'b', realm: 'r' }],
])
const text = (families: Families) => [...exposition(families)].join('')

test('each family comes in one piece under one HELP and TYPE, although resources come one by one', () => {
  const families: Families = new Map()
  gather(families, [{ resource_id: A, seen_at: 1000, values: { uptime_seconds: 5, 'disk_read_bytes/vda': 7 } }], labels)
  gather(families, [{ resource_id: B, seen_at: 2000, values: { 'disk_read_bytes/vda': 8 } }], labels)
  expect(text(families)).toBe(
    [
      '# HELP atalaya_disk_read_bytes_total Bytes read from the disk',
      '# TYPE atalaya_disk_read_bytes_total counter',
      `atalaya_disk_read_bytes_total{resource_id="${A}",kind="host",name="a \\"quoted\\" \\\\ name\\nof two lines",realm="r",device="vda"} 7 1000`,
      `atalaya_disk_read_bytes_total{resource_id="${B}",kind="vm",name="b",realm="r",device="vda"} 8 2000`,
      '# HELP atalaya_uptime_seconds Time since the machine booted',
      '# TYPE atalaya_uptime_seconds gauge',
      `atalaya_uptime_seconds{resource_id="${A}",kind="host",name="a \\"quoted\\" \\\\ name\\nof two lines",realm="r"} 5 1000`,
      '',
    ].join('\n'),
  )
})

test('of two sources that report one metric the newer value is exposed, once', () => {
  const families: Families = new Map()
  const rows = [1000, 2000].map((seen_at) => ({ resource_id: B, seen_at, values: { uptime_seconds: seen_at / 1000 } }))
  gather(families, rows, labels)
  expect(families.get('uptime_seconds')).toEqual([
    `atalaya_uptime_seconds{resource_id="${B}",kind="vm",name="b",realm="r"} 2 2000\n`,
  ])
})

test('a metric without a published name and a resource without labels are left out', () => {
  const families: Families = new Map()
  gather(families, [{ resource_id: B, seen_at: 1, values: { strange: 1 } }], labels)
  gather(families, [{ resource_id: A, seen_at: 1, values: { uptime_seconds: 1 } }], new Map())
  expect(text(families)).toBe('')
})
