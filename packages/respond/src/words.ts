import { type DecisionAction, type DecisionMode, type DecisionScope, type EnforcerKind, formatDuration } from '@parapet/core'
import type { Policy, PolicyAction, PolicyStep } from './policy.js'

/** What happens to a target, as the end of "is ..." and "would have been ...". */
export const DONE: Readonly<Record<DecisionAction, string>> = {
  deny: 'denied',
  throttle: 'slowed down',
  challenge: 'challenged',
  require_mfa: 'asked for a second factor',
  require_reset: 'made to set a new password',
  suspend: 'suspended',
  end_sessions: 'signed out everywhere',
  lockdown: 'locked down',
}

const WHOM: Readonly<Record<PolicyAction['target'], string>> = {
  ip: 'The address (over IPv6 its /64)',
  user: 'The user',
  session: 'The session',
}

const SCOPE: Readonly<Record<DecisionScope, string>> = { login: 'for signing in', all: 'on all routes' }

const ENFORCER: Readonly<Record<EnforcerKind, string>> = {
  guard: 'guards',
  forward_auth: 'forward-auth',
  nginx: 'nginx',
  nftables: 'the firewall',
  feed: 'list feeds',
}

/** `a, b and c` */
const joined = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`

const stepInWords = ({ scope, duration, enforcers }: PolicyStep): string => {
  const by = enforcers === undefined ? '' : ` at ${joined(enforcers.map((kind) => ENFORCER[kind]))}`
  return `${formatDuration(duration)} ${SCOPE[scope]}${by}`
}

const actionInWords = ({ action, target, limit, steps }: PolicyAction, mode: DecisionMode): string => {
  const [first, ...rest] = steps.map(stepInWords)
  const rate = limit === undefined ? '' : ` to ${limit.limit} requests in ${formatDuration(limit.windowMs)}`
  const ladder = rest.length === 0 ? '' : `; on repetition for ${rest.join(', then ')}`
  const verb = mode === 'enforce' ? 'is' : 'would be'
  return `${WHOM[target]} ${verb} ${DONE[action]}${rate} for ${first ?? 'no time'}${ladder}.`
}

/** What a policy does, in sentences for people: one an action, and one each for who is told, the incident and the lockdown. */
export const policyInWords = ({ respond }: Pick<Policy, 'respond'>): string[] => {
  const { mode, memory, actions, notify, incident, lockdown } = respond
  const words = actions.map((action) => actionInWords(action, mode))
  if (actions.length > 0) words.push(`Who stays quiet for ${formatDuration(memory)} begins at the first step again.`)
  if (notify !== undefined) words.push(notify === 'security' ? 'The security team is told.' : 'Every administrator is told.')
  if (incident !== undefined) words.push(`An incident of severity ${incident} opens, or the open one grows.`)
  if (lockdown === 'offer') words.push('A lockdown is offered, which one click starts.')
  else if (lockdown !== undefined)
    words.push(
      `A lockdown (${lockdown.mode}) ${mode === 'enforce' ? 'begins by itself and ends' : 'would begin by itself and end'} after ${formatDuration(lockdown.duration)}.`,
    )
  return words
}
