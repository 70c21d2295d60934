import type {
  AlertView,
  Decision,
  DecisionDetail,
  DecisionMode,
  DecisionPreview,
  DecisionRequest,
  EnforcerView,
  ErrorCode,
  Lockdown,
  LockdownMode,
  LockdownPreflight,
  PolicyPreview,
  PolicyView,
} from '@parapet/core'
import { parseDuration } from '@parapet/core'

import { makeEvents } from './fixtures.js'
import { makeConfirmations, makeEnforcers, makeLockdown, makePolicies, makePolicyPreview, makePreflight } from './respond-fixtures.js'

/** What the fake knows about enforcers, policies and lockdowns; tests change it while the server runs. */
export type RespondWorld = {
  enforcers: readonly EnforcerView[]
  policies: readonly PolicyView[]
  policyPreview: PolicyPreview
  decisionPreview: Omit<DecisionPreview, 'request'>
  /** the preview of a block does not work */
  decisionPreviewFails: boolean
  lockdown: Lockdown | null
  latestLockdowns: readonly Lockdown[]
  preflight: LockdownPreflight
}

/** A day of data, or nothing at all. */
export const makeRespondWorld = (now: number, empty: boolean): RespondWorld => ({
  enforcers: empty ? [] : makeEnforcers(now),
  policies: empty ? [] : makePolicies(now),
  policyPreview: makePolicyPreview(now),
  decisionPreview: {
    refused: null,
    since: now - 7 * 86_400_000,
    addresses: 3,
    events: 1_204,
    signedIn: 2,
    examples: ['m.okafor signed in from there', 'GET /login 900 times'],
  },
  decisionPreviewFails: false,
  lockdown: null,
  latestLockdowns: [],
  preflight: makePreflight(),
})

type Base = {
  readonly alerts: readonly AlertView[]
  readonly decisions: readonly Decision[]
  readonly operator: { readonly id: string; readonly name: string }
  readonly respond: RespondWorld
  readonly detect: { stepUp: boolean }
}
type Answer = { readonly status: number; readonly body?: unknown } | { readonly problem: ErrorCode; readonly detail?: string }

const detailOf = (base: Base, decision: Decision): DecisionDetail => ({
  decision,
  alerts: base.alerts.filter((alert) => alert.id === decision.alertId),
  events: makeEvents(Date.now(), 6),
  batch: base.decisions.filter((other) => other.batch === decision.batch),
  confirmations: base.respond.enforcers.length === 0 ? [] : makeConfirmations(Date.now()),
  incidents: decision.alertId === undefined ? [] : [{ id: 'incident-7', title: 'INC-7 Passwords are guessed at shop' }],
})

const setMode = (base: Base, id: string, mode: DecisionMode | undefined, ruleId: string | undefined): PolicyView | undefined => {
  base.respond.policies = base.respond.policies.map((policy): PolicyView => {
    if (policy.id !== id) return policy
    const rules = policy.rules.map((rule) => {
      if (ruleId !== undefined && rule.rule.id !== ruleId) return rule
      return mode === undefined
        ? { ...rule, mode: policy.mode, setBy: null, setAt: null }
        : { ...rule, mode, setBy: { id: base.operator.id, name: base.operator.name }, setAt: Date.now() }
    })
    return { ...policy, rules, mode: ruleId === undefined && mode !== undefined ? mode : policy.mode }
  })
  return base.respond.policies.find((policy) => policy.id === id)
}

const lockdownOf = (method: string, base: Base, body: unknown): Answer => {
  const { respond } = base
  const now = Date.now()
  if (method === 'GET') return { status: 200, body: { current: respond.lockdown, latest: respond.latestLockdowns } }
  if (method === 'POST') {
    if (!respond.preflight.ok) return { problem: 'PPT_CONFLICT', detail: respond.preflight.problems[0] ?? '' }
    const asked = body as { mode: LockdownMode; duration: string; reason: string; incidentId?: string }
    respond.lockdown = makeLockdown(now, {
      mode: asked.mode,
      reason: asked.reason,
      holdsMs: parseDuration(asked.duration) ?? 0,
      incidentId: asked.incidentId ?? null,
    })
    return { status: 201, body: respond.lockdown }
  }
  if (respond.lockdown === null) return { problem: 'PPT_NOT_FOUND' }
  const ended: Lockdown = { ...respond.lockdown, endedAt: now, endedWhy: 'ended' }
  respond.latestLockdowns = [ended, ...respond.latestLockdowns]
  respond.lockdown = null
  return { status: 200, body: ended }
}

/** What the control plane answers about decisions, policies, enforcers and lockdowns; `undefined` for other routes. */
export const answerRespond = (method: string, url: URL, body: unknown, base: Base): Answer | undefined => {
  const { respond } = base
  const [area, id, verb] = url.pathname
    .slice('/v1/'.length)
    .split('/')
    .map((part) => decodeURIComponent(part))
  const dangerous = (area === 'policies' && method === 'PUT') || (method === 'POST' && url.pathname === '/v1/lockdown')
  if (dangerous && base.detect.stepUp) {
    base.detect.stepUp = false
    return { problem: 'PPT_STEP_UP' }
  }
  if (area === 'enforcers' && method === 'GET') return { status: 200, body: { items: respond.enforcers } }
  if (area === 'lockdown') {
    if (id === undefined) return lockdownOf(method, base, body)
    if (id === 'preflight') return { status: 200, body: respond.preflight }
    if (respond.lockdown === null) return { problem: 'PPT_NOT_FOUND' }
    const { lockdown } = respond
    respond.lockdown = { ...lockdown, confirmations: lockdown.confirmations + 1, endsAt: Date.now() + lockdown.holdsMs }
    return { status: 200, body: respond.lockdown }
  }
  if (area === 'policies') {
    if (id === undefined) return { status: 200, body: { items: respond.policies } }
    if (verb === 'preview') return { status: 200, body: respond.policyPreview }
    const { mode, ruleId } = body as { mode?: DecisionMode; ruleId?: string }
    const changed = setMode(base, id, method === 'DELETE' ? undefined : mode, ruleId)
    return changed === undefined ? { problem: 'PPT_NOT_FOUND' } : { status: 200, body: changed }
  }
  if (area !== 'decisions' || id === undefined) return undefined
  if (method === 'POST' && id === 'preview' && respond.decisionPreviewFails) return { problem: 'PPT_INTERNAL' }
  if (method === 'POST' && id === 'preview')
    return { status: 200, body: { ...respond.decisionPreview, request: body as DecisionRequest } satisfies DecisionPreview }
  if (method !== 'GET' || verb !== undefined) return undefined
  const decision = base.decisions.find((known) => known.id === id)
  return decision === undefined ? { problem: 'PPT_NOT_FOUND' } : { status: 200, body: detailOf(base, decision) }
}
