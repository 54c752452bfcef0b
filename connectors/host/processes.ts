/** How many processes there are, at a twentieth of the price of listing them. */
import { readdirSync, statSync } from 'node:fs'

const PROC = '/proc'
/** A kernel module may add a directory to /proc: a minute later, at ticks of ten seconds, the count knows. */
const COUNTS_BETWEEN_LISTINGS = 5
/** `.` and `..` */
const OWN_LINKS = 2

const isProcess = (name: string) => name.charCodeAt(0) <= 57 && name.charCodeAt(0) >= 48

/**
 * A directory has a link for each directory in it, and Linux keeps that up for /proc: the processes of the machine and a few
 * directories of the kernel. Where processes are hidden (a container, `hidepid`) the two numbers differ, and only listing tells.
 */
export class ProcessCount {
  /** links that aren't processes; null: not known */
  #others: number | null = null
  #counts_left = 0

  read(): number {
    if (this.#others !== null && this.#counts_left-- > 0) return statSync(PROC).nlink - this.#others
    const links = statSync(PROC).nlink
    const entries = readdirSync(PROC, { withFileTypes: true })
    const processes = entries.filter(({ name }) => isProcess(name)).length
    const others = entries.filter((entry) => !isProcess(entry.name) && entry.isDirectory()).length + OWN_LINKS
    this.#others = links === processes + others ? others : null
    this.#counts_left = COUNTS_BETWEEN_LISTINGS
    return processes
  }
}
