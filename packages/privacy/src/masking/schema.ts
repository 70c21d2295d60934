import { isRecord, ParapetError } from '@parapet/core'
import { planOf } from './pattern/lint-rule.js'
import { CONFIDENCES, MASK_ACTIONS, type MaskRule } from './types.js'
import { findValidator, validatorNames } from './validators/registry.js'
import { yaml } from './yaml.js'

const FILE_FIELDS = ['kind', 'provider', 'reference', 'rules']
const RULE_FIELDS = [
  'id',
  'title',
  'literals',
  'trigger',
  'pattern',
  'validator',
  'boundary',
  'lookback',
  'case-insensitive',
  'keep-last',
  'action',
  'confidence',
  'tail',
  'reference',
  'match',
  'no-match',
]
const LIMITS = { literal: 64, lookback: 128, keepLast: 8, digits: 40, example: 20_000 }

type Raw = Readonly<Record<string, unknown>>
type Where = { readonly file: string; readonly rule: string }

const wrong = ({ file, rule }: Where, what: string, cause?: unknown): ParapetError =>
  new ParapetError('PPT_MASK_RULE', `${file}: ${rule}: ${what}`, cause === undefined ? {} : { cause })

const noUnknown = (raw: Raw, known: readonly string[], where: Where): void => {
  const name = Object.keys(raw).find((key) => !known.includes(key))
  if (name !== undefined) throw wrong(where, `"${name}" is not known; there are ${known.join(', ')}`)
}

const readText = (raw: Raw, name: string, where: Where): string => {
  const value = raw[name]
  if (typeof value !== 'string' || value.trim() === '') throw wrong(where, `${name} is a text`)
  return value
}

const readTexts = (raw: Raw, name: string, where: Where): readonly string[] => {
  const value = raw[name]
  if (!Array.isArray(value) || value.length === 0 || !value.every((item) => typeof item === 'string' && item !== ''))
    throw wrong(where, `${name} is a list of one text or more`)
  const texts = value as readonly string[]
  if (texts.some((text) => text.length > LIMITS.example))
    throw wrong(where, `a text of ${name} is longer than ${LIMITS.example} characters`)
  return texts
}

const readChoice = <T extends string>(raw: Raw, name: string, values: readonly T[], fallback: T, where: Where): T => {
  const value = raw[name] ?? fallback
  if (!values.includes(value as T)) throw wrong(where, `${name} is one of ${values.join(', ')}`)
  return value as T
}

const readNumber = (raw: Raw, name: string, most: number, fallback: number, where: Where): number => {
  const value = raw[name] ?? fallback
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most)
    throw wrong(where, `${name} is a whole number from 0 to ${most}`)
  return value
}

const readTrigger = (raw: Raw, where: Where): MaskRule['trigger'] => {
  const trigger = raw['trigger']
  if (raw['literals'] !== undefined) {
    if (trigger !== undefined) throw wrong(where, 'a rule has literals or a trigger, not both')
    const literals = readTexts(raw, 'literals', where)
    for (const literal of literals) {
      // one letter is everywhere, one sign is not
      const least = /^[^A-Za-z0-9]+$/.test(literal) ? 1 : 2
      if (literal.length < least || literal.length > LIMITS.literal || !/^[\u0020-\u007e]+$/.test(literal))
        throw wrong(where, `a literal has 2 to ${LIMITS.literal} printable ASCII characters, or one sign`)
    }
    return { kind: 'literal', literals }
  }
  if (trigger === 'at') return { kind: 'at' }
  if (isRecord(trigger) && isRecord(trigger['digits'])) {
    const { least, most } = trigger['digits']
    if (typeof least === 'number' && typeof most === 'number' && least >= 3 && least <= most && most <= LIMITS.digits)
      return { kind: 'digits', least, most }
  }
  throw wrong(where, `give literals: [...], trigger: at, or trigger: { digits: { least: 3 or more, most: up to ${LIMITS.digits} } }`)
}

