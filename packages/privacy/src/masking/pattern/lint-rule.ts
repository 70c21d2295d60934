import type { MaskRule } from '../types.js'
import { digitShapes, type DigitShape } from './digit-shapes.js'
import { lintPattern } from './lint-pattern.js'
import { placeLiteral, type LiteralPlace } from './literal-place.js'
import { parsePattern, patternFault } from './parse-pattern.js'

/** Where a rule's pattern is tried: what its trigger comes to. */
export type RulePlan = {
  /** by literal, in the rule's order */
  readonly places: readonly LiteralPlace[]
  readonly shapes: readonly DigitShape[]
}

/** Checks a rule's pattern against the subset and its trigger against the pattern. Throws `PPT_MASK_RULE` that says what to write instead. */
export const lintRule = (rule: Pick<MaskRule, 'trigger' | 'pattern' | 'caseInsensitive' | 'lookback'>): RulePlan => {
  const tree = parsePattern(rule.pattern, rule.caseInsensitive)
  lintPattern(tree)
  const { trigger } = rule
  if (trigger.kind === 'literal')
    return { places: trigger.literals.map((literal) => placeLiteral(tree, literal, rule.lookback)), shapes: [] }
  if (rule.lookback > 0) throw patternFault('lookback belongs to literals')
  return { places: [], shapes: trigger.kind === 'digits' ? digitShapes(tree) : [] }
}

const plans = new WeakMap<MaskRule, RulePlan>()

/** The plan of a rule: as it was remembered, or by checking the rule. */
export const planOf = (rule: MaskRule): RulePlan => {
  let plan = plans.get(rule)
  if (plan === undefined) plans.set(rule, (plan = lintRule(rule)))
  return plan
}

/** Remembers the plan of a rule that was checked before, so that a start need not check it again. */
export const rememberPlan = (rule: MaskRule, plan: RulePlan): void => {
  plans.set(rule, plan)
}

/** A plan as JSON holds it: a fixed place is a number, a run `[back, characters in hex]`, a shape five numbers. */
export type PlanText = {
  readonly places?: readonly (number | readonly [number, string])[]
  readonly shapes?: readonly (readonly number[])[]
}

/** Writes a plan for {@link readPlan}. */
export const writePlan = ({ places, shapes }: RulePlan): PlanText => ({
  ...(places.length === 0
    ? {}
    : { places: places.map((place) => (place.kind === 'fixed' ? place.offset : [place.back, place.run.toString(16)])) }),
  ...(shapes.length === 0 ? {} : { shapes: shapes.map(({ lead, before, first, joint, second }) => [lead, before, first, joint, second]) }),
})

/** Reads what {@link writePlan} wrote. */
export const readPlan = ({ places = [], shapes = [] }: PlanText): RulePlan => ({
  places: places.map((place) =>
    typeof place === 'number' ? { kind: 'fixed', offset: place } : { kind: 'run', back: place[0], run: BigInt(`0x${place[1]}`) },
  ),
  shapes: shapes.map(([lead = 0, before = 0, first = 0, joint = 0, second = 0]) => ({ lead, before, first, joint, second })),
})
