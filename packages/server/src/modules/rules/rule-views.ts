import type { RuleView } from '@parapet/core'
import type { RuleProblem } from '@parapet/detect'
import { OWN_PREFIX } from './own-rules.js'
import type { BookRule, RuleBook } from './rule-book.js'
import type { RuleStats } from './rule-stats.js'

/** What a view of rules is made of. */
export type RuleViewFacts = {
  readonly off: ReadonlySet<string>
  readonly stats: (ruleId: string) => RuleStats
  readonly exceptions: ReadonlyMap<string, number>
  /** how long there have been events, ms; null: there are none */
  readonly historyMs: number | null
}

const originOf = (file: string): string => (file.startsWith(OWN_PREFIX) ? file : 'builtin')

const running = (rule: BookRule, facts: RuleViewFacts): RuleView => ({
  id: rule.id,
  name: rule.name ?? null,
  title: rule.title,
  level: rule.level,
  tags: [...rule.tags],
  version: rule.version,
  kind: rule.kind,
  origin: rule.origin,
  state: facts.off.has(rule.id) ? 'off' : 'on',
  problem: null,
  ...facts.stats(rule.id),
  exceptions: facts.exceptions.get(rule.id) ?? 0,
  learning: facts.historyMs === null ? rule.learningMs > 0 : facts.historyMs < rule.learningMs,
  respond: rule.respond === undefined ? null : { action: rule.respond.action, mode: rule.respond.mode },
})

const broken = (problem: RuleProblem, facts: RuleViewFacts): RuleView => {
  const id = problem.ruleId ?? `${problem.file}:${problem.line}`
  return {
    id,
    name: null,
    title: `${problem.file}, line ${problem.line}`,
    level: 'informational',
    tags: [],
    version: '',
    kind: 'unknown',
    origin: originOf(problem.file),
    state: 'broken',
    problem: problem.reason,
    ...facts.stats(id),
    exceptions: facts.exceptions.get(id) ?? 0,
    learning: false,
    respond: null,
  }
}

/** Rules as the page Rules lists them, those that cannot run at the end. A rule that only feeds others stands there as well: its id may be switched. */
export const ruleViews = (book: RuleBook, facts: RuleViewFacts): RuleView[] => {
  const ids = new Set(book.rules.map(({ id }) => id))
  const seen = new Set<string>()
  const problems = book.problems.filter(({ ruleId, file, line }) => {
    const key = ruleId ?? `${file}:${line}`
    // a second rule of an id that runs is a problem of its file alone
    if (ids.has(key) || seen.has(key)) return false
    seen.add(key)
    return true
  })
  return [...book.rules.map((rule) => running(rule, facts)), ...problems.map((problem) => broken(problem, facts))]
}
