/** A process that sends what is queued, again and again, by a clock that runs faster than ours. It is killed, never asked to stop. */
import { connect } from '#control-plane/db/index.ts'
import { createPost, sendMails } from '#control-plane/mails/index.ts'

const [url = '', smtp = '', began = '', speed = ''] = process.argv.slice(2)
const db = connect(url, 2)
const now = () => Math.round(Number(began) + (Date.now() - Number(began)) * Number(speed))
const post = createPost(smtp, 'billing@seller.example')
const compose = async (_ctx: unknown, subject_id: string, to: string) => ({
  from: { name: 'Seller', address: 'billing@seller.example' },
  to,
  subject: subject_id,
  text: 'A letter.\n',
  attachments: [],
})

await db.$client`select 1`
process.stdout.write('ready\n')
for (;;) {
  await sendMails({ db, now, post, compose, onLost: () => {} }).catch(() => {})
  await Bun.sleep(20)
}
