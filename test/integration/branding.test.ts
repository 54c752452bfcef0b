/** How documents look: who may choose it, what is refused, and that it is frozen at issue and never reaches back. */
import { deflateSync, crc32 } from 'node:zlib'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sha256 } from '#connectors/contract.ts'
import { newId } from '#control-plane/base/id.ts'
import type { LegalEntity } from '#control-plane/accounts/contract.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { type InvoiceContent } from '#control-plane/billing/contract.ts'
import { renderPdf } from '#control-plane/billing/documents.ts'
import { verify } from '#control-plane/billing/index.ts'
import { contentHash } from '#control-plane/billing/rules.ts'
import { rows } from '#control-plane/db/index.ts'
import type { Line } from '#control-plane/rating/contract.ts'
import { pdfText } from '../setup/pdf-text.ts'
import { Suite } from '../setup/stack.ts'
import { enrolledAgent, vm } from './agent.ts'
import { type Answer, apiOf, type Call } from './http.ts'
import { market, sell, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const START = Date.parse('2026-11-10T08:00:00.000Z')
let suite: Suite
let world: Prepared
let call: Call

/** A PNG of one colour. */
function png(width: number, height: number, grey = 0): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, sum])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 0, 0, 0, 0], 8)
  const pixels = Buffer.alloc((width + 1) * height, grey)
  for (let row = 0; row < height; row += 1) pixels[row * (width + 1)] = 0
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** Eight by eight pixels of red. */
const JPEG = `/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/2wBDAQkJCQwLDBgNDRgyIRwhMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjL/wAARCAAIAAgDASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwCCiiivnT9VP//Z`
const BANK = { name: 'CaixaBank', iban: 'ES91 2100 0418 4502 0005 1332', bic: 'caixesbbxxx' }
const BRANDING = { colour: '#1d4ed8', footer: { en: 'Registered in Madrid', es: 'Registrada en Madrid' }, bank: BANK }

const entity = () => `/legal-entities/${world.legal_entity_id}`
const change = (branding: unknown) => call('PATCH', entity(), { branding })
const put = (content: Buffer) => call('PUT', `${entity()}/logo`, { content: content.toString('base64') })
async function issued(hours: number): Promise<Answer['body']> {
  world.clock.now = START + hours * HOUR_MS
  const made = await call('POST', '/invoices', { account_id: world.account_id, to: iso(world.clock.now) })
  expect(made.status, made.text).toBe(201)
  return made.body
}
const pdf = async (id: string, language = 'en') => {
  const { status, text } = await call('GET', `/invoices/${id}/pdf?language=${language}`)
  return [status, sha256(text)]
}

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(START))
  await sell(world, { meter: 'vcpu', amount: '0.05' })
  const agent = await enrolledAgent(world, 'branding')
  await agent.send([agent.listing(START, 'h', [vm('a')])])
  await settled(world)
  call = await apiOf(suite, world)
})
afterAll(() => suite.end())

test('a pale colour, a wrong IBAN and a text that no font draws are refused where they stand', async () => {
  const refused = async (part: object) => {
    const { status, body } = await change({ ...BRANDING, ...part })
    return [status, body['errors']?.[0]?.pointer, body['errors']?.[0]?.detail]
  }
  expect(await refused({ colour: '#ffee00' })).toEqual([
    422,
    '/branding/colour',
    'is too pale on white paper: its contrast is 1.2:1 and must be at least 3:1; choose a darker one',
  ])
  expect(await refused({ colour: 'blue' })).toEqual([422, '/branding/colour', expect.stringContaining('#1d4ed8')])
  const iban = 'ES9121000418450200051333'
  expect(await refused({ bank: { ...BANK, iban } })).toEqual([
    422,
    '/branding/bank/iban',
    expect.stringContaining('check number'),
  ])
  expect((await refused({ bank: { ...BANK, bic: 'CAIX' } }))[1]).toBe('/branding/bank/bic')
  for (const en of ['日本', '😀', 'bell\u0007', '1\n2\n3\n4\n5', 'x'.repeat(401)])
    expect((await refused({ footer: { en, es: '' } }))[1]).toBe('/branding/footer/en')
})

