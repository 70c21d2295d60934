import type { Alert } from '@parapet/core'
import { createRuleSet, type RuleSet } from '../sigma/compile.js'
import type { RuleExample } from '../sigma/read-examples.js'
import type { Rule } from '../sigma/rule.js'
import { createEngine } from './engine.js'

/** How one example of one rule went. */
export type ExampleResult = {
  readonly ruleId: string
  readonly title: string
  readonly file: string
  readonly line: number
  readonly example: string
  readonly passed: boolean
  /** what went wrong, in words; '' when it passed */
  readonly reason: string
}

/** A rule with all that it refers to, alone and alerting by itself. */
const alone = (set: RuleSet, index: number): RuleSet => {
  const order: number[] = []
  const visit = (at: number): void => {
    const rule = set.program[at]
    if (rule === undefined || order.includes(at)) return
    if (rule.kind !== 'single') {
      for (const next of rule.rules) visit(next)
      if (rule.except !== undefined) visit(rule.except.rule)
    }
    order.push(at)
  }
  visit(index)
  const place = (old: number): number => order.indexOf(old)
  const moved = (at: number): Rule => {
    const rule = set.program[at] as Rule
    const alerts = at === index
    if (rule.kind === 'single') return { ...rule, alerts }
    const rules = rule.rules.map(place)
    return rule.except === undefined
      ? { ...rule, alerts, rules }
      : { ...rule, alerts, rules, except: { ...rule.except, rule: place(rule.except.rule) } }
  }
  return createRuleSet(order.map(moved))
}

const play = (set: RuleSet, rule: Rule, example: RuleExample): string => {
  const engine = createEngine({ rules: set })
  const alerts = new Map<string, Alert>()
  let fired = 0
  const take = (told: ReturnType<typeof engine.flush>): void => {
    for (const { kind, alert } of told) {
      if (alert.rule.id !== rule.id) continue
      if (kind === 'fired') fired++
      alerts.set(alert.id, alert)
    }
  }
  for (const [n, event] of example.events.entries()) take(engine.process(event, n + 1))
  take(engine.flush())
  if (!example.match) return fired === 0 ? '' : `must not match, but did: ${[...alerts.values()][0]?.why ?? ''}`
  if (fired === 0) return 'must match, but did not'
  const named = new Set([...alerts.values()].flatMap((alert) => alert.targets))
  const missing = example.targets.filter((address) => !named.has(address))
  if (missing.length > 0) return `must name ${missing.join(', ')}`
  const wrong = example.spares.filter((address) => named.has(address))
  return wrong.length === 0 ? '' : `must not name ${wrong.join(', ')}`
}

/** Plays every `x-tests` example of every rule, each rule alone with what it refers to. */
export const testRules = (set: RuleSet): readonly ExampleResult[] =>
  set.program.flatMap((rule, index) => {
    const examples = rule.examples()
    if (examples.length === 0) return []
    const own = alone(set, index)
    return examples.map((example): ExampleResult => {
      const reason = play(own, rule, example)
      return {
        ruleId: rule.id,
        title: rule.title,
        file: rule.file,
        line: example.line,
        example: example.name,
        passed: reason === '',
        reason,
      }
    })
  })
