export {
  type ClientAddress,
  createClientAddress,
  type ForwardingHeader,
  type Topology,
  type UnknownAddressReason,
} from './client-address/client-address.js'
export { createCsrf, type CsrfOptions, type CsrfReason, type CsrfVerdict } from './csrf/csrf.js'
export type { CspDirectives } from './headers/csp.js'
export { createHeaders, type HeaderOverrides, type SecurityHeaders } from './headers/headers.js'
export type { HeaderPreset } from './headers/presets.js'
export { limitHeaders, limitProblem } from './limiter/answer.js'
export type { KeyPart } from './limiter/key.js'
export { createLimiter, type Limiter, type LimiterOptions, type LimitPolicy, type LimitVerdict } from './limiter/limiter.js'
export type { GuardRequest, NodeRequest, RequestLike } from './request/guard-request.js'
export type { Session, SessionData } from './session/record.js'
export {
  createSessions,
  type SessionEnd,
  type SessionRotation,
  type Sessions,
  type SessionsOptions,
  type SessionStart,
  type SessionVerdict,
} from './session/sessions.js'
export { type MemoryStore, memoryStore, type MemoryStoreOptions } from './store/memory-store.js'
export { type StoreCheck, storeConformance, type StoreUnderTest } from './store/store-conformance.js'
export { createLogin, type Login, type LoginAttempt, type LoginVerdict, UNKNOWN_SUBJECT } from './login/login.js'
export type { LoginOptions } from './login/options.js'
export type { LockScope, LoginMethod, LoginReport } from './login/report.js'
export type { Diagnostic, DiagnosticCode } from './app/diagnostics.js'
export { createGuard, type Guard, type GuardContext, type GuardStatus, type Passage } from './app/guard.js'
export type { GuardOptions } from './app/options.js'
export type { Refusal } from './app/refusal.js'
