import { nearest } from '@parapet/core'
import type { BuiltInRuleSet, MaskerOptions, MaskRule, RoleView } from '@parapet/privacy'
import { usageError } from '../errors.js'
import { checkNames, type PolicyFile, readPolicyFile } from './policy-file.js'
import { readPseudonymKey } from './pseudonym-key.js'

/** What the command line says of masking. */
export type MaskChoices = {
  readonly policy?: string
  readonly role?: string
  readonly action?: 'redact' | 'mask' | 'pseudonymize' | 'drop'
  readonly keepLast?: number
  readonly on?: readonly string[]
  readonly off?: readonly string[]
  readonly pseudonymKey?: string
}

const NO_POLICY: PolicyFile = { on: [], off: [], allow: [], actions: {}, roles: {}, rules: [], builtIn: true }

const roleView = (role: string, { roles }: PolicyFile, file: string): RoleView => {
  const view = Object.hasOwn(roles, role) ? roles[role] : undefined
  if (view !== undefined) return view
  const close = nearest(role, Object.keys(roles))
  throw usageError(`${file} has no role ${role.slice(0, 80)}${close === undefined ? '' : `; did you mean ${close}?`}`)
}

const viewOf = (choices: MaskChoices, policy: PolicyFile): RoleView | undefined => {
  const { action, role, keepLast } = choices
  if (role !== undefined) {
    if (choices.policy === undefined) throw usageError('--role needs --policy FILE, which says what a role sees')
    if (action !== undefined) throw usageError('--role and --action both say what is done: give one of them')
    return roleView(role, policy, choices.policy)
  }
  if (keepLast !== undefined && action !== 'mask') throw usageError('--keep-last goes with --action mask')
  if (action === undefined) return undefined
  return { '*': keepLast === undefined || action !== 'mask' ? action : { action: 'mask', keepLast } }
}

const wantsPseudonyms = (view: RoleView | undefined, policy: PolicyFile): boolean =>
  [...Object.values(view ?? {}), ...Object.values(policy.actions)].includes('pseudonymize')

/** Every name that options and policies may use. */
const namesOf = (set: BuiltInRuleSet, rules: readonly MaskRule[]): readonly string[] => [
  'personal',
  'secret',
  '*',
  ...[...set.rules, ...rules, ...set.keys.groups].map(({ id }) => id),
]

/**
 * The options of a masker as command line and policy file say. Throws `PPT_USAGE`, and what reading the policy, its rules and the key
 * throws; unknown names get the nearest known one.
 */
export const maskerOptions = async (
  choices: MaskChoices,
  env: Readonly<Record<string, string | undefined>>,
  set: BuiltInRuleSet,
): Promise<MaskerOptions> => {
  const policy = choices.policy === undefined ? NO_POLICY : await readPolicyFile(choices.policy)
  const view = viewOf(choices, policy)
  const known = namesOf(set, policy.rules)
  const file = choices.policy ?? ''
  checkNames(choices.on ?? [], known, '--on')
  checkNames(choices.off ?? [], known, '--off')
  checkNames(policy.on, known, `${file}: on`)
  checkNames(policy.off, known, `${file}: off`)
  checkNames(Object.keys(policy.actions), known, `${file}: actions`)
  for (const [role, seen] of Object.entries(policy.roles)) checkNames(Object.keys(seen), known, `${file}: roles.${role}`)

  const place = choices.pseudonymKey ?? policy.pseudonymKey
  if (place === undefined && wantsPseudonyms(view, policy))
    throw usageError('pseudonyms are made with a key: give --pseudonym-key env:NAME or file:/path, of 16 bytes or more')
  const key = place === undefined ? undefined : await readPseudonymKey(place, env)
  // what the command line says of a name goes before what the file says
  const off = [...policy.off.filter((name) => choices.on?.includes(name) !== true), ...(choices.off ?? [])]
  return {
    on: [...policy.on, ...(choices.on ?? [])],
    off,
    allow: policy.allow,
    actions: policy.actions,
    rules: policy.rules,
    builtIn: policy.builtIn,
    ...(view === undefined ? {} : { view }),
    ...(key === undefined ? {} : { pseudonymKey: () => key }),
  }
}
