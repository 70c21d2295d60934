import type { Decision } from '@parapet/core'

/** What a guard can be asked to leave undone although a decision is in force, and why. */
export type UnsupportedEffect = { readonly what: string; readonly needs: string }

/**
 * What the decisions held say about a request, the strongest first. `observed` would have applied, but is only watched.
 * Source of the effects: `docs/reference`, decision effects.
 */
export type EnforcementVerdict =
  | { readonly kind: 'allowed'; readonly observed: Decision | undefined }
  /** 403 */
  | { readonly kind: 'denied'; readonly decision: Decision }
  /** the session ends, the request goes on as nobody's; sign-in fails as for a wrong password */
  | { readonly kind: 'suspended'; readonly decision: Decision; readonly observed: Decision | undefined }
  /** sessions, remembered devices and API keys end; sign-in with the right password leads to a reset */
  | { readonly kind: 'reset_required'; readonly decision: Decision; readonly observed: Decision | undefined }
  /** this session ends: it began before the decision did */
  | { readonly kind: 'sessions_ended'; readonly decision: Decision; readonly observed: Decision | undefined }
  /** a factor has to be shown in this session */
  | { readonly kind: 'mfa_required'; readonly decision: Decision; readonly observed: Decision | undefined }
  /** a signed-in user has to prove anew who he is */
  | { readonly kind: 'step_up'; readonly decision: Decision; readonly observed: Decision | undefined }
  /** somebody unknown has to let his browser work */
  | { readonly kind: 'challenged'; readonly decision: Decision; readonly observed: Decision | undefined }
  /** counted against the limit of each decision */
  | { readonly kind: 'throttled'; readonly decisions: readonly Decision[]; readonly observed: Decision | undefined }

/** Whether a session may enrol a factor. */
export type EnrolmentVerdict =
  | { readonly kind: 'allowed' }
  /** `flagged`: a decision is in force on the session, its subject or its address */
  | { readonly kind: 'refused'; readonly reason: 'flagged' | 'not_signed_in'; readonly decisionId?: string }
  | { readonly kind: 'degraded'; readonly reason: string }
