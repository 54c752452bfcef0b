/** What an answer may never be, whatever was asked. */

export interface Answered {
  status: number
  type: string
  text: string
}

/** Stack traces, paths and words of SQL: the inside of the program. */
const INSIDE: readonly RegExp[] = [
  /\bat .{0,200}\.(ts|js|mjs):\d+/,
  /node_modules|\/control-plane\//,
  /\b(PostgresError|DrizzleQueryError|ZodError|TypeError|RangeError|SyntaxError|ReferenceError)\b/,
  /\bFailed query\b/i,
  /\b(select|insert into|update|delete from)\b.{1,300}\b(from|values|set|where|returning)\b/i,
  /\bcolumn "[^"]+" |relation "[^"]+"|constraint "[^"]+"/,
]

/** `asked` is the request as text: what came from there may come back. */
export function wrongAnswer(
  { status, type, text }: Answered,
  asked: string,
  secrets: readonly string[],
): string | null {
  if (status >= 500) return `answered ${status}: ${text.slice(0, 300)}`
  const secret = secrets.findIndex((one) => text.includes(one))
  if (secret >= 0) return `the answer holds a secret (number ${secret})`
  // a document describes what can go wrong, and so names much
  if (status < 400) return type.startsWith('application/json') ? notJson(text) : null
  const told = INSIDE.find((pattern) => pattern.test(text) && !pattern.test(asked))
  if (told) return `the answer tells of the inside (${told.source}): ${text.slice(0, 300)}`
  return notProblem(status, type, text)
}

function notJson(text: string): string | null {
  try {
    JSON.parse(text)
    return null
  } catch {
    return `an answer says that it is JSON and isn't: ${text.slice(0, 200)}`
  }
}

/** RFC 9457, with what a person needs: which kind, what failed, and an id to quote. */
function notProblem(status: number, type: string, text: string): string | null {
  if (!type.startsWith('application/problem+json'))
    return `answered ${status} as ${type || 'nothing'}, not as a problem`
  const wrong = notJson(text)
  if (wrong) return wrong
  const body = JSON.parse(text) as Record<string, unknown>
  const told = ['type', 'title', 'code', 'detail', 'request_id'].every(
    (name) => typeof body[name] === 'string' && body[name] !== '',
  )
  return told && body.status === status ? null : `a problem that doesn't say what failed: ${text.slice(0, 200)}`
}
