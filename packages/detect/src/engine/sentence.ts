import { formatDuration, type SecurityEvent } from '@parapet/core'
import type { Bound, CorrelationRule, Rule } from '../sigma/rule.js'

const NUMBERS = ['none', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve']

/** A number as prose: words up to twelve. */
export const numberWord = (n: number): string => NUMBERS[n] ?? String(n)

/** A duration in words: `15 minutes`, `1 hour`. */
export const durationWords = (ms: number): string => {
  for (const [size, word] of [
    [86_400_000, 'day'],
    [3_600_000, 'hour'],
    [60_000, 'minute'],
    [1_000, 'second'],
  ] as const) {
    if (ms >= size && ms % size === 0) return `${ms / size} ${word}${ms === size ? '' : 's'}`
  }
  return formatDuration(ms)
}

/** Hostile text for a sentence: bounded, and without control, direction and other invisible characters. */
export const plain = (text: string, longest = 120): string => {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text
  return cut.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\uFFFD')
}

const FIELD_WORDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'source.ip': 'addresses',
    'user.name': 'user names',
    'user.id': 'users',
    'url.path': 'paths',
    'url.original': 'URLs',
    'user_agent.original': 'user agents',
    'host.name': 'hosts',
    'source.geo.country_iso_code': 'countries',
    'source.as.number': 'networks',
    'user_agent.family': 'kinds of browser',
  }),
)

/** The plural of what a field holds. */
export const fieldWords = (fields: readonly string[]): string =>
  fields.map((field) => FIELD_WORDS.get(field) ?? `values of ${field}`).join(' and ')

/** A bound in words: `five`, `more than 1000`. */
export const boundWords = (bounds: readonly Bound[]): string =>
  bounds
    .map(({ op, value }) => {
      const words = { gte: '', gt: 'more than ', lt: 'fewer than ', lte: 'at most ', eq: 'exactly ', neq: 'any number but ' }[op]
      return `${words}${numberWord(value)}`
    })
    .join(' and ')

/** What a rule reckons from the numbers of a field: `the sum of http.response.body.bytes`. */
export const statisticWords = ({ kind, percentile = 50, valueFields }: CorrelationRule): string => {
  const what =
    kind === 'value_sum' ? 'the sum' : kind === 'value_avg' ? 'the mean' : percentile === 50 ? 'the median' : `the percentile ${percentile}`
  return `${what} of ${valueFields[0] ?? ''}`
}

/** A temporal condition: `“A” and “B”, without “C”`. `nameOf` gives what a rule is called by its place in `rules`. */
export const termWords = ({ terms = [], kind }: CorrelationRule, nameOf: (place: number) => string): string =>
  terms
    .map(({ wants, lacks }) => {
      const wanted = wants.map(nameOf).join(kind === 'temporal' ? ' and ' : ', then ')
      const without = lacks.map(nameOf).join(' or ')
      return without === '' ? wanted : wanted === '' ? `none of ${without}` : `${wanted}, without ${without}`
    })
    .join('; or ')

/** What the events of a rule are called. */
export const eventWords = (rule: Rule | undefined): string =>
  rule === undefined ? 'events' : (rule.words ?? `events of “${plain(rule.title, 80)}”`)

/** ` from 198.51.100.7 on user root`: where a group stands, without the fields that only keep streams apart. */
export const groupWords = (names: readonly string[], values: readonly string[]): string => {
  let text = ''
  for (const [i, name] of names.entries()) {
    const value = plain(values[i] ?? '', 80)
    if (name === 'source.ip') text += ` from ${value}`
    else if (name === 'user.name' || name === 'user.id') text += ` on user ${value}`
    else if (name === 'url.path') text += ` at ${value}`
    else if (name !== 'event.dataset') text += ` with ${name} ${value}`
  }
  return text
}

/** What an event was, in a few words, from its most telling fields. */
export const eventSample = (event: SecurityEvent): string => {
  const target =
    event['url.original'] ??
    (event['url.path'] === undefined ? undefined : event['url.path'] + (event['url.query'] ? `?${event['url.query']}` : ''))
  if (target !== undefined) return plain(`${event['http.request.method'] ?? ''} ${target}`.trim())
  const user = event['user.name']
  if (event['event.action'] !== undefined)
    return plain(
      `${event['event.action']}${event['event.outcome'] === undefined ? '' : ` (${event['event.outcome']})`}${user === undefined ? '' : ` as ${user}`}`,
    )
  return plain(event.message ?? event['event.original'] ?? '')
}

/** The sentence of a correlation's alert. `program` names what is counted. */
export const correlationWhy = (
  rule: CorrelationRule,
  program: readonly Rule[],
  values: readonly string[],
  told: { total: number; peak: number; first: number; last: number },
): string => {
  const where = groupWords(
    rule.groupBy.map((field) => field.name),
    values,
  )
  const span = told.last > told.first ? ` within ${spanWords(told.last - told.first)}` : ''
  const line = rule.bounds.length === 0 ? '' : ` (rule: ${boundWords(rule.bounds)} in ${durationWords(rule.timespan)})`
  const words = eventWords(program[rule.rules[0] ?? -1])
  if (rule.kind === 'event_count') return `${told.total} ${words}${where}${span}${line}`
  if (rule.kind === 'value_count') return `${told.peak} ${fieldWords(rule.valueFields)} in ${told.total} ${words}${where}${span}${line}`
  if (rule.kind.startsWith('value_'))
    return `${statisticWords(rule)} is ${numberText(told.peak)} in ${told.total} ${words}${where}${span}${line}`
  const titleOf = (place: number): string => `“${plain(program[rule.rules[place] ?? -1]?.title ?? '', 80)}”`
  if (rule.terms !== undefined)
    return `${told.total} events${where}${span} (rule: ${termWords(rule, titleOf)}, in ${durationWords(rule.timespan)})`
  if (rule.bounds.length > 0)
    return `${told.total} events${where}${span} (rule: ${boundWords(rule.bounds)} of ${numberWord(rule.rules.length)} rules in ${durationWords(rule.timespan)})`
  const steps = rule.rules
    .map((index) => `“${plain(program[index]?.title ?? '', 80)}”`)
    .join(rule.kind === 'temporal' ? ' and ' : ', then ')
  return `${steps}${where}${span} (rule: ${rule.kind === 'temporal' ? 'all' : 'in this order'} in ${durationWords(rule.timespan)})`
}

/** A reckoned number: whole, or with three digits behind the point. */
const numberText = (value: number): string => String(Number.isInteger(value) ? value : Math.round(value * 1_000) / 1_000)

const spanWords = (ms: number): string =>
  ms < 1_000 ? `${ms} ms` : formatDuration(ms).replaceAll(/([smhd])\b/g, (unit) => ` ${{ s: 's', m: 'min', h: 'h', d: 'd' }[unit] ?? unit}`)

/** The sentence of a single rule's alert. */
export const singleWhy = (
  title: string,
  subject: readonly string[],
  told: { total: number; first: number; last: number; sample: string },
): string => {
  const [field, value] = subject
  const where = field === undefined || field === '' || value === undefined ? '' : groupWords([field], [value])
  const times =
    told.total > 1 ? ` (${told.total} times${told.last > told.first ? ` within ${spanWords(told.last - told.first)}` : ''})` : ''
  return `${plain(title, 120)}${where}${times}${told.sample === '' ? '' : `: ${told.sample}`}`
}
