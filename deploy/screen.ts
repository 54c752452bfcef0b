/** What `npm run up` shows: short lines, a box with the address, and failures with their remedy. */
const out = (text: string) => process.stdout.write(`${text}\n`)
const colour = process.stdout.isTTY && !process.env.NO_COLOR
const paint = (code: number, text: string) => (colour ? `\u001B[${code}m${text}\u001B[0m` : text)

// a reader that went away (`npm run up | head`) must not end what runs
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

export const screen = {
  ok: (text: string) => out(`  ${paint(32, '✓')} ${text}`),
  doing: (text: string) => out(`  · ${text} …`),
  warn(text: string, details: string[] = []) {
    out(`  ${paint(33, '!')} ${new Date().toLocaleTimeString('en-GB')} ${text}`)
    for (const line of details) out(`      ${line}`)
  },
  fail(text: string, details: string[] = []) {
    process.stderr.write(`\n  ${paint(31, '✗')} ${text}\n${details.map((line) => `    ${line}\n`).join('')}\n`)
  },
  box(lines: string[]) {
    const width = Math.max(...lines.map((line) => line.length))
    out(`\n  ╭${'─'.repeat(width + 4)}╮`)
    for (const line of lines) out(`  │  ${line.padEnd(width)}  │`)
    out(`  ╰${'─'.repeat(width + 4)}╯\n`)
  },
  say: (text: string) => out(`  ${text}`),
}