const readRule = (raw: unknown, index: number, shared: Pick<MaskRule, 'kind' | 'provider' | 'reference'>, file: string): MaskRule => {
  const id = isRecord(raw) ? raw['id'] : undefined
  if (!isRecord(raw) || typeof id !== 'string' || !/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(id) || id.length > 80)
    throw wrong({ file, rule: `rule ${index + 1}` }, 'needs an id in kebab-case')
  const where = { file, rule: id }
  noUnknown(raw, RULE_FIELDS, where)
  const validator = raw['validator']
  if (validator !== undefined && (typeof validator !== 'string' || findValidator(validator) === undefined))
    throw wrong(where, `validator is one of ${validatorNames().join(', ')}`)
  const fold = raw['case-insensitive'] ?? false
  if (typeof fold !== 'boolean') throw wrong(where, 'case-insensitive is true or false')
  if (raw['tail'] !== undefined && raw['tail'] !== 'pem') throw wrong(where, 'tail is pem, or left out')
  const rule: MaskRule = {
    id,
    title: readText(raw, 'title', where),
    ...shared,
    ...(raw['reference'] === undefined ? {} : { reference: readText(raw, 'reference', where) }),
    trigger: readTrigger(raw, where),
    pattern: readText(raw, 'pattern', where),
    caseInsensitive: fold,
    lookback: readNumber(raw, 'lookback', LIMITS.lookback, 0, where),
    boundary: readChoice(raw, 'boundary', ['word', 'none'], 'word', where),
    ...(typeof validator === 'string' ? { validator } : {}),
    keepLast: readNumber(raw, 'keep-last', LIMITS.keepLast, 4, where),
    action: readChoice(raw, 'action', MASK_ACTIONS, 'redact', where),
    ...(raw['tail'] === 'pem' ? { tail: 'pem' } : {}),
    confidence: readChoice(raw, 'confidence', CONFIDENCES, 'high', where),
    match: readTexts(raw, 'match', where),
    noMatch: readTexts(raw, 'no-match', where),
  }
  try {
    planOf(rule)
  } catch (cause) {
    throw wrong(where, cause instanceof ParapetError ? (cause.detail ?? cause.message) : 'the pattern is not valid', cause)
  }
  return rule
}

/**
 * Reads the text of one rule file (`rules/**.yml`). `file` is the name that a message shows. Every fault, a pattern outside
 * the checked subset too, throws `PPT_MASK_RULE` with file, rule and what to write instead.
 */
export const readRuleFile = (text: string, file: string): readonly MaskRule[] => {
  const where = { file, rule: 'the file' }
  let raw: unknown
  try {
    raw = yaml().parse(text, { uniqueKeys: true, maxAliasCount: 0 })
  } catch (cause) {
    throw wrong(where, 'is not YAML', cause)
  }
  if (!isRecord(raw)) throw wrong(where, 'is a mapping with kind and rules')
  noUnknown(raw, FILE_FIELDS, where)
  const kind = raw['kind']
  if (kind !== 'personal' && kind !== 'secret') throw wrong(where, 'kind is personal or secret')
  const rules = raw['rules']
  if (!Array.isArray(rules) || rules.length === 0) throw wrong(where, 'rules is a list of one rule or more')
  const shared = {
    kind,
    ...(raw['provider'] === undefined ? {} : { provider: readText(raw, 'provider', where) }),
    ...(raw['reference'] === undefined ? {} : { reference: readText(raw, 'reference', where) }),
  } as const
  return rules.map((rule: unknown, index) => readRule(rule, index, shared, file))
}

/** Puts the rules of several files together. Throws `PPT_MASK_RULE` when an id is there twice. */
export const joinRules = (files: readonly (readonly MaskRule[])[]): readonly MaskRule[] => {
  const rules = files.flat()
  const seen = new Set<string>()
  for (const { id } of rules) {
    if (seen.has(id)) throw new ParapetError('PPT_MASK_RULE', `rule ${id} is there twice: ids are unique over all files`)
    seen.add(id)
  }
  return rules
}