test('a logo is what its bytes say: too large, damaged or of another kind, none is kept', async () => {
  const detail = async (content: Buffer) => {
    const { status, body } = await put(content)
    return [status, body['errors']?.[0]?.pointer, body['errors']?.[0]?.detail]
  }
  const says = (text: string) => [422, '/content', expect.stringContaining(text)]
  expect(await detail(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'))).toEqual(says('neither'))
  expect(await detail(Buffer.from('%PDF-1.7 and so on, longer than a header of a PNG'))).toEqual(says('neither'))
  expect(await detail(png(2_001, 1))).toEqual(says('2001 × 1'))
  expect(await detail(png(40, 40).subarray(0, 60))).toEqual(says('damaged'))
  expect(await detail(Buffer.concat([png(4, 4), Buffer.alloc(512 * 1024)]))).toEqual([
    422,
    '/content',
    expect.anything(),
  ])
  const files = await rows(world.db, sql`select from document`)
  expect(files).toHaveLength(0)
  expect((await call('GET', `${entity()}/logo`)).status).toBe(404)
})

test('who may not write companies chooses no look of them', async () => {
  const made = await call('POST', '/api-keys', { name: 'operator', role: 'operator' })
  const headers = { authorization: `Bearer ${made.body['token']}` }
  const content = png(4, 4).toString('base64')
  expect((await call('PATCH', entity(), { branding: BRANDING }, headers)).status).toBe(403)
  expect((await call('PUT', `${entity()}/logo`, { content }, headers)).status).toBe(403)
  expect((await call('DELETE', `${entity()}/logo`, undefined, headers)).status).toBe(403)
})

test('what a document was issued with stays on it, whatever is chosen later', async () => {
  const plain = await issued(1)
  expect(plain['content']).not.toHaveProperty('branding')
  const plainPdf = await pdf(plain['id'])

  expect((await change(BRANDING)).body['branding']).toEqual({
    ...BRANDING,
    bank: { name: 'CaixaBank', iban: 'ES9121000418450200051332', bic: 'CAIXESBBXXX' },
  })
  const logo = png(64, 16)
  expect((await put(logo)).body['logo']).toEqual({ sha256: sha256(logo), media_type: 'image/png' })
  world.clock.now += 60_000
  const draft = (await call('GET', `/accounts/${world.account_id}/draft`)).body
  expect(draft['branding']).toMatchObject({ colour: '#1d4ed8', logo: { sha256: sha256(logo) } })
  const branded = await issued(2)
  expect(branded['content'].branding).toEqual(draft['branding'])
  const brandedPdf = await pdf(branded['id'])
  const spanishPdf = await pdf(branded['id'], 'es')

  const other = Buffer.from(JPEG, 'base64')
  expect((await put(other)).body['logo']).toEqual({ sha256: sha256(other), media_type: 'image/jpeg' })
  await change({ ...BRANDING, colour: '#aa0000', footer: { en: '', es: '' }, bank: null })
  // rendered anew from what is frozen, and not only read from what was kept
  const again = async (invoice: Answer['body'], language: 'en' | 'es', image: Uint8Array | null) =>
    sha256(new TextDecoder().decode(await renderPdf(invoice['content'], invoice['lines'], language, image)))
  const read = async (id: string) => (await call('GET', `/invoices/${id}`)).body
  expect(await read(plain['id'])).toEqual(plain)
  expect(await read(branded['id'])).toEqual(branded)
  expect(await pdf(plain['id'])).toEqual(plainPdf)
  expect(await pdf(branded['id'])).toEqual(brandedPdf)
  expect(await again(plain, 'en', null)).toBe(plainPdf[1])
  expect(await again(branded, 'en', logo)).toBe(brandedPdf[1])
  expect(await again(branded, 'es', logo)).toBe(spanishPdf[1])
  expect(await again(branded, 'en', png(64, 16, 200))).not.toBe(brandedPdf[1])
  expect((await call('GET', `/invoices/${branded['id']}/logo`)).headers.get('content-type')).toBe('image/png')
  expect((await call('GET', `${entity()}/logo`)).headers.get('content-type')).toBe('image/jpeg')
  expect((await call('GET', `/invoices/${plain['id']}/logo`)).status).toBe(404)

  expect((await call('DELETE', `${entity()}/logo`)).status).toBe(204)
  expect((await read(branded['id']))['content'].branding.logo.sha256).toBe(sha256(logo))
  expect((await issued(3))['content'].branding).toMatchObject({ colour: '#aa0000', logo: null, bank: null })
  expect(await world.run(verify)).toMatchObject({ invoices: 3, findings: [] })
})

test('each choice is an event with what was before and after', async () => {
  const { body } = await call('GET', '/audit?type=legal_entity.changed')
  const last = (body['items'] as { before: LegalEntity; after: LegalEntity }[])[0]!
  expect(last.before.logo?.media_type).toBe('image/jpeg')
  expect(last.after.logo).toBeNull()
  expect(JSON.stringify(body)).not.toContain(png(64, 16).toString('base64'))
})

test('a customer sees the logo of who sells to him, and of another seller as little as of one that never was', async () => {
  await put(png(4, 4))
  const other = await call('POST', '/legal-entities', {
    name: 'Another',
    address: { country: 'ES' },
    currency: 'EUR',
    zone: 'Europe/Madrid',
    language: 'es',
    tax_category: 'S',
    tax_rate: '21.00',
    invoice_prefix: 'B-',
  })
  const of = (id: string) => `/legal-entities/${id}/logo`
  expect((await call('PUT', of(other.body['id']), { content: png(5, 5).toString('base64') })).status).toBe(200)
  const made = await call('POST', '/api-keys', { name: 'his', role: 'tenant_member', account_id: world.account_id })
  const headers = { authorization: `Bearer ${made.body['token']}` }
  const seen = (id: string) => call('GET', of(id), undefined, headers)
  expect((await seen(world.legal_entity_id)).status).toBe(200)
  const masked = async (id: string) => (await seen(id)).text.replaceAll(id, '').replace(/"request_id":"[^"]*"/, '')
  expect((await seen(other.body['id'])).status).toBe(404)
  expect(await masked(other.body['id'])).toBe(await masked(newId()))
})

/** Made by the version before documents could be branded. */
const ID = '0198c5d0-0000-7000-8000-000000000000'
const ADDRESS = { street: 'Calle Mayor 1', postal_code: '28013', city: 'Madrid', country: 'ES' }
const PERIOD = { from: '2026-11-10T08:00:00.000Z', to: '2026-11-10T10:00:00.000Z' }
const OLD: InvoiceContent = {
  schema_version: 1,
  engine_version: 2,
  number: 'A-2026-000001',
  document_type: 'invoice',
  issued_at: '2026-11-10T10:00:00.000Z',
  due_at: '2026-12-10T10:00:00.000Z',
  period: PERIOD,
  contract_id: ID,
  seller: { id: ID, name: 'My company', address: ADDRESS, tax_id: 'ESB12345678', email: 'billing@example.com' },
  buyer: { id: ID, name: 'First customer', address: ADDRESS, tax_id: '', email: '' },
  language: 'en',
  currency: 'EUR',
  zone: 'Europe/Madrid',
  cut: 1,
  taxes: [{ category: 'S', rate: '21.00', base: '0.20', tax: '0.04' }],
  totals: { net: '0.20', tax: '0.04', total: '0.24' },
}
const OLD_LINE: Line = {
  id: '1',
  service_id: ID,
  resource: { id: ID, kind: 'vm', name: 'a' },
  component: 'vm.vcpu',
  meter: 'vcpu',
  price: {
    id: ID,
    model: 'per_unit',
    per: 'hour',
    unit: 'vCPU',
    amount: '0.05',
    effective_at: '2026-11-01T00:00:00.000Z',
  },
  period: PERIOD,
  divisor: '3600000',
  quantity: '14400000',
  quantity_display: '4',
  exact: '1/5',
  net: '0.20',
  currency: 'EUR',
  tax_category: 'S',
  tax_rate: '21.00',
  unobserved_ms: 0,
  estimated: false,
  segments: [],
}
test('content from before is hashed and drawn to the byte as it was', async () => {
  expect(contentHash(OLD, [OLD_LINE], '')).toBe('3760d0224361c332600d5f5990a0f8fe53e6fff1bcdf8c72fa99dfd65dcbba01')
  expect(sha256(await renderPdf(OLD, [OLD_LINE], 'en'))).toBe(
    '567e1d0b26d8e831b6d820fdb64ad574f1e52f772a23626568dbd33b5b5c9815',
  )
  expect(sha256(await renderPdf(OLD, [OLD_LINE], 'es'))).toBe(
    '70ae48787a7e19c2471a6d2522d6bf9adb28061da8a3fd5cc8e814a444a995bc',
  )
})

test('a name that no font of ours draws stands as boxes: the document is made', async () => {
  const buyer = { ...OLD.buyer, name: '中文 Łódź 😀 Inc.' }
  const text = pdfText(
    await renderPdf({ ...OLD, buyer }, [{ ...OLD_LINE, resource: { ...OLD_LINE.resource, name: '服务器' } }], 'en'),
  )
  expect(text).toContain('□□ Łódź □ Inc.')
  expect(text).toContain('□□□')
})
