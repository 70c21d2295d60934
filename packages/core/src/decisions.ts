import type { Level } from './alerts.js'

/** What a decision acts on. */
export type TargetKind = 'ip' | 'cidr' | 'user' | 'session' | 'country' | 'asn' | 'all'
/** What is enforced. `docs/reference` says which enforcer can do which. */
export const DECISION_ACTIONS = [
  'deny',
  'throttle',
  'challenge',
  'require_mfa',
  'require_reset',
  'suspend',
  'end_sessions',
  'lockdown',
] as const
/** One of {@link DECISION_ACTIONS}. */
export type DecisionAction = (typeof DECISION_ACTIONS)[number]
/** `login` stops credential paths only, `all` every request. */
export type DecisionScope = 'login' | 'all'
/** `observe` is recorded and shown but never enforced. */
export type DecisionMode = 'enforce' | 'observe'

/** What carries decisions out. `feed`: lists and webhooks for what stands outside, such as the firewall of a cloud. */
export const ENFORCER_KINDS = ['guard', 'forward_auth', 'nginx', 'nftables', 'feed'] as const
/** One of {@link ENFORCER_KINDS}. */
export type EnforcerKind = (typeof ENFORCER_KINDS)[number]

/**
 * How far a lockdown goes. `read_only`: nothing may be changed; `known_users`: only who was signed in before it, or signs in with a second
 * factor; `allow_list`: only listed addresses; `all`: nobody but those who run it.
 */
export const LOCKDOWN_MODES = ['read_only', 'known_users', 'allow_list', 'all'] as const
/** One of {@link LOCKDOWN_MODES}. */
export type LockdownMode = (typeof LOCKDOWN_MODES)[number]

/** How many requests in how long a `throttle` lets through; `windowMs` in ms. */
export type ThrottleLimit = { readonly limit: number; readonly windowMs: number }

/** What a `throttle` without a limit of its own lets through: ten requests a minute. */
export const THROTTLE_DEFAULT: ThrottleLimit = { limit: 10, windowMs: 60_000 }

/** Who asked for a decision. */
export type Author = { readonly kind: 'policy' | 'operator' | 'token' | 'cli'; readonly id: string; readonly name?: string }

/** What is enforced on a target, always with a reason, an author and an expiry. Times in ms UTC. */
export type Decision = {
  readonly id: string
  /** rises with every change of any decision; what enforcers hold as their cursor */
  readonly revision: number
  readonly target: { readonly kind: TargetKind; readonly value: string }
  readonly action: DecisionAction
  /** of a `throttle`, for each client or user on its own; `THROTTLE_DEFAULT` when left out */
  readonly limit?: ThrottleLimit
  /** of a `lockdown`, whose target is `all`; `allow` holds the ranges that it never reaches */
  readonly lockdown?: { readonly mode: LockdownMode; readonly allow: readonly string[] }
  readonly scope: DecisionScope
  readonly mode: DecisionMode
  /** only these carry it out; all that can when left out */
  readonly enforcers?: readonly EnforcerKind[]
  readonly reason: string
  readonly author: Author
  readonly rule?: { readonly id: string; readonly title: string; readonly level: Level; readonly version: string }
  readonly alertId?: string
  /** decisions made together; undone together */
  readonly batch: string
  readonly startsAt: number
  readonly expiresAt: number
  /** set when somebody, or the allow-list, took it back before its expiry */
  readonly lifted?: { readonly at: number; readonly by: Author; readonly reason: string }
}

/** True while a decision binds at `now` (ms UTC), whatever its mode. */
export const isActive = (decision: Omit<Decision, 'revision'>, now: number): boolean =>
  decision.lifted === undefined && decision.startsAt <= now && now < decision.expiresAt
