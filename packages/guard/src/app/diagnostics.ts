import type { Clock, SecurityEvent } from '@parapet/core'

/** Something about the guard itself that an operator must know. */
export type DiagnosticCode =
  | 'access_records_lost'
  | 'challenge_store_away'
  | 'client_address_unknown'
  | 'cleartext'
  | 'control_plane_away'
  | 'control_plane_back'
  | 'credentials_hook_failed'
  | 'decision_unsupported'
  | 'device_cookies_off'
  | 'events_dropped'
  | 'events_rejected'
  | 'framework_debug'
  | 'guard_error'
  | 'headers_weak'
  | 'limit_store_away'
  | 'limit_store_back'
  | 'one_address'
  | 'session_store_away'

/** `count` is how often it has happened since it was last told. */
export type Diagnostic = { readonly code: DiagnosticCode; readonly detail: string; readonly count: number; readonly at: number }

/** Tells each kind of trouble at once and then at most once a minute, with how often it has happened. */
export type Diagnostics = { readonly tell: (code: DiagnosticCode, detail: string) => void; readonly latest: () => readonly Diagnostic[] }

const QUIET_MS = 60_000

export const createDiagnostics = (deps: {
  readonly clock: Clock
  readonly listener: (diagnostic: Diagnostic) => void
  readonly send: (event: SecurityEvent) => void
  /** hides what a detail must not say: part of it may be an error's message */
  readonly mask?: (text: string) => string
}): Diagnostics => {
  const told = new Map<DiagnosticCode, Diagnostic>()
  const held = new Map<DiagnosticCode, number>()
  return {
    tell: (code, text) => {
      const detail = deps.mask?.(text) ?? text
      const now = deps.clock()
      const count = (held.get(code) ?? 0) + 1
      const last = told.get(code)
      if (last !== undefined && now - last.at < QUIET_MS) {
        held.set(code, count)
        return
      }
      held.delete(code)
      const diagnostic = { code, detail, count, at: now }
      told.set(code, diagnostic)
      deps.send({
        '@timestamp': now,
        'event.category': 'configuration',
        'event.action': 'guard-diagnostic',
        'event.outcome': code.endsWith('_back') ? 'success' : 'failure',
        'event.reason': code,
        'event.dataset': 'guard.diagnostic',
        message: `${detail}${count > 1 ? ` (${count} times)` : ''}`,
      })
      try {
        deps.listener(diagnostic)
      } catch {
        // whoever listens must not break a request
      }
    },
    latest: () => [...told.values()],
  }
}
