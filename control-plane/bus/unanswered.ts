/** A request that got no answer: nobody listens on its subject, or who does said nothing in time. */
export class Unanswered extends Error {
  readonly why: 'nobody_listens' | 'too_late'
  constructor(why: Unanswered['why'], cause?: unknown) {
    super(why === 'nobody_listens' ? 'nobody listens there' : 'no answer came in time', { cause })
    this.name = 'Unanswered'
    this.why = why
  }
}
