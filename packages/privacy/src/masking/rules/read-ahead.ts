import { readFileSync } from 'node:fs'
import { readKeyRules } from '../structure/key-groups.js'
import { planOf, writePlan } from '../pattern/lint-rule.js'
import type { MaskRule } from '../types.js'
import { readRuleFiles } from './rule-files.js'

const withoutExamples = (name: string, value: unknown): unknown => (name === 'match' || name === 'noMatch' ? [] : value)

const ruleText = (rule: MaskRule): string => JSON.stringify({ ...rule, match: [], noMatch: [], plan: writePlan(planOf(rule)) })

/** The text of `rules/read-ahead.json`: all rules and key names as their files say, without examples. `npm run reference` writes it. */
export const maskReadAheadText = (): string => {
  const rules = readRuleFiles().flatMap((file) => file.rules.map(ruleText))
  const read = readKeyRules(readFileSync(new URL('../../../rules/keys.yml', import.meta.url), 'utf8'), 'rules/keys.yml')
  const lines = rules.map((rule) => `  ${rule}`)
  const groups = read.groups.map((group) => `    ${JSON.stringify(group, withoutExamples)}`)
  return `{\n"rules": [\n${lines.join(',\n')}\n],\n"keys": { "neutral": ${JSON.stringify(read.neutral)},\n  "groups": [\n${groups.join(',\n')}\n] }\n}\n`
}
