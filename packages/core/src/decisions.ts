import type { Level } from './alerts.js'

/** What a decision acts on. */
export type TargetKind = 'ip' | 'cidr' | 'user' | 'session' | 'country' | 'asn' | 'all'
/** What is enforced. `docs/reference` says which enforcer can do which. */
export type DecisionAction = 'deny' | 'throttle' | 'challenge' | 'require_mfa' | 'require_reset' | 'suspend'
/** `login` stops credential paths only, `all` every request. */
export type DecisionScope = 'login' | 'all'
/** `observe` is recorded and shown but never enforced. */
export type DecisionMode = 'enforce' | 'observe'

/** Who asked for a decision. */
export type Author = { readonly kind: 'policy' | 'operator' | 'token' | 'cli'; readonly id: string; readonly name?: string }

/** What is enforced on a target, always with a reason, an author and an expiry. Times in ms UTC. */
export type Decision = {
  readonly id: string
  /** rises with every change of any decision; what enforcers hold as their cursor */
  readonly revision: number
  readonly target: { readonly kind: TargetKind; readonly value: string }
  readonly action: DecisionAction
  readonly scope: DecisionScope
  readonly mode: DecisionMode
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
