import { readFileSync } from 'node:fs'
import { readKeyRules, type KeyRules } from '../structure/key-groups.js'
import { planOf, writePlan } from '../pattern/lint-rule.js'
import { readRuleFiles } from './rule-files.js'

/** The text of `rules/read-ahead.json`: all rules and key names as their files say, without examples. `npm run reference` writes it. */
export const maskReadAheadText = (): string => {
  const rules = readRuleFiles().flatMap((file) => file.rules.map((rule) => ({ ...rule, match: [], noMatch: [], plan: writePlan(planOf(rule)) })))
  const read = readKeyRules(readFileSync(new URL('../../../rules/keys.yml', import.meta.url), 'utf8'), 'rules/keys.yml')
  const keys: KeyRules = { ...read, groups: read.groups.map((group) => ({ ...group, match: [], noMatch: [] })) }
  const lines = rules.map((rule) => `  ${JSON.stringify(rule)}`)
  const groups = keys.groups.map((group) => `    ${JSON.stringify(group)}`)
  return `{\n"rules": [\n${lines.join(',\n')}\n],\n"keys": { "neutral": ${JSON.stringify(keys.neutral)},\n  "groups": [\n${groups.join(',\n')}\n] }\n}\n`
}
