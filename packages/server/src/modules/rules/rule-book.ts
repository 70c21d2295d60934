import type { AlertDetail, RuleException } from '@parapet/core'
import { compileRules, ENGINE_RULES, explainRule, type RuleInfo, type RuleProblem, type RuleSet, type RuleSource } from '@parapet/detect'
import { SILENT_RULE } from '../sources/silent-rule.js'
import { OWN_PREFIX } from './own-rules.js'

/** A rule as everybody may know it, with where it came from. */
export type BookRule = RuleInfo & {
  /** `builtin`, or the operator's file */
  readonly origin: string
  /** how long it only learns what is usual, ms; 0 for one that does not learn */
  readonly learningMs: number
}

/** All rules of one moment. */
export type RuleBook = {
  readonly rules: readonly BookRule[]
  /** why some cannot run; the others do */
  readonly problems: readonly RuleProblem[]
  readonly get: (id: string) => BookRule | undefined
  /** a rule in words; one that is gone says so */
  readonly describe: (id: string) => AlertDetail['rule']
  /** the rules for an engine, with those switched off alerting no more; they still feed the rules that build on them */
  readonly forEngine: (off: ReadonlySet<string>) => RuleSet
  /** one rule with what it builds on, alerting even where it is switched off; undefined for one that there is not */
  readonly alone: (id: string) => RuleSet | undefined
  /** ids of rules whose title or id holds a text, whatever its case */
  readonly search: (text: string) => readonly string[]
}

/** What an operator may change without touching a file. */
export type RuleSettings = { readonly off: ReadonlySet<string>; readonly exceptions: readonly RuleException[] }

const GONE = 'This rule is not part of this version any more.'

const OF_ITSELF: AlertDetail['rule'] = {
  id: '',
  description: 'Detection tells something about itself here: a bound of it was reached.',
  inWords: 'Fires when detection had to leave something out of account.',
  falsePositives: [],
  references: [],
  source: '',
}

const silence = (set: RuleSet, quiet: (id: string) => boolean): RuleSet => ({
  ...set,
  program: set.program.map((rule) => (rule.alerts && quiet(rule.id) ? { ...rule, alerts: false } : rule)),
})

const learningOf = (rule: RuleSet['program'][number]): number =>
  rule.kind !== 'single' && rule.novelty !== undefined && rule.novelty.absence === undefined ? rule.novelty.learning.ms : 0

/** Files that hold a rule and everything it builds on. */
const filesOf = (set: RuleSet, id: string): ReadonlySet<string> => {
  const files = new Set<string>()
  const seen = new Set<number>()
  const visit = (index: number): void => {
    const rule = set.program[index]
    if (rule === undefined || seen.has(index)) return
    seen.add(index)
    files.add(rule.file)
    if (rule.kind === 'single') return
    for (const other of rule.rules) visit(other)
    if (rule.except !== undefined) visit(rule.except.rule)
  }
  visit(set.program.findIndex((rule) => rule.id === id))
  return files
}

/** Compiles the rules that come with Parapet and the operator's own. What is wrong with one is a problem, the others run. Never throws. */
export const createRuleBook = (sources: readonly RuleSource[], more: readonly RuleProblem[] = []): RuleBook => {
  const { rules: set, problems } = compileRules(sources)
  const texts = new Map(sources.map(({ file, text }) => [file, text]))
  const learning = new Map(set.program.map((rule) => [rule.id, learningOf(rule)]))
  const rules = set.rules.map((rule): BookRule => {
    const origin = rule.file.startsWith(OWN_PREFIX) ? rule.file : 'builtin'
    return { ...rule, origin, learningMs: learning.get(rule.id) ?? 0 }
  })
  const byId = new Map(rules.map((rule) => [rule.id, rule]))
  const describe = (id: string): AlertDetail['rule'] => {
    if (id === SILENT_RULE.id) return { ...OF_ITSELF, ...SILENT_RULE.words, id }
    if (ENGINE_RULES.includes(id)) return { ...OF_ITSELF, id }
    const rule = byId.get(id)
    if (rule === undefined) return { ...OF_ITSELF, id, description: GONE, inWords: GONE }
    return {
      id,
      description: rule.description,
      inWords: explainRule(set, id),
      falsePositives: [...rule.falsePositives],
      references: [...rule.references],
      source: texts.get(rule.file) ?? '',
    }
  }
  return {
    rules,
    problems: [...more, ...problems],
    get: (id) => byId.get(id),
    describe,
    forEngine: (off) => (off.size === 0 ? set : silence(set, (id) => off.has(id))),
    alone: (id) => {
      if (!byId.has(id)) return undefined
      const files = filesOf(set, id)
      // compiled by itself: a run over history looks at nothing else
      const { rules: part } = compileRules(sources.filter(({ file }) => files.has(file)))
      return silence(part, (other) => other !== id)
    },
    search: (text) => {
      const wanted = text.toLowerCase()
      return rules.filter(({ id, title }) => id.toLowerCase().includes(wanted) || title.toLowerCase().includes(wanted)).map(({ id }) => id)
    },
  }
}
