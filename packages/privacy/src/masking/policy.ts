import { ParapetError } from '@parapet/core'
import type { Decided } from './actions/actions.js'
import type { Found } from './scan/candidate.js'
import type { KeyGroup, KeyRules } from './structure/key-groups.js'
import { MASK_ACTIONS, type MaskAction, type MaskRule, type RoleView } from './types.js'

/**
 * Which rules are on and what they do. Names are ids of rules or key groups (which stand for the rules that they cover, too), the kinds
 * `personal` and `secret`, or `*` for all; the most particular wins.
 */
export type MaskPolicy = {
  /** rules that are on although they are of low confidence, or although their kind is off */
  readonly on?: readonly string[]
  readonly off?: readonly string[]
  /** what is done instead of what the rules say */
  readonly actions?: Readonly<Record<string, MaskAction | { readonly action: 'mask'; readonly keepLast: number }>>
  /** what a role sees; it goes before `actions` */
  readonly view?: RoleView
  /** values that are left as they are, compared without case */
  readonly allow?: readonly string[]
}

/** A policy made ready. */
export type CompiledPolicy = {
  readonly rules: readonly MaskRule[]
  /** ids of key groups for the classifier */
  readonly keysOn: readonly string[]
  readonly keysOff: readonly string[]
  readonly decide: (what: Found) => Decided
  /** every action that can come up */
  readonly actions: ReadonlySet<MaskAction | 'show'>
  readonly isAllowed: (value: string) => boolean
}

type Choice = MaskAction | 'show' | { readonly action: 'mask'; readonly keepLast: number }

const KINDS = ['personal', 'secret', '*']
const ACTIONS: readonly string[] = MASK_ACTIONS

const wrong = (what: string): ParapetError => new ParapetError('PPT_MASK_RULE', `policy: ${what}`)

const checkChoice = (name: string, choice: Choice, mayShow: boolean): void => {
  const action = typeof choice === 'string' ? choice : choice.action
  if (!ACTIONS.includes(action) && !(mayShow && action === 'show'))
    throw wrong(`the action of ${name} is one of ${ACTIONS.join(', ')}${mayShow ? ', show' : ''}`)
  if (typeof choice === 'string') return
  if (action !== 'mask' || !Number.isInteger(choice.keepLast) || choice.keepLast < 0 || choice.keepLast > 8)
    throw wrong(`${name}: only mask has a keepLast, a whole number from 0 to 8`)
}

const isOn = (what: { id: string; kind: string; confidence: string }, { on = [], off = [] }: MaskPolicy, group?: string): boolean => {
  if (off.includes(what.id)) return false
  if (on.includes(what.id)) return true
  if (group !== undefined && off.includes(group)) return false
  if (group !== undefined && on.includes(group)) return true
  if (what.confidence === 'low') return false
  if (on.includes(what.kind)) return true
  return !off.includes(what.kind) && !off.includes('*')
}

/** Checks a policy against rules and key groups. A name that is not known, or an action that is none, throws `PPT_MASK_RULE`. */
export const compilePolicy = (policy: MaskPolicy, rules: readonly MaskRule[], keys: KeyRules): CompiledPolicy => {
  const known = new Set([...KINDS, ...rules.map(({ id }) => id), ...keys.groups.map(({ id }) => id)])
  const { on = [], off = [], actions = {}, view = {}, allow = [] } = policy
  for (const name of [...on, ...off, ...Object.keys(actions), ...Object.keys(view)])
    if (!known.has(name)) throw wrong(`no rule, key group or kind is called ${JSON.stringify(name.slice(0, 80))}`)
  for (const [name, choice] of Object.entries(actions)) checkChoice(name, choice, false)
  for (const [name, choice] of Object.entries(view)) checkChoice(name, choice, true)

  const groupOf = new Map(keys.groups.flatMap((group) => group.covers.map((rule) => [rule, group.id] as const)))
  const pick = (choices: Readonly<Record<string, Choice>>, what: Pick<Found, 'id' | 'kind'>): Choice | undefined =>
    [what.id, groupOf.get(what.id) ?? what.id, what.kind, '*']
      .map((name) => (Object.hasOwn(choices, name) ? choices[name] : undefined))
      .find((choice) => choice !== undefined)
  // rules and groups are few and live as long as the policy: the object itself is the fastest key
  const decided = new WeakMap<Found, Decided>()
  const decide = (what: Found): Decided => {
    let known = decided.get(what)
    if (known === undefined) {
      const choice = pick(view, what) ?? pick(actions, what) ?? what.action
      known = typeof choice === 'string' ? { action: choice, keepLast: what.keepLast } : choice
      decided.set(what, known)
    }
    return known
  }

  const isShown = (what: Found): boolean => decide(what).action === 'show'
  const kept = rules.filter((rule) => isOn(rule, policy, groupOf.get(rule.id)) && !isShown(rule))
  const groups = keys.groups.filter((group: KeyGroup) => isOn(group, policy))
  const groupIds = new Set(groups.map(({ id }) => id))
  const allowed = new Set(allow.map((value) => value.toLowerCase()))
  return {
    rules: kept,
    keysOn: groups.filter(({ confidence }) => confidence === 'low').map(({ id }) => id),
    keysOff: keys.groups.filter(({ id }) => !groupIds.has(id)).map(({ id }) => id),
    decide,
    actions: new Set([...kept, ...groups].map((what) => decide(what).action)),
    isAllowed: allowed.size === 0 ? () => false : (value) => allowed.has(value.toLowerCase()),
  }
}
