import { type Clock, DAY, type DecisionMode, ParapetError, type PolicyPreview, type PolicyRuleMode, type PolicyView } from '@parapet/core'
import {
  type BudgetLimits,
  holdsAgainst,
  loadPolicies,
  mayAnswer,
  type Policy,
  policyInWords,
  previewPolicy,
  type ProtectedTargets,
  responseOf,
  type RespondInput,
} from '@parapet/respond'
import type { RuleBook } from '../rules/index.js'
import type { BookPolicy, PolicyBook } from './policy-book.js'
import type { PolicyHistory } from './policy-history.js'
import type { PolicySettings } from './policy-settings.js'
import type { PolicyDesk } from './types.js'

/** The longest history that a preview looks at, days. */
const DAYS = 7

/** What the desk is made of. */
export type PolicyDeskDeps = {
  readonly book: () => PolicyBook
  readonly rules: () => RuleBook
  readonly settings: PolicySettings
  readonly history: PolicyHistory
  readonly protectedTargets: ProtectedTargets
  readonly rulesRespond: NonNullable<RespondInput['rulesRespond']>
  readonly budget: Partial<BudgetLimits>
  readonly clock: Clock
}

/** An edited text as the policy that it would be. Errors: `PPT_INVALID` with the line and the fault, or for another id. */
const readEdited = (id: string, text: string): Policy => {
  const { policies, problems } = loadPolicies([{ file: 'edited', text }])
  const [problem] = problems
  if (problem !== undefined) throw new ParapetError('PPT_INVALID', `source, line ${problem.line}: ${problem.reason}`)
  const [policy] = policies
  if (policy === undefined) throw new ParapetError('PPT_INVALID', 'source: there is no policy in it')
  if (policy.id !== id) throw new ParapetError('PPT_INVALID', `source: its id is ${policy.id}, and has to stay ${id}`)
  return policy
}

/** Creates the desk. */
export const createPolicyDesk = (deps: PolicyDeskDeps): PolicyDesk => {
  const { book, rules, settings, history, clock } = deps
  let busy = false

  const entryOf = (id: string): BookPolicy => {
    const entry = book().get(id)
    if (entry === undefined) throw new ParapetError('PPT_NOT_FOUND', 'there is no such policy')
    return entry
  }
  const rulesOf = (policy: Policy, record: Awaited<ReturnType<PolicyHistory['record']>>): PolicyRuleMode[] => {
    const now = clock()
    const set = settings.current().filter(({ policyId }) => policyId === policy.id)
    return rules()
      .rules.filter((rule) => mayAnswer(policy, { id: rule.id, level: rule.level, tags: rule.tags }))
      .map((rule) => {
        const own = set.find(({ ruleId }) => ruleId === rule.id)
        const { enforced, observed } = record.answered(policy.id, rule.id)
        const known = record.of(policy.id, rule.id)
        return {
          rule: { id: rule.id, title: rule.title, level: rule.level },
          mode: responseOf(policy, deps.rulesRespond.get(rule.id), rule.id, settings).mode,
          setBy: own?.by ?? null,
          setAt: own?.at ?? null,
          decisions7d: enforced,
          observed7d: observed,
          falsePositives: known.falsePositives,
          quietSince: known.firstAt ?? now,
          holds: holdsAgainst(known, now),
        }
      })
  }
  const viewOf = async ({ policy, origin, source, builtinSource }: BookPolicy): Promise<PolicyView> => ({
    id: policy.id,
    title: policy.title,
    description: policy.description,
    order: policy.order,
    origin,
    mode: settings.of(policy.id, '') ?? policy.respond.mode,
    inWords: policyInWords(policy),
    source,
    builtinSource,
    rules: rulesOf(policy, await history.record()),
    problem: book().problems.find((problem) => problem.policyId === policy.id)?.reason ?? null,
  })
  /** Files that hold no policy that could run: nobody may believe that they do. */
  const brokenViews = (): PolicyView[] =>
    book()
      .problems.filter(({ policyId }) => policyId === undefined || book().get(policyId) === undefined)
      .map(({ file, line, policyId, reason }) => ({
        id: policyId ?? `${file}:${line}`,
        title: `${file}, line ${line}`,
        description: 'This file cannot run.',
        order: 1_000,
        origin: file,
        mode: 'observe',
        inWords: [],
        source: '',
        builtinSource: null,
        rules: [],
        problem: reason,
      }))
  const change = async (id: string, ruleId: string | undefined, work: () => Promise<void>): Promise<PolicyView> => {
    const entry = entryOf(id)
    if (ruleId !== undefined) {
      const rule = rules().get(ruleId)
      if (rule === undefined || !mayAnswer(entry.policy, rule))
        throw new ParapetError('PPT_NOT_FOUND', 'the policy does not answer this rule')
    }
    await work()
    return viewOf(entry)
  }

  const preview = async (
    entry: BookPolicy,
    wish: {
      readonly mode?: DecisionMode | undefined
      readonly days?: number | undefined
      readonly source?: string | undefined
      readonly ruleId?: string | undefined
    },
  ): Promise<PolicyPreview> => {
    const now = clock()
    const since = now - Math.min(DAYS, wish.days ?? DAYS) * DAY
    const policy = wish.source === undefined ? entry.policy : readEdited(entry.policy.id, wish.source)
    const policies = book().policies.map((other) => (other.id === policy.id ? policy : other))
    const [{ alerts, whole }, signIns] = await Promise.all([history.alertsSince(since), history.signInsSince(since)])
    return previewPolicy({
      policy,
      policies: policies.toSorted((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1)),
      ...(wish.mode === undefined ? {} : { mode: wish.mode }),
      alerts: wish.ruleId === undefined ? alerts : alerts.filter(({ alert }) => alert.rule.id === wish.ruleId),
      protectedTargets: deps.protectedTargets,
      signedIn: signIns.has,
      rulesRespond: deps.rulesRespond,
      budget: deps.budget,
      since,
      now,
      whole,
    })
  }

  return {
    views: async () => {
      const views: PolicyView[] = []
      for (const entry of book().entries) views.push(await viewOf(entry))
      return [...views, ...brokenViews()]
    },
    view: async (id) => viewOf(entryOf(id)),
    preview: async (id, wish) => {
      const entry = entryOf(id)
      if (busy) throw Object.assign(new ParapetError('PPT_BACKPRESSURE', 'another policy is being tried'), { retryAfterSeconds: 5 })
      busy = true
      try {
        return await preview(entry, wish)
      } finally {
        busy = false
      }
    },
    setMode: (id, mode, ruleId, by) => change(id, ruleId, () => settings.set(id, ruleId ?? '', mode, by)),
    resetMode: (id, ruleId) => change(id, ruleId, () => settings.reset(id, ruleId ?? '')),
  }
}
