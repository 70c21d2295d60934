import { describe, expect, it } from 'vitest'
import { LOGIN_RULES, rulesOf, singleRule } from '../engine/fixtures/rules.js'
import { builtinRules } from './builtin.js'
import { compileRules } from './compile.js'
import { explainRule } from './explain.js'

const explained = (detection: string): string => explainRule(rulesOf(singleRule(detection)), 'test')

describe('rules in words', () => {
  it.each([
    ["a: {x: abc, 'y|contains': d}\ncondition: a", 'Looks at web events where x is “abc” and y contains “d”.'],
    ["a: {'x|startswith': [b, c]}\ncondition: a", 'Looks at web events where x begins with “b” or “c”.'],
    ["a: {'x|endswith': b}\ncondition: not a", 'Looks at web events where not (x ends with “b”).'],
    ['a: {x: [1, 2, 3]}\ncondition: a', 'Looks at web events where x is 1, 2 or 3.'],
    ['a: {x: null}\nb: {y: true}\ncondition: a or b', 'Looks at web events where x is missing or y is true.'],
    ["a: {'x|contains': [b, c]}\nb: {y: d}\ncondition: a or b", 'Looks at web events where (x contains “b” or “c”) or y is “d”.'],
    ['a: {"x|contains": "a\\r\\nb\\u202e"}\ncondition: a', 'Looks at web events where x contains “a\\r\\nb\\u202e”.'],
    ["a: {'x|re': 'a+'}\ncondition: a", 'Looks at web events where x matches “a+”.'],
    ["a: {'x|cidr': 10.0.0.0/8}\ncondition: a", 'Looks at web events where x is in 10.0.0.0/8.'],
    ["a: {'x|gte': 5}\ncondition: a", 'Looks at web events where x is at least 5.'],
    ["a: {'x|exists': true}\ncondition: a", 'Looks at web events where x is there.'],
    ["a: {'x|fieldref': y}\ncondition: a", 'Looks at web events where x equals the field y.'],
    ["a: {x: 'a*b?c'}\ncondition: a", 'Looks at web events where x looks like “a*b?c”.'],
    ["a: {'x|hour': 3}\ncondition: a", 'Looks at web events where x falls in hour 3.'],
    ["a: {x: ''}\ncondition: a", 'Looks at web events where x is empty.'],
    [
      "a: {'x|contains': [a1, a2, a3, a4, a5, a6, a7, a8]}\ncondition: a",
      'Looks at web events where x contains “a1”, “a2”, “a3”, “a4”, “a5”, “a6” or 2 more.',
    ],
  ])('explains %j', (detection, words) => {
    expect(explained(detection)).toBe(words)
  })

  it('explains counts, values and sequences', () => {
    const rules = rulesOf(LOGIN_RULES)
    expect(explainRule(rules, 'brute')).toBe('Fires at five failed sign-ins with the same source.ip within 15 minutes.')
    expect(explainRule(rules, 'busy')).toBe('Fires at more than 130 failed sign-ins with the same event.dataset within 10 minutes.')
    expect(explainRule(rules, 'spray')).toBe(
      'Fires when failed sign-ins with the same source.ip show four different user names within 15 minutes.',
    )
    expect(explainRule(rules, 'distributed')).toContain('Not counted: addresses that also had events of “Success” and at most 2 of these.')
    expect(explainRule(rules, 'taken')).toBe(
      'Fires when “Brute force”, then “Success” happen in this order with the same source.ip within 15 minutes.',
    )
    expect(explainRule(rules, 'failure')).toContain('It alerts only through the rules that build on it.')
  })

  it('knows no rule of another name', () => {
    expect(explainRule(rulesOf(LOGIN_RULES), 'nothing')).toBe('')
  })

  it('has a sentence of bearable length for every built-in rule', async () => {
    const { rules } = compileRules(await builtinRules())
    const sentences = rules.rules.map((rule) => explainRule(rules, rule.id))
    expect(sentences.filter((words) => !/^(?:Looks at|Fires) .*\.$/.test(words) || words.length >= 1_000)).toEqual([])
  })
})
