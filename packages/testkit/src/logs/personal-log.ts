import { seededRandom, type SeededRandom } from '../seeded-random.js'

/** One line of {@link personalLog} and what was put into it. */
export type PersonalLine = {
  readonly line: string
  /** values that must not be readable afterwards */
  readonly planted: readonly string[]
  /** values that look like them and must stay */
  readonly decoys: readonly string[]
}

const HEX = '0123456789abcdef'
const ALNUM = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const DIGITS = '0123456789'

const word = (r: SeededRandom, letters: string, count: number): string => {
  let text = ''
  for (let i = 0; i < count; i++) text += letters[r.integer(0, letters.length)] ?? ''
  return text
}
const uuid = (r: SeededRandom): string =>
  [word(r, HEX, 8), word(r, HEX, 4), `4${word(r, HEX, 3)}`, `a${word(r, HEX, 3)}`, word(r, HEX, 12)].join('-')

const luhnDigit = (digits: string): string => {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i])
    const doubled = i % 2 === 0 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return String((10 - (sum % 10)) % 10)
}
const card = (r: SeededRandom): string => {
  const body = `4${word(r, DIGITS, 14)}`
  return body + luhnDigit(body)
}
const iban = (r: SeededRandom): string => {
  const account = word(r, DIGITS, 18)
  const check = 98n - (BigInt(`${account}131400`) % 97n)
  return `DE${String(check).padStart(2, '0')}${account}`
}
const NAMES = ['jane.doe', 'max_mustermann', 'li.wei', 'o.brien', 'marie-claire', 'a.kowalski', 'sam+news', 'r2d2']
const DOMAINS = ['example.com', 'mail.example.org', 'example.co.uk', 'mailbox.example', '163.com', 'firma-example.de']
const email = (r: SeededRandom): string => `${r.pick(NAMES)}${r.integer(1, 9999)}@${r.pick(DOMAINS)}`
const phone = (r: SeededRandom): string =>
  r.pick([
    () => `+49 151 ${word(r, DIGITS, 8)}`,
    () => `+1 (415) ${r.integer(200, 999)}-${word(r, DIGITS, 4)}`,
    () => `+4479${word(r, DIGITS, 8)}`,
    () => `(212) ${r.integer(200, 999)}-${word(r, DIGITS, 4)}`,
    () => `06 ${r.integer(10, 99)} ${r.integer(10, 99)} ${r.integer(10, 99)} ${r.integer(10, 99)}`,
  ])()

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const jwt = (r: SeededRandom): string =>
  `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: uuid(r), iat: 1_763_769_878 })}.${word(r, ALNUM, 43)}`

/** A place in the object of a line: sets a field and says what was put in. */
type Plant = (r: SeededRandom, fields: Record<string, unknown>) => string

const PLANTS: readonly Plant[] = [
  (r, fields) => {
    const value = email(r)
    fields['email'] = value
    return value
  },
  (r, fields) => {
    const value = email(r)
    fields['msg'] = `password reset sent to <${value}>, ticket ${r.integer(1e9, 9e9)}`
    return value
  },
  (r, fields) => {
    const value = phone(r)
    fields['msg'] = `sms to ${value} queued in ${r.uniform(0, 90).toFixed(3)} ms`
    return value
  },
  (r, fields) => {
    const value = card(r)
    fields['amount'] = r.uniform(1, 999).toFixed(2)
    fields['pan'] = Number(value)
    return value
  },
  (r, fields) => {
    const value = card(r).replace(/(\d{4})(?=\d)/g, '$1 ')
    fields['msg'] = `charge declined for ${value}, retry in 30s`
    return value
  },
  (r, fields) => {
    const value = iban(r)
    fields['msg'] = `payout to ${value} accepted`
    return value
  },
  (r, fields) => {
    const value = word(r, ALNUM, 14)
    fields['body'] = { user: word(r, HEX, 6), password: value, remember: true }
    return value
  },
  (r, fields) => {
    const value = `AKIA${word(r, UPPER, 16)}`
    fields['msg'] = `assumed ${value} in eu-central-1`
    return value
  },
  (r, fields) => {
    const value = jwt(r)
    fields['headers'] = { host: 'api.example.com', authorization: `Bearer ${value}` }
    return value
  },
  (r, fields) => {
    const value = word(r, ALNUM, 12)
    fields['err'] = `connect ECONNREFUSED postgres://app:${value}@db-1:5432/app`
    return value
  },
]

