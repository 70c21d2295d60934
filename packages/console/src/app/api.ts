import type { AlertDetail, AlertView, Decision, DecisionRequest, LockdownView, Overview, Page, SecondStep } from '@parapet/core'
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/browser'

import { createSend } from '../lib/api.js'
import type { AlertFilters } from '../lib/alert-filters.js'
import { alertQuery } from '../lib/alert-filters.js'
import type { DecisionTab } from '../lib/live-lists.js'
import { markSignedOut } from './session.js'
import { askStepUp } from './step-up.js'

/** Who is signed in, and what they may do. */
export type Operator = {
  readonly id: string
  readonly name: string
  readonly role?: 'admin' | 'viewer'
  readonly permissions: readonly string[]
  /** the rules ask for a second factor: nothing else opens before there is one */
  readonly mustEnrol?: boolean
}

/** True when an operator may add, change and reset others. */
export const mayManage = (operator: Operator): boolean => operator.permissions.includes('operators.manage')

/** What a sign-in that waits for its second step says. */
export type Waiting = SecondStep & { readonly passkey?: PublicKeyCredentialRequestOptionsJSON }

/** What proves a second factor. */
export type Proof =
  | { readonly code: string }
  | { readonly recoveryCode: string }
  | { readonly passkey: unknown }
  | { readonly password: string }

/** True when an operator may work on groups of alerts. */
export const mayTriage = (operator: Operator): boolean => operator.permissions.includes('triage.write')
/** True when an operator may switch rules and make exceptions of them. */
export const mayChangeRules = (operator: Operator): boolean => operator.permissions.includes('rules.manage')
/** True when an operator may let agents in. */
export const mayChangeSources = (operator: Operator): boolean => operator.permissions.includes('sources.manage')

/** True when an operator may begin, confirm and end a lockdown. */
export const mayLockDown = (operator: Operator): boolean => operator.permissions.includes('lockdown.manage')

/** True when an operator may block and undo. */
export const mayDecide = (operator: Operator): boolean => operator.permissions.includes('decisions.write')

/** Rows in one page of a list, and of one that is narrowed here: then more are read at once. */
const PAGE_ROWS = 50
const SEARCH_ROWS = 200

/** Sends one request; pages that are loaded later make theirs with it. */
export const send = createSend({
  fetch: (...args) => fetch(...args),
  onUnauthenticated: () => markSignedOut(),
  stepUp: askStepUp,
})

/** Every request that the console makes. */
export const api = {
  session: (): Promise<Operator> => send('GET', '/v1/session'),
  signIn: (name: string, password: string): Promise<Waiting | { readonly mfaRequired?: undefined }> =>
    send('POST', '/v1/session', { name, password }),
  signOut: (): Promise<unknown> => send('DELETE', '/v1/session'),
  setupNeeded: async (): Promise<boolean> => (await send<{ needed: boolean }>('GET', '/v1/setup')).needed,
  setUp: (link: string, name: string, password: string): Promise<unknown> => send('POST', '/v1/setup', { link, name, password }),
  overview: (signal?: AbortSignal): Promise<Overview> => send('GET', '/v1/overview', undefined, signal),
  alerts: (filters: AlertFilters, cursor: string | null, signal?: AbortSignal): Promise<Page<AlertView>> =>
    send('GET', `/v1/alerts?${alertQuery(filters, Date.now(), cursor, filters.text === '' ? PAGE_ROWS : SEARCH_ROWS)}`, undefined, signal),
  alert: (id: string, signal?: AbortSignal): Promise<AlertDetail> => send('GET', `/v1/alerts/${encodeURIComponent(id)}`, undefined, signal),
  lockdown: (signal?: AbortSignal): Promise<LockdownView> => send('GET', '/v1/lockdown', undefined, signal),
  /** Of one tab; `target` is an address or range, '' for all. */
  decisions: (tab: DecisionTab, target: string, cursor: string | null, signal?: AbortSignal): Promise<Page<Decision>> => {
    const params = new URLSearchParams({ limit: String(SEARCH_ROWS), state: tab === 'observe' ? 'active' : tab })
    if (target !== '') params.set('target', target)
    if (cursor !== null) params.set('cursor', cursor)
    return send('GET', `/v1/decisions?${params.toString()}`, undefined, signal)
  },
  decide: (request: DecisionRequest): Promise<unknown> => send('POST', '/v1/decisions', request),
  lift: (id: string, reason: string): Promise<unknown> => send('POST', `/v1/decisions/${encodeURIComponent(id)}/lift`, { reason }),
  liftBatch: (batch: string, reason: string): Promise<unknown> => send('POST', '/v1/decisions/lift', { batch, reason }),
}
