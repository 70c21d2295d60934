import type { DetectionTree, LeafTest } from './detection-tree.js'
import type { RuleSet } from './compile.js'
import type { Pattern } from './pattern.js'
import type { CorrelationRule, Rule } from './rule.js'
import { boundWords, durationWords, eventWords, fieldWords, numberWord, statisticWords, termWords } from '../engine/sentence.js'

const LISTED = 6

const list = (items: readonly string[], word: string): string => {
  const shown = items.slice(0, LISTED)
  const more = items.length - shown.length
  const all = more > 0 ? [...shown, `${more} more`] : shown
  return all.length <= 1 ? (all[0] ?? '') : `${all.slice(0, -1).join(', ')} ${word} ${all.at(-1) ?? ''}`
}

const SHOWN: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Text of a rule in quotes, with what cannot be seen written out. */
const inQuotes = (text: string): string =>
  `“${text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => SHOWN[c] ?? `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)}”`

const patternWords = ({ kind, text, tokens }: Pattern): string => {
  switch (kind) {
    case 'exact':
      return text === '' ? 'is empty' : `is ${inQuotes(text)}`
    case 'contains':
      return `contains ${inQuotes(text)}`
    case 'starts':
      return `begins with ${inQuotes(text)}`
    case 'ends':
      return `ends with ${inQuotes(text)}`
    case 'any':
      return 'is there'
    case 'glob':
      break
  }
  return `looks like ${inQuotes(tokens.map((token) => (token === 0 ? '*' : token === 1 ? '?' : token)).join(''))}`
}

/** A comparison in words: `contains “x”`. */
export const testWords = (test: LeafTest): string => {
  switch (test.kind) {
    case 'pattern':
      return patternWords(test.pattern)
    case 'oneOf':
      return `is ${list([...test.values].map(inQuotes), 'or')}`
    case 'number':
      return `is ${test.value}`
    case 'boolean':
      return `is ${test.value}`
    case 'null':
      return 'is missing'
    case 'exists':
      return test.value ? 'is there' : 'is missing'
    case 'regex':
      return `matches ${inQuotes(test.regex.source)}`
    case 'cidr':
      return `is in ${test.text}`
    case 'compare':
      return `is ${{ lt: 'below', lte: 'at most', gt: 'above', gte: 'at least' }[test.op]} ${test.value}`
    case 'fieldref':
      return `${{ whole: 'equals', contains: 'contains', startswith: 'begins with', endswith: 'ends with' }[test.mode]} the field ${test.other}`
    case 'time':
      break
  }
  return `falls in ${test.part} ${test.value}`
}

/** Alternatives on one field are one phrase: `url.decoded contains “a”, “b” or “c”`. */
const sameField = (parts: readonly DetectionTree[]): string | undefined => {
  let verb: string | undefined
  let field: string | undefined
  const texts: string[] = []
  for (const part of parts) {
    if (part.op !== 'leaf') return undefined
    const { test } = part
    const own = test.kind === 'number' ? 'is' : test.kind === 'pattern' ? VERBS[test.pattern.kind] : undefined
    if (own === undefined || (verb !== undefined && (own !== verb || part.field !== field))) return undefined
    verb = own
    field = part.field
    texts.push(test.kind === 'pattern' ? inQuotes(test.pattern.text) : test.kind === 'number' ? String(test.value) : '')
  }
  return `${field} ${verb} ${list(texts, 'or')}`
}

const VERBS: Readonly<Record<Pattern['kind'], string | undefined>> = {
  exact: 'is',
  contains: 'contains',
  starts: 'begins with',
  ends: 'ends with',
  any: undefined,
  glob: undefined,
}

/** Alternatives, those on one field together. */
const byField = (parts: readonly DetectionTree[]): string[] => {
  const groups = new Map<string, DetectionTree[]>()
  for (const [n, part] of parts.entries()) {
    const isText = part.op === 'leaf' && part.test.kind === 'pattern' && VERBS[part.test.pattern.kind] !== undefined
    const key = isText && part.test.kind === 'pattern' ? `${part.test.pattern.kind} ${part.field}` : String(n)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [part])
    else group.push(part)
  }
  return [...groups.values()].map((group) =>
    group.length > 1 ? `(${sameField(group) ?? ''})` : group.map((part) => treeWords(part, true)).join(''),
  )
}

const treeWords = (tree: DetectionTree, nested: boolean): string => {
  if (tree.op === 'leaf') return `${tree.field} ${testWords(tree.test)}`
  if (tree.op === 'not') return `not (${treeWords(tree.part, false)})`
  const short = tree.op === 'or' ? sameField(tree.parts) : undefined
  if (short !== undefined) return nested ? `(${short})` : short
  const phrases = tree.op === 'or' ? byField(tree.parts) : tree.parts.map((part) => treeWords(part, true))
  const text = list(phrases, tree.op)
  return nested ? `(${text})` : text
}

const correlationWords = (rule: CorrelationRule, set: RuleSet): string => {
  const names = rule.groupBy.map((field) => field.name)
  const per = names.length === 0 ? '' : ` with the same ${names.join(' and ')}`
  const within = `within ${durationWords(rule.timespan)}`
  const sources = rule.rules.map((index) => set.program[index])
  const counted = list(
    sources.map((source) => eventWords(source)),
    'and',
  )
  const except =
    rule.except === undefined
      ? ''
      : ` Not counted: addresses that also had ${eventWords(set.program[rule.except.rule])} and at most ${rule.except.tolerance} of these.`
  const { novelty, travel } = rule
  if (novelty?.absence !== undefined) return `Fires at ${counted}${per} after more than ${durationWords(novelty.absence)} without any.`
  if (novelty !== undefined)
    return (
      `Fires at ${counted}${per} that show ${fieldWords(rule.valueFields)} not seen before in ${durationWords(novelty.memory)}. ` +
      `Silent until ${durationWords(novelty.learning.ms)} or ${novelty.learning.events} events have been learned.`
    )
  if (travel !== undefined)
    return `Fires when ${counted}${per} come from places at least ${travel.distance} km apart, faster than ${travel.speed} km/h; the same network and usual jumps are left out.`
  if (rule.kind === 'event_count') return `Fires at ${boundWords(rule.bounds)} ${counted}${per} ${within}.${except}`
  if (rule.kind === 'value_count')
    return `Fires when ${counted}${per} show ${boundWords(rule.bounds)} different ${fieldWords(rule.valueFields)} ${within}.${except}`
  if (rule.kind.startsWith('value_'))
    return `Fires when ${statisticWords(rule)} in ${counted}${per} is ${boundWords(rule.bounds)} ${within}${rule.deferred ? ' of the first of them' : ''}.`
  const late = rule.deferred ? ' Known when that time is over.' : ''
  if (rule.terms !== undefined)
    return `Fires at ${termWords(rule, (place) => inQuotes(sources[place]?.title ?? ''))}${rule.kind === 'temporal' ? '' : ', in this order'}${per} ${within}.${late}`
  if (rule.kind === 'temporal' && rule.bounds.length > 0)
    return `Fires when ${boundWords(rule.bounds)} of ${numberWord(rule.rules.length)} rules match${per} ${within}: ${list(
      sources.map((source) => inQuotes(source?.title ?? '')),
      'and',
    )}.${late}`
  const steps = sources.map((source) => inQuotes(source?.title ?? ''))
  return rule.kind === 'temporal'
    ? `Fires when ${list(steps, 'and')} all happen${per} ${within}.`
    : `Fires when ${steps.join(', then ')} happen in this order${per} ${within}.`
}

/** A rule in words, for the console and `parapet rules`: what it looks at and when it fires. `id` is the rule's id or name. */
export const explainRule = (set: RuleSet, id: string): string => {
  const rule: Rule | undefined = set.program.find((item) => item.id === id || item.name === id)
  if (rule === undefined) return ''
  const silent = rule.alerts ? '' : ' It alerts only through the rules that build on it.'
  if (rule.kind !== 'single') return correlationWords(rule, set) + silent
  const { category, product, service } = rule.source
  const source = [service, product, category].filter((part) => part !== undefined).join(' ')
  return `Looks at ${source} events where ${treeWords(rule.detection, false)}.${silent}`
}