/** What looks like personal data to a careless pattern. Each gives a text that must stay. */
const DECOYS: readonly ((r: SeededRandom) => string)[] = [
  (r) => `icon-${r.integer(1, 99)}@2x.png`,
  (r) => `react@18.${r.integer(0, 9)}.${r.integer(0, 9)}`,
  () => 'git@github.com:acme/shop.git',
  (r) => `order ${r.integer(1e9, 9.9e9)}`,
  (r) => `epoch ${r.integer(1_700_000_000_000, 1_790_000_000_000)}`,
  (r) => `0.${word(r, DIGITS, 16)}`,
  (r) => `${r.integer(1000, 9999)}.${word(r, DIGITS, 13)}`,
  (r) => `sha256:${word(r, HEX, 64)}`,
  (r) => `v${r.integer(1, 30)}.${r.integer(0, 30)}.${r.integer(0, 3000)}.${r.integer(1000, 9999)}`,
  (r) => `[22/Nov/2026:00:04:${r.integer(10, 59)} +0000]`,
  (r) => `Nov 22 00:04:${r.integer(10, 59)} web-1 app[${r.integer(100, 9999)}]`,
  (r) => `2026-11-22T00:04:${r.integer(10, 59)}.${word(r, DIGITS, 6)}+01:00`,
  (r) => `00-${word(r, HEX, 32)}-${word(r, HEX, 16)}-01`,
  (r) => `commit ${word(r, HEX, 40)}`,
  (r) => `${r.integer(1, 255)}.${r.integer(0, 255)}.${r.integer(0, 255)}.${r.integer(1, 255)}`,
  (r) => `blk_${r.integer(1e9, 9e9)}_${r.integer(1000, 9999)}`,
  (r) => `arn:aws:s3:::logs-${word(r, HEX, 8)}/2026/11/22/part-${word(r, DIGITS, 5)}.gz`,
  (r) => `pages 12-${r.integer(100, 999)}-${r.integer(1, 9)}`,
]

const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.6778.86 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
  'curl/8.10.1',
  'kube-probe/1.31',
]
const PATHS = ['/api/v2/orders', '/api/v1/users', '/assets/app', '/healthz', '/search', '/checkout/session']

const baseFields = (r: SeededRandom, at: number): Record<string, unknown> => ({
  level: r.pick([20, 30, 30, 30, 40, 50]),
  time: at,
  pid: r.integer(100, 65_000),
  hostname: `web-${r.integer(1, 40)}`,
  reqId: uuid(r),
  traceId: word(r, HEX, 32),
  req: {
    method: r.pick(['GET', 'GET', 'GET', 'POST', 'PUT']),
    url: `${r.pick(PATHS)}/${r.integer(1, 9_999_999)}?page=${r.integer(1, 50)}&sort=created_at&v=${word(r, HEX, 7)}`,
    remotePort: r.integer(1024, 65_535),
    userAgent: r.pick(AGENTS),
  },
  res: { statusCode: r.pick([200, 200, 200, 201, 304, 404, 500]), contentLength: r.integer(0, 999_999), etag: `W/"${word(r, HEX, 10)}"` },
  responseTime: r.uniform(0, 5000),
  tenant: `t_${word(r, ALNUM, 10)}`,
  at: new Date(at).toISOString(),
})

/**
 * The log of a web application, one JSON object a line of about 600 bytes. Every fourth line of a log with `planted` holds a value that must be hidden, and
 * every sixth one a look-alike that must stay; without it all lines are clean. The same options give the same lines.
 */
export const personalLog = function* (options: {
  lines: number
  planted: boolean
  seed?: number
}): Generator<PersonalLine, void, undefined> {
  const { lines, planted: isPlanted, seed = 11 } = options
  const r = seededRandom(`personal-${seed}`)
  let at = Date.UTC(2026, 10, 22)
  for (let i = 0; i < lines; i++) {
    at += r.integer(1, 60)
    const fields = baseFields(r, at)
    fields['msg'] = r.pick(['request completed', 'cache miss', 'job finished', 'retrying upstream call', 'slow query'])
    const planted = isPlanted && i % 4 === 0 ? [r.pick(PLANTS)(r, fields)] : []
    const decoys: string[] = []
    if (i % 6 === 1 || !isPlanted) {
      const decoy = r.pick(DECOYS)(r)
      fields['detail'] = `${r.pick(['loaded', 'saw', 'skipped', 'kept'])} ${decoy} ok`
      decoys.push(decoy)
    }
    yield { line: JSON.stringify(fields), planted, decoys }
  }
}
