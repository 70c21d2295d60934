import type { Clock, DecisionSet, Keyring, RandomSource, SecurityEvent, Store } from '@parapet/core'
import type { Importable } from '@parapet/client'
import type { AccessAuditStats } from '../access-audit/types.js'
import type { ClientAddress } from '../client-address/client-address.js'
import type { Csrf } from '../csrf/csrf.js'
import type { EnrolmentVerdict } from '../enforcement/types.js'
import type { Errors } from '../errors/types.js'
import type { SecurityHeaders } from '../headers/headers.js'
import type { Limiter } from '../limiter/limiter.js'
import type { Login } from '../login/login.js'
import type { Notices } from '../notices/types.js'
import type { PublicIds } from '../public-id/types.js'
import type { Redirects } from '../redirect/types.js'
import type { RequestLike } from '../request/guard-request.js'
import type { Sessions, SessionVerdict } from '../session/sessions.js'
import type { SignedUrls } from '../signed-url/types.js'
import type { Diagnostic } from './diagnostics.js'
import type { Refusal } from './refusal.js'
import type { PartReport } from './reports.js'

/** What the guard knows of a request that it let pass. */
export type GuardContext = {
  /** for logs and answers; time-ordered */
  readonly id: string
  readonly client: ClientAddress
  readonly session: SessionVerdict
  /** for `<script nonce>` of this answer; made when it is read first, and then the answer must not be cached */
  readonly nonce: string
}

/** Sets headers on an answer that was not sent yet, each in place of what it was. */
export type SetHeaders = (headers: readonly (readonly [string, string])[]) => void

/** What is known when the answer is on its way. `route` is the pattern that the framework matched, such as `/api/documents/:id`. */
export type Answered = { readonly status: number; readonly route?: string | undefined }

/** What becomes of a request: headers for the answer, and the answer itself when the guard refuses. */
export type Passage = {
  readonly context: GuardContext
  /** for the answer, a refusal's own included; each name once, but `Set-Cookie` and `Vary`, which are appended */
  readonly headers: readonly (readonly [string, string])[]
  /** send `refusalBody(refusal)` with its status instead of calling the application */
  readonly refusal: Refusal | undefined
  /**
   * Only where access records must be written before the answer goes out: to be awaited with the status that the application gave, before
   * the answer is sent. A refusal that it resolves to goes out instead. Never rejects.
   */
  readonly hold?: (answered: Answered) => Promise<Refusal | undefined>
  /** to be called once, with what was sent; 499 for a client that has gone away */
  readonly done: (status: number, route?: string) => void
}

/** Counts since the start, by what became of requests. */
export type GuardCounts = {
  readonly requests: number
  readonly allowed: number
  /** by reason: `decision`, `limited`, `csrf`, `challenge`, `step_up`, `mfa`, `guard_error`, `store`, ... */
  readonly refused: Readonly<Record<string, number>>
  /** what would have been refused, were it not only watched, by the same reasons */
  readonly observed: Readonly<Record<string, number>>
  /** by part: requests that a store could not answer for */
  readonly degraded: Readonly<Record<string, number>>
}

/** How the guard itself is. */
export type GuardStatus = {
  readonly mode: 'enforce' | 'observe'
  /** `away`: decisions stand as they were, events wait in the spool */
  readonly controlPlane: 'off' | 'connecting' | 'live' | 'away'
  readonly decisions: number
  /** what decisions in force ask for and this guard cannot do, with what it would need: `challenge: needs keyring or secret` */
  readonly unsupported: readonly string[]
  readonly deviceCookies: 'on' | 'off'
  readonly events: { readonly sent: number; readonly waiting: number; readonly dropped: number; readonly rejected: number }
  readonly limiter: ReturnType<Limiter['stats']>
  readonly counts: GuardCounts
  readonly notices: ReturnType<Notices['stats']>
  /** `undefined` without `accessAudit` */
  readonly accessAudit: AccessAuditStats | undefined
  readonly diagnostics: readonly Diagnostic[]
}

