import { readFileSync } from 'node:fs'
import { readPlan, rememberPlan, type PlanText } from '../pattern/lint-rule.js'
import type { KeyRules } from '../structure/key-groups.js'
import type { MaskRule } from '../types.js'

/** The rules and key names that come with the package, checked when they were written: without their examples. */
export type BuiltInRuleSet = { readonly rules: readonly MaskRule[]; readonly keys: KeyRules }

let known: BuiltInRuleSet | undefined

/**
 * Reads `rules/read-ahead.json`, once: the YAML files as they were read by `npm run reference`, so that a start parses no YAML.
 * Throws what the file system throws when the package is incomplete.
 */
export const builtInRuleSet = (): BuiltInRuleSet =>
  (known ??= readSet(readFileSync(new URL('../../../rules/read-ahead.json', import.meta.url), 'utf8')))

const readSet = (text: string): BuiltInRuleSet => {
  const { rules, keys } = JSON.parse(text) as { rules: readonly (MaskRule & { readonly plan: PlanText })[]; keys: KeyRules }
  for (const rule of rules) rememberPlan(rule, readPlan(rule.plan))
  return { rules, keys }
}
