/** The proof of re-rating: in a played world each invoice with its notes is what the oracle makes of its period, and nothing issued changed. */
import { sql } from 'drizzle-orm'
import { changeLegalEntity } from '#control-plane/accounts/index.ts'
import { system } from '#control-plane/base/actor.ts'
import { fromIso } from '#control-plane/base/time.ts'
import type { Cause, DocumentLine, InvoiceContent, ReRating } from '#control-plane/billing/contract.ts'
import { issueNotes, readyToReRate, reRate } from '#control-plane/billing/index.ts'
import { rows } from '#control-plane/db/index.ts'
import { NewGapAcceptance } from '#control-plane/rating/contract.ts'
import { acceptGaps } from '#control-plane/rating/index.ts'
import { noteDifferences, type Billed } from './oracle/notes.ts'
import { HOUR_MS, type Plan } from './plan.ts'
import { machineKeys } from './product.ts'
import type { Played, Stage } from './world.ts'

/** When invoices are rated again on the way: after the first bills, and after most corrections. */
const ROUNDS = [0.66, 0.9]
const ANOTHER_RATE = '3.00'

export class Notes {
  readonly #plan: Plan
  readonly #wrong: string[] = []
  readonly #counted = new Map<string, number>()
  /** what was reviewed on the way and not issued: the same cut must say the same at the end */
  readonly #reviewed = new Map<string, { account: string; shown: ReRating }>()

  constructor(plan: Plan) {
    this.#plan = plan
  }

  get text(): string {
    return [...this.#counted].map(([what, count]) => `${count} ${what}`).join(', ')
  }

  schedule(stage: Stage): void {
    const { start, end } = this.#plan
    const [first = start, second = end] = ROUNDS.map((part) => start + Math.round((end - start) * part))
    // every other seed only looks: what it saw is compared with what the same cut says at the end
    const meanwhile = async () => {
      if (this.#plan.seed % 2 === 0) await this.#round(stage)
      else await this.#look(stage)
    }
    stage.agenda.at(first, meanwhile)
    stage.agenda.at(second, meanwhile)
  }

  /** All that is wrong, in words. */
  async conclude(played: Played): Promise<string[]> {
    const { world, account_ids, truth } = played
    await this.#lookAgain(played)
    // notes are taxed as their invoices were, whatever the rate is now
    await world.run((ctx) => changeLegalEntity(ctx, world.legal_entity_id, { tax_rate: ANOTHER_RATE }))
    const accepted = await this.#round(played)
    const whole = { ...truth, decisions: [...played.chronicle.decisions] }
    const billed = await billedBy(played)
    this.#wrong.push(...noteDifferences(whole, billed))
    for (const [account, id] of account_ids) if (!accepted.has(account)) await this.#nothingMore(played, account, id)
    return this.#wrong
  }

  #count(what: string, times = 1): void {
    this.#counted.set(what, (this.#counted.get(what) ?? 0) + times)
  }

  async #review({ world }: Stage, account_id: string): Promise<ReRating> {
    const cut = await readyToReRate(world.db, system('world'), () => world.clock.now, {})
    return world.run((ctx) => reRate(ctx, account_id, cut))
  }