/** What parts outside of `createGuard` are built with: `createMfa({ ...guard.parts, issuer: 'Example', factors })`. */
export type GuardParts = {
  readonly store: Store
  /** not there without `keyring` and `secret`: a part that needs it then refuses to be built, by name */
  readonly keyring: Keyring
  readonly clock: Clock
  readonly random: RandomSource
  readonly clientAddress: (request: RequestLike) => ClientAddress
  /** sends a security event up, masked and bounded */
  readonly emit: (event: SecurityEvent) => void
  readonly login: Login
  readonly sessions: Sessions
  /** cookies are `Secure` where the application is reached by https */
  readonly cookie: { readonly secure: boolean }
  /** false for a flagged session, and when nobody knows */
  readonly mayEnrol: (subject: string, request: RequestLike) => Promise<boolean>
  /** makes events and notices of what a part tells */
  readonly report: (report: PartReport) => void
}

/** The guard of one application. */
export type Guard = {
  /**
   * Judges a request; never throws or rejects. A promise only where a store has to be asked. For adapters: applications use
   * `express(guard)`, `node(guard)` and their like. With `late`, the nonce is made when the application reads it, and `late` is called once
   * with the headers that name it; without, every answer has one and the headers do not keep it from being cached.
   */
  readonly enter: (request: RequestLike, late?: SetHeaders) => Passage | Promise<Passage>
  /** some passages have a `hold`: access records are written before the answer goes out */
  readonly holds: boolean
  readonly sessions: Sessions
  readonly login: Login
  readonly headers: SecurityHeaders
  /** the check against cross-site requests; its tokens are for forms of old browsers, and need `keyring` or `secret` */
  readonly csrf: Csrf
  readonly limiter: Limiter
  readonly clientAddress: (request: RequestLike) => ClientAddress
  /** the decisions held, by the control plane or put there by tests and scripts */
  readonly decisions: DecisionSet
  /** tells people what happened to their account */
  readonly notices: Notices
  /** targets of redirects that stay here */
  readonly redirect: Redirects
  /** expiring URLs; throws `PPT_CONFIG_INVALID` when it is used without `keyring` and `secret` */
  readonly url: SignedUrls
  /** ids for the world; throws `PPT_CONFIG_INVALID` when it is used without `publicIds` */
  readonly id: PublicIds
  /** answers what the application throws; adapters use it */
  readonly errors: Errors
  /** what parts that are built beside the guard need of it */
  readonly parts: GuardParts
  /**
   * Whether whoever holds this session may enrol a new factor. Never while a decision flags his session, account or address: then it goes
   * through verified mail or an operator. Ask it at every enrolment, before a secret is shown.
   */
  readonly mayEnrol: (request: RequestLike) => Promise<EnrolmentVerdict>
  /**
   * To be called when a subject has set a new password by a verified way: lifts `require_reset` for it, ends its sessions and remembered
   * devices, and tells it. Rejects when the store does not answer.
   */
  readonly passwordChanged: (subject: string, request?: RequestLike) => Promise<void>
  /** the users of the application, for the control plane: who they are, where a mail about a reset reaches them, which roles they have */
  readonly subjects: {
    /**
     * Tells of users, in bounded batches: a list, or page by page out of a database. Told again they change nothing; nobody is removed.
     * Answers how many were taken, 0 without `controlPlane`. Errors: `PPT_CONTROL_PLANE`.
     */
    readonly import: (subjects: Importable) => Promise<{ readonly taken: number }>
  }
  /** what is known of a request that an adapter has let pass */
  readonly of: (request: object) => GuardContext | undefined
  /** for adapters */
  readonly remember: (request: object, context: GuardContext) => void
  /** for adapters: tells of trouble that they see */
  readonly diagnose: (code: 'framework_debug' | 'guard_error', detail: string) => void
  readonly status: () => GuardStatus
  /** sends what waits and stops following decisions */
  readonly close: () => Promise<void>
}
