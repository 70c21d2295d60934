import { seededRandom, type SeededRandom } from '../seeded-random.js'
import { attackerAddress } from './addresses.js'
import { commonLogStamp } from './stamps.js'

/** Nearly something that rules look for: all but the last letter, so that a matcher goes deep and comes back each time. */
const ALMOST = [
  '../../../../../../etc/passw',
  '..%2f..%2f..%2f..%2fetc%2fpassw',
  '%2e%2e/%2e%2e/%2e%2e/etc/shado',
  '....//....//....//windows/win.in',
  'union+select+nul',
  'UNION%20ALL%20SELEC',
  "'%20OR%20'1'%20=%20'",
  '1+AND+(SELECT+*+FROM+(SELECT(SLEE',
  'information_schem',
  '%3Cscrip',
  '<svg/onloa',
  'javascrip:aler',
  '${${lower:jnd',
  '{{7*7}',
  '/wp-admi',
  '/phpmyadmi',
  '.git/confi',
  '/.en',
  'sqlma',
  'niktonikt',
  ';cat+/etc',
  '%00%00%0',
] as const

/** Text on which patterns with nested or neighbouring repetition do all their work twice at each letter. */
const REPEATS = [
  'a',
  'aa!',
  'ab',
  '.',
  '/',
  '%',
  '%25',
  '../',
  '..',
  '((',
  "''",
  '0x',
  ' or ',
  '<',
  '=1=',
  '{{',
  '\\x22',
  '&a=',
  '+',
  '-',
] as const

const fillTo = (r: SeededRandom, length: number, next: () => string): string => {
  let text = ''
  while (text.length < length) text += next()
  return text.slice(0, length - 8) + r.integer(0x1000_0000, 0xffff_ffff).toString(16)
}

/** The longest line made: what readers take in one piece. */
const LINE = 8_192

/**
 * An nginx access log in which every line is built to be slow for regular expressions, prefilters and memos: 8 KiB of
 * almost-matches in the URL, the referrer or the user agent, and no path or user agent twice. Yields lines without line ends.
 */
export const hostileNginxLog = function* (options: { lines: number; seed?: number; end?: number }): Generator<string, void, undefined> {
  const { lines, seed = 7, end = Date.UTC(2026, 10, 20) } = options
  const r = seededRandom(`hostile-${seed}`)
  const start = end / 1000 - 3600
  for (let i = 0; i < lines; i++) {
    const ip = attackerAddress(r)
    const head = `${ip} - - [${commonLogStamp(start + (i * 3600) / lines)}] "GET /`
    const single = r.pick(ALMOST)
    const repeated = r.pick(REPEATS)
    const shape = i % 6
    const word = (): string =>
      shape === 0
        ? single
        : shape === 1
          ? repeated
          : shape === 2
            ? r.pick(ALMOST)
            : shape === 3
              ? r.pick(ALMOST) + repeated
              : r.pick(ALMOST).slice(0, r.integer(1, 12))
    const agentLength = shape === 5 ? 4000 : 400
    const agent = `Mozilla/5.0 ${fillTo(r, agentLength, word).replaceAll('"', '')}`
    const mark = r.integer(0, 3)
    const urlLength = LINE - head.length - agent.length - 40
    const path = fillTo(r, urlLength, word)
    const url = mark === 0 ? path : `${path.slice(0, urlLength >> mark)}?q=${path.slice(urlLength >> mark)}`
    yield `${head}${url.replaceAll('"', '')} HTTP/1.1" 404 153 "-" "${agent}"`
  }
}
