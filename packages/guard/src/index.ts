export type { CdnName } from './client-address/cdn.js'
export type { AssessmentConsent, AssessmentOption } from './assessment/assessment.js'
export {
  type ClientAddress,
  type ClientAddressOptions,
  createClientAddress,
  type ForwardingHeader,
  type Topology,
  type UnknownAddressReason,
} from './client-address/client-address.js'
export { createCspCollector, type CspCollectorOptions } from './csp-collector/csp-collector.js'
export type { CspCollected, CspCollector, CspCollectorStats, CspDrop, CspReport, CspSuggestion } from './csp-collector/types.js'
export { createCsrf, type Csrf, type CsrfOptions, type CsrfReason, type CsrfVerdict } from './csrf/csrf.js'
export type { CsrfToken } from './csrf/tokens.js'
export { createPublicIds, type PublicIdOptions } from './public-id/public-ids.js'
export type { PublicIdKind, PublicIdReport, PublicIds, PublicIdTypes, PublicIdValue, PublicIdVerdict } from './public-id/types.js'
export { createRedirects, type RedirectOptions } from './redirect/redirect.js'
export type { RedirectReason, RedirectReport, Redirects, RedirectVerdict } from './redirect/types.js'
export { createSignedUrls, type SignedUrlOptions } from './signed-url/signed-urls.js'
export type { SignedUrlReport, SignedUrls, SignedUrlVerdict, UrlToSign } from './signed-url/types.js'
export { createKeyring, type KeyringOptions } from './keyring/keyring.js'
export type { CspDirectives } from './headers/csp.js'
export { createHeaders, type HeaderOverrides, type SecurityHeaders } from './headers/headers.js'
export type { HeaderPreset } from './headers/presets.js'
export { limitHeaders, limitProblem } from './limiter/answer.js'
export { type KeyPart, routePart } from './limiter/key.js'
export { createLimiter, type Limiter, type LimiterOptions, type LocalOutcome } from './limiter/limiter.js'
export { createSharedLimiter, type SharedLimiterOptions } from './limiter/shared-limiter.js'
export type {
  ConcurrencyPolicy,
  GcraPolicy,
  GiveBack,
  LimitAnswer,
  LimitCapable,
  LimitOutageReport,
  LimitOutcome,
  LimitPolicy,
  LimitReceipt,
  LimitRule,
  LimitStore,
  LimitVerdict,
  OnOutage,
  SharedLimiter,
  SharedLimiterStats,
  StoreTake,
  Take,
  WindowPolicy,
} from './limiter/types.js'
export type { GuardRequest, NodeRequest, RequestLike } from './request/guard-request.js'
export type { GeoLookup, Place } from './geo/types.js'
export type { SessionsOptions } from './session/options.js'
export type { Session, SessionData } from './session/record.js'
export {
  createSessions,
  type SessionChange,
  type SessionEnd,
  type SessionRotation,
  type Sessions,
  type SessionStart,
  type SessionVerdict,
} from './session/sessions.js'
export type { RiskLevel, RiskSignal, SessionBinding, SessionFlag, SessionReport, SessionRisk } from './session/types.js'
export { type MemoryStore, memoryStore, type MemoryStoreOptions } from './store/memory-store.js'
export { createLogin, type Login, type LoginAttempt, type LoginVerdict, UNKNOWN_SUBJECT } from './login/login.js'
export type { LoginOptions } from './login/options.js'
export type { LockScope, LoginMethod, LoginReport } from './login/report.js'
export type { CampaignReport, CampaignResponse, LoginHold, UnlockLink, UnlockVerdict } from './login/types.js'
export {
  createErrors,
  type DescribedError,
  type DescribedRequest,
  type ErrorAbout,
  type ErrorAnswer,
  type ErrorProblem,
  type ErrorRecord,
  type Errors,
  type ErrorsOptions,
  publicError,
} from './errors/index.js'
export { type Access, type AccessAudit, type AccessAuditOptions, createAccessAudit } from './access-audit/access-audit.js'
export type { AccessAction, AccessAuditStats, AccessEntry, AccessSink } from './access-audit/types.js'
export type { CredentialsEnded } from './app/accounts.js'
export type { Diagnostic, DiagnosticCode } from './app/diagnostics.js'
export { createGuard } from './app/guard.js'
export { guardMetrics } from './app/metrics.js'
export type { GuardOptions, LimitName, WatchedPolicy } from './app/options.js'
export { type Refusal, refusalBody } from './app/refusal.js'
export type { PartReport } from './app/reports.js'
export type { Answered, Guard, GuardContext, GuardCounts, GuardParts, GuardStatus, Passage } from './app/types.js'
export { type AnswerVerdict, type Challenge, type ChallengeOptions, createChallenge, type Puzzle } from './challenge/challenge.js'
export type { EnrolmentVerdict } from './enforcement/types.js'
export { createNotices, type NoticesOptions } from './notices/notices.js'
export type { Notice, NoticeInput, NoticeKind, NoticeMail, Notices, NoticeVerdict } from './notices/types.js'
export { prefersHtml } from './errors/accept.js'
export { visibleText } from './events/security-events.js'
export { isPlainlyBelow, readRoutes, type RouteList, type Routes, withoutLastSlash } from './enforcement/routes.js'
export { createThrottle } from './enforcement/throttle.js'
export { weigh } from './enforcement/weigh.js'
export { readCookie } from './request/cookies.js'
