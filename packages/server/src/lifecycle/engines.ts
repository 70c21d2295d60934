import type { AlertDetail } from '@parapet/core'
import { builtinRules, compileRules, createEngine, explainRule } from '@parapet/detect'
import { builtinPolicies, loadPolicies, respond } from '@parapet/respond'
import type { Logger } from 'pino'
import type { DetectionDeps } from '../modules/detection/index.js'

/** The rules and policies that this server runs with. */
export type Engines = Pick<DetectionDeps, 'createEngine' | 'policies' | 'rulesRespond' | 'respond'> & {
  /** a rule in words; one that is gone since says so */
  readonly describeRule: (id: string) => AlertDetail['rule']
}

const GONE = 'This rule is not part of this version any more.'

/** Reads the rules and policies that come with Parapet. What is wrong with one is logged, the others run. */
export const loadEngines = async (log: Pick<Logger, 'warn' | 'info'>): Promise<Engines> => {
  const [ruleSources, policySources] = await Promise.all([builtinRules(), builtinPolicies()])
  const { rules, problems } = compileRules(ruleSources)
  for (const problem of problems) log.warn(problem, 'a rule cannot run')
  const { policies, problems: policyProblems } = loadPolicies(policySources)
  for (const problem of policyProblems) log.warn(problem, 'a policy cannot run')
  const texts = new Map(ruleSources.map(({ file, text }) => [file, text]))
  const byId = new Map(rules.rules.map((rule) => [rule.id, rule]))
  const described = new Map<string, AlertDetail['rule']>()
  for (const rule of rules.rules) {
    described.set(rule.id, {
      id: rule.id,
      description: rule.description,
      inWords: explainRule(rules, rule.id),
      falsePositives: [...rule.falsePositives],
      references: [...rule.references],
      source: texts.get(rule.file) ?? '',
    })
  }
  log.info({ rules: byId.size, policies: policies.length }, 'rules and policies are loaded')
  return {
    createEngine: () => createEngine({ rules }),
    policies,
    respond,
    rulesRespond: { get: (id) => byId.get(id)?.respond },
    describeRule: (id) => described.get(id) ?? { id, description: GONE, inWords: GONE, falsePositives: [], references: [], source: '' },
  }
}
