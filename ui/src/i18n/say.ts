/** The formatters of kit/format bound to the chosen language. */
import * as format from '../kit/format.ts'
import { locale } from './language.ts'

export const say = {
  money: (amount: string, currency: string) => format.money(locale(), amount, currency),
  compactMoney: (amount: number, currency: string) => format.compactMoney(locale(), amount, currency),
  rate: (amount: string, currency: string, decimals?: number) => format.rate(locale(), amount, currency, decimals),
  decimal: (value: string | number | bigint, decimals?: number) => format.decimal(locale(), value, decimals),
  percent: (ratio: number) => format.percent(locale(), ratio),
  bytes: (value: string | number) => format.bytes(locale(), value),
  bytesParts: (value: string | number) => format.bytesParts(locale(), value),
  instant: (at: string | number, zone?: string) => format.instant(locale(), at, zone),
  span: (from: string | number, to: string | number, zone?: string) => format.span(locale(), from, to, zone),
  preciseInstant: (at: string | number, zone?: string) => format.preciseInstant(locale(), at, zone),
  date: (at: string | number, zone?: string) => format.date(locale(), at, zone),
  shortDate: (at: string | number, zone?: string) => format.shortDate(locale(), at, zone),
  month: (at: string | number, zone?: string) => format.month(locale(), at, zone),
  clock: (at: string | number) => format.clock(locale(), at),
  relative: (at: string | number, nowMs: number) => format.relative(locale(), at, nowMs),
  duration: (ms: number, units?: 1 | 2) => format.duration(locale(), ms, units),
}
