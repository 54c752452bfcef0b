/** Tables that belong to no one account: why, and whether a tenant's connection sees any row of them. */
const FACTS = 'facts of machines whose owner changes with time: verbs cut them to the time in which they were his'
const RIVER = 'how reports arrive and are worked through, for all accounts together'
const SELLER = 'of those who sell, the same for all their accounts'
const STAFF = 'a matter of those who run the installation'

const PERSON = 'of a person, who may belong to several accounts: verbs reach it by who he is'

interface Why {
  why: string
  rows?: true
  /** of the rows that he sees he may delete some */
  deletes?: true
}

export const INSTALLATION_TABLES: Readonly<Record<string, Why>> = {
  account: { why: 'the account itself: its id is what the others have as account_id', rows: true },
  agent: { why: STAFF },
  agent_release: { why: STAFF },
  agent_rollout: { why: STAFF },
  agent_update: { why: STAFF },
  assignment_rule: { why: STAFF },
  assignment_rule_change: { why: STAFF },
  audit_head: { why: 'one chain over the records of all accounts' },
  audit_seal: { why: 'one chain over the records of all accounts' },
  batch: { why: RIVER },
  cost_book: { why: STAFF },
  coupon: { why: SELLER },
  custom_role: { why: 'a tenant knows the roles of accounts, to give them to his own people', rows: true },
  cut: { why: RIVER },
  dirty_cover: { why: RIVER },
  dirty_resource: { why: RIVER },
  dirty_usage: { why: RIVER },
  document: { why: 'files by their hash: the verb finds them by an invoice that the tenant reaches' },
  due_owner: { why: RIVER },
  installation: { why: 'its id, which is no secret', rows: true },
  index_value: { why: SELLER },
  intake_hour: { why: RIVER },
  legal_entity: { why: 'a tenant sees those who sell to him', rows: true },
  listing: { why: FACTS },
  lost_range: { why: RIVER },
  metric_intake: { why: RIVER },
  metric_last: { why: FACTS },
  metric_sample: { why: FACTS },
  notice: { why: STAFF },
  observed_version: { why: FACTS },
  part_entry: { why: STAFF },
  passkey: { why: PERSON },
  period_close: { why: SELLER },
  person: { why: 'a tenant sees those who belong to his accounts', rows: true },
  person_key: { why: 'what names people is opened by the program, never on a connection of a tenant' },
  person_session: { why: 'a tenant sees and ends those that act for his accounts', rows: true, deletes: true },
  plan: { why: SELLER },
  price_book: { why: SELLER },
  price_change: { why: SELLER },
  price_change_entry: { why: SELLER },
  price_index: { why: SELLER },
  price_version: { why: SELLER },
  proof: { why: FACTS },
  quarantine: { why: RIVER },
  rack: { why: STAFF },
  rack_mount: { why: STAFF },
  reading: { why: FACTS },
  same_as: { why: FACTS },
  same_as_decision: { why: STAFF },
  scope: { why: FACTS },
  source_pause: { why: STAFF },
  scope_gap: { why: FACTS },
  series: { why: SELLER },
  sighting: { why: FACTS },
  sign_in_failure: { why: 'by the hash of an address, known or not' },
  sign_in_method: { why: PERSON },
  sign_in_secret: { why: 'signs the cookies of all, sealed' },
  snapshot: { why: FACTS },
  snapshot_part: { why: FACTS },
  spool: { why: RIVER },
  sso_provider: { why: STAFF },
  tax_rate: { why: SELLER },
  tax_setting: { why: SELLER },
  totp: { why: PERSON },
  usage_hour: { why: FACTS },
  verification: { why: PERSON },
  what_if: { why: SELLER },
}
