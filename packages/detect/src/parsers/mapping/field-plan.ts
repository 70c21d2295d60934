import type { FieldValue } from '@parapet/core'
import { readerOf, readNumber, readString, type Reader, type TimeFormat } from './field-readers.js'
import { KNOWN_NAMES, spellings, type Target } from './known-names.js'

/** One value of a log that is wanted: where it stands, where it goes, what is done with it. */
export type Wanted = {
  /** names from the outside in */
  readonly path: readonly string[]
  readonly target: Target
  readonly scale?: number
  /** other values for some, such as `ok` for `success` */
  readonly values?: ReadonlyMap<string, FieldValue>
}

/** A place in the tree of wanted names. `slot`: -1 where only what is inside is wanted. A lower rank wins. */
export type WantedNode = { slot: number; rank: number; readonly children: Map<string, WantedNode> | undefined; read: Reader }

/** What a mapping wants of a record, ready to be walked; `targets` are the slots. */
export type FieldPlan = { readonly root: ReadonlyMap<string, WantedNode>; readonly targets: readonly Target[] }

/** Fields that every mapped event has; a value of one of them is never a list, but for tags. */
export const BASE_FIELDS: readonly string[] = (
  'event.reason log.level message source.ip source.port user.id user.name session.id http.request.method url.path url.query url.original ' +
  'http.version http.response.status_code http.response.body.bytes http.request.referrer user_agent.original url.domain event.duration ' +
  'service.name host.name process.name process.pid error.type error.message labels.http_x_forwarded_for labels.event_type ' +
  'source.geo.country_iso_code source.geo.location.lat source.geo.location.lon source.as.number tags'
).split(' ')

const BASE: ReadonlySet<string> = new Set(BASE_FIELDS.filter((field) => field !== 'tags'))

const FAILURES: ReadonlySet<string> = new Set('failure failed fail false denied error rejected refused 0 no'.split(' '))
const SUCCESSES: ReadonlySet<string> = new Set('success succeeded ok true allowed accepted granted 1 yes'.split(' '))

const readOutcome: Reader = (value) => {
  const text = String(readString(value) ?? '').toLowerCase()
  return FAILURES.has(text) ? 'failure' : SUCCESSES.has(text) ? 'success' : undefined
}

const readStatus: Reader = (value) => {
  const status = readNumber(value)
  return typeof status === 'number' && status >= 100 && status <= 999 ? status : undefined
}

/** The names of pino and bunyan for their numbers. Source: pino, `levels`. */
const LEVELS: ReadonlyMap<number, string> = new Map([
  [10, 'trace'],
  [20, 'debug'],
  [30, 'info'],
  [40, 'warn'],
  [50, 'error'],
  [60, 'fatal'],
])

const readLevel: Reader = (value) => {
  if (typeof value === 'number') return LEVELS.get(value) ?? String(value)
  const text = readString(value)
  return typeof text === 'string' ? text.toLowerCase() : undefined
}

const READERS: ReadonlyMap<Target, Reader> = new Map([
  ['event.outcome', readOutcome],
  ['http.response.status_code', readStatus],
  ['log.level', readLevel],
  // left as it stands: the time's own format reads it
  ['@timestamp', (value) => (typeof value === 'number' || typeof value === 'string' ? value : undefined)],
])

const readerFor = ({ target, scale, values }: Wanted): Reader => {
  const plain = READERS.get(target) ?? readerOf(target, BASE.has(target) || !target.includes('.') || target.startsWith('request.'))
  const scaled: Reader =
    scale === undefined
      ? plain
      : (value) => {
          const number = plain(value)
          return typeof number === 'number' ? Math.round(number * scale) : undefined
        }
  if (values === undefined) return scaled
  return (value) => {
    const text = readString(value)
    const other = typeof text === 'string' ? values.get(text) : undefined
    return other === undefined ? scaled(value) : scaled(other)
  }
}

/** Every well-known name in each of its spellings, as {@link Wanted}. */
const guessed = (): Wanted[] =>
  KNOWN_NAMES.flatMap(({ path, target, scale }) => {
    const parts = path.split('.').map(spellings)
    const length = Math.max(...parts.map((forms) => forms.length))
    // the spellings of one name go together: userAgent stands beside remoteAddr, not beside remote_addr
    return Array.from({ length }, (_, i): Wanted => {
      const at = parts.map((forms) => forms[Math.min(i, forms.length - 1)] ?? '')
      return scale === undefined ? { path: at, target } : { path: at, target, scale }
    })
  })

/** Builds the tree of what is wanted: first the mapping's own, then, with `guess`, what well-known names say. */
export const planFields = (own: readonly Wanted[], guess: boolean): FieldPlan => {
  const root = new Map<string, WantedNode>()
  const targets: Target[] = []
  const slotOf = (target: Target): number => {
    const known = targets.indexOf(target)
    return known >= 0 ? known : targets.push(target) - 1
  }
  const enter = (path: readonly string[], wanted: Wanted, rank: number): void => {
    let level = root
    for (let depth = 0; depth < path.length; depth++) {
      const name = path[depth] as string
      const inner = depth < path.length - 1
      let node = level.get(name)
      if (node === undefined || (inner && node.children === undefined)) {
        node = { slot: -1, rank: 0, read: readString, ...node, children: inner ? new Map() : undefined }
        level.set(name, node)
      }
      if (inner) level = node.children as Map<string, WantedNode>
      else if (node.slot < 0) {
        node.slot = slotOf(wanted.target)
        node.rank = rank
        node.read = readerFor(wanted)
      }
    }
  }
  const all = guess ? [...own, ...guessed()] : own
  for (const [rank, wanted] of all.entries()) {
    enter(wanted.path, wanted, rank)
    // loggers write nested names with dots as well
    if (wanted.path.length > 1) enter([wanted.path.join('.')], wanted, rank)
  }
  return { root, targets }
}

/** What a mapping is made of, however it was written. */
export type MappingPlan = {
  /** the parser's name, and the dataset of its events */
  readonly name: string
  readonly dataset: string
  readonly format: 'json' | 'logfmt'
  readonly time: TimeFormat
  readonly fields: FieldPlan
  /** what a kind of event means, by the value of its type; `*` for all others */
  readonly events: ReadonlyMap<string, Meaning>
  /** true when well-known kinds are understood without `events` */
  readonly guess: boolean
  readonly fixed: readonly (readonly [string, FieldValue])[]
}

/** What a kind of event means. */
export type Meaning = {
  readonly category: string
  readonly action: string
  readonly outcome?: 'success' | 'failure' | 'unknown'
  readonly reason?: string
}