  async #look(stage: Stage): Promise<void> {
    for (const [account, id] of stage.account_ids) {
      const shown = await this.#review(stage, id)
      this.#reviewed.set(`${account} ${shown.cut}`, { account, shown })
      this.#count('looked at', shown.documents.length)
    }
  }

  async #lookAgain({ world, account_ids }: Stage): Promise<void> {
    for (const { account, shown } of this.#reviewed.values()) {
      const cut = await readyToReRate(world.db, system('world'), () => world.clock.now, { cut: shown.cut })
      const again = await world.run((ctx) => reRate(ctx, account_ids.get(account) ?? '', cut))
      if (JSON.stringify(again) !== JSON.stringify(shown))
        this.#wrong.push(`Cut ${shown.cut} says otherwise of ${account} than it did: ${firstOf(shown, again)}.`)
    }
  }

  /** Notes for all accounts; gaps that hold one back are accepted first, as people would. Returns who is held back still. */
  async #round(stage: Stage): Promise<Set<string>> {
    const { world, account_ids } = stage
    const held = new Set<string>()
    const before = await frozen(stage)
    for (const [account, id] of account_ids) {
      let shown = await this.#review(stage, id)
      if (shown.documents.some((one) => one.blocked_gaps.length > 0)) {
        await this.#accept(stage, account, id, shown)
        shown = await this.#review(stage, id)
      }
      if (shown.documents.some((one) => one.outcome === 'held_back')) held.add(account)
      const input = { cut: shown.cut, digest: shown.digest }
      const ids = await world.run((ctx) => issueNotes(ctx, id, input))
      this.#tally(account, shown, ids.length)
      const twice = await world.run((ctx) => issueNotes(ctx, id, { cut: shown.cut }))
      if (twice.length > 0)
        this.#wrong.push(`The same cut was issued twice for ${account}: ${twice.length} documents more.`)
    }
    const after = new Map((await frozen(stage)).map((row) => [row.id, row.text]))
    for (const { id, text } of before) if (after.get(id) !== text) this.#wrong.push(`Document ${id} was changed.`)
    return held
  }

  #tally(account: string, { documents }: ReRating, issued: number): void {
    let due = 0
    for (const { outcome, lines } of documents) {
      this.#count(outcome)
      if (['credit_note', 'debit_note', 'invoice'].includes(outcome)) due += 1
      for (const cause of new Set<Cause>(lines.flatMap((line) => line.causes))) this.#count(cause)
    }
    if (due !== issued) this.#wrong.push(`Of ${account} ${due} documents were reviewed and ${issued} were issued.`)
  }

  async #accept({ world, agenda, chronicle, plan }: Stage, account: string, id: string, shown: ReRating) {
    const keys = await machineKeys(world)
    const gaps = shown.documents
      .flatMap((one) => one.blocked_gaps)
      .slice(0, 1_000)
      .map(({ resource, meter, from, to }) => ({ resource_id: resource.id, meter, from, to }))
    const input = NewGapAcceptance.parse({ gaps, reason: 'the customer agrees' })
    await world.run((ctx) => acceptGaps(ctx, id, input))
    chronicle.decisions.push({
      at: Math.min(agenda.now, plan.end + HOUR_MS),
      type: 'accept',
      account,
      gaps: gaps.map(({ resource_id, meter, from, to }) => ({
        machine: keys.get(resource_id) ?? resource_id,
        meter,
        from: fromIso(from),
        to: fromIso(to),
      })),
    })
    this.#count('accepted gaps', gaps.length)
  }

  async #nothingMore(stage: Stage, account: string, id: string): Promise<void> {
    const { documents } = await this.#review(stage, id)
    const left = documents.filter(({ outcome }) => outcome !== 'even')
    if (left.length > 0)
      this.#wrong.push(`After its notes ${account} still differs: ${JSON.stringify(left[0]).slice(0, 400)}.`)
  }
}

/** Where two answers begin to differ. */
function firstOf(a: ReRating, b: ReRating): string {
  const [one, other] = [JSON.stringify(a), JSON.stringify(b)]
  const at = [...one].findIndex((letter, index) => letter !== other[index])
  const around = (text: string) => text.slice(Math.max(0, at - 200), at + 200)
  return `${around(one)} before, ${around(other)} now`
}

/** Every byte of what was issued. */
const frozen = ({ world }: Stage) =>
  rows<{ id: string; text: string }>(
    world.db,
    sql`select i.id, md5(i::text || coalesce((select string_agg(l::text, '' order by l.position) from invoice_line l where l.invoice_id = i.id), '')) as text
        from invoice i`,
  )

/** Each invoice with the sum of its notes, by machine and component. */
async function billedBy({ world, account_ids }: Stage): Promise<Billed[]> {
  const keys = await machineKeys(world)
  const names = new Map([...account_ids].map(([key, id]) => [id, key]))
  const documents = await rows<{
    id: string
    corrects_id: string | null
    account_id: string
    content: InvoiceContent
    lines: DocumentLine[]
  }>(
    world.db,
    sql`select i.id, i.corrects_id, i.account_id, i.content,
          coalesce((select jsonb_agg(l.content) from invoice_line l where l.invoice_id = i.id), '[]') as lines
        from invoice i order by i.period_from, i.cut`,
  )
  return documents
    .filter((one) => one.corrects_id === null)
    .map(({ id, account_id, content }) => ({
      account: names.get(account_id) ?? account_id,
      number: content.number,
      period: { from: fromIso(content.period.from), to: fromIso(content.period.to) },
      rate: content.taxes[0]?.rate ?? '',
      documents: documents
        .filter((one) => one.id === id || one.corrects_id === id)
        .map(({ content: own, lines }) => ({
          sign: own.document_type === 'credit_note' ? -1n : 1n,
          tax: own.totals.tax,
          rates: own.taxes.map((row) => row.rate),
          lines: lines.map((line) => ({
            key: `${keys.get(line.resource.id) ?? line.resource.id} ${line.component}`,
            net: line.net,
          })),
        })),
    }))
}
