import { type Clock, type Keyring, ParapetError, type RandomSource, type SecurityEvent, type Store, toProblem } from '@parapet/core'
import { type AccessAudit, createAccessAudit } from '../access-audit/access-audit.js'
import type { Assessment } from '../assessment/assessment.js'
import type { ClientAddress } from '../client-address/client-address.js'
import { createCspCollector } from '../csp-collector/csp-collector.js'
import { createErrors } from '../errors/errors.js'
import type { Errors } from '../errors/types.js'
import { accessEvent, cspEvent, errorEvent, tamperEvent } from '../events/part-events.js'
import { createPublicIds } from '../public-id/public-ids.js'
import type { PublicIds } from '../public-id/types.js'
import { createRedirects } from '../redirect/redirect.js'
import type { Redirects } from '../redirect/types.js'
import type { RequestLike } from '../request/guard-request.js'
import { createSignedUrls } from '../signed-url/signed-urls.js'
import type { SignedUrls } from '../signed-url/types.js'
import type { Case } from './case.js'
import type { DiagnosticCode } from './diagnostics.js'
import type { GuardSettings } from './options.js'
import type { Refusal } from './refusal.js'

/** The parts that keep nothing of requests, and the one that records them. */
export type LightParts = {
  readonly redirect: Redirects
  readonly url: () => SignedUrls
  readonly id: () => PublicIds
  readonly errors: Errors
  readonly audit: AccessAudit | undefined
  /** answers what is for the guard itself: reports of browsers, the consent to an assessment */
  readonly own: (c: Case) => Promise<Refusal | undefined> | undefined
  readonly close: () => void
}

/** Bytes of a body that a browser reports with; the collector has its own bound below. */
const MOST_REPORT = 262_144

const missing = (part: string, option: string): ParapetError =>
  new ParapetError('PPT_CONFIG_INVALID', `guard.${part} needs ${option}: give it to createGuard`)

/** The answer to every report, whatever became of it: who sends learns nothing. */
const taken = (id: string): Refusal => ({
  status: 204,
  headers: [],
  problem: toProblem('PPT_NOT_FOUND', { instance: id }),
  bare: true,
  reason: 'csp_report',
})

/** The answer to who asks whether this host may be attacked. */
const consented = (id: string, text: string): Refusal => ({
  status: 200,
  headers: [],
  problem: toProblem('PPT_NOT_FOUND', { instance: id }),
  plain: text,
  reason: 'assessment',
})

/** Builds the light parts from the options of the guard. Throws `PPT_CONFIG_INVALID`. */
export const createLightParts = (deps: {
  readonly settings: GuardSettings
  readonly keyring: Keyring | undefined
  readonly store: Store
  readonly clock: Clock
  readonly random: RandomSource
  readonly emit: (event: SecurityEvent) => void
  readonly tell: (code: DiagnosticCode, detail: string) => void
  readonly clientAddress: (request: RequestLike) => ClientAddress
  readonly assessment: Assessment | undefined
}): LightParts => {
  const { settings, keyring, store, clock, random, emit, tell } = deps
  const { options } = settings

  const created = createErrors({
    ...options.errors,
    publicOrigins: settings.origins,
    ...(options.masker === undefined ? {} : { masker: options.masker }),
    clock,
    random,
  })
  const errors: Errors = {
    ...created,
    answer: (error, about) => {
      const answer = created.answer(error, about)
      const { status, code, instance } = answer.problem
      if (status >= 500) emit(errorEvent(clock(), instance.replace('urn:uuid:', ''), code, status))
      return answer
    },
  }

  const signed =
    keyring === undefined
      ? undefined
      : createSignedUrls({
          ...options.signedUrls,
          keyring,
          store,
          clock,
          random,
          report: (report) => emit(tamperEvent(report, report.request === undefined ? undefined : deps.clientAddress(report.request))),
        })
  if (options.publicIds !== undefined && keyring === undefined) throw missing('id', 'keyring or secret')
  const ids =
    options.publicIds === undefined || keyring === undefined
      ? undefined
      : createPublicIds({ keyring, types: options.publicIds, clock, report: (report) => emit(tamperEvent(report)) })

  const audit =
    options.accessAudit === undefined
      ? undefined
      : createAccessAudit({
          ...options.accessAudit,
          publicIds: Object.keys(options.publicIds ?? {}),
          sink: options.accessAudit.sink ?? {
            record: async (entries) => {
              for (const entry of entries) emit(accessEvent(entry))
            },
          },
          clock,
          report: ({ kind, count, reason }) =>
            tell(
              'access_records_lost',
              kind === 'dropped' ? `${count} access records were lost: ${reason}` : `access records could not be written: ${reason}`,
            ),
        })

  const { path: _path, ...bounds } = options.reports ?? { path: '' }
  const collector =
    options.reports === undefined
      ? undefined
      : createCspCollector({
          ...bounds,
          origins: settings.origins,
          clock,
          clientAddress: deps.clientAddress,
          report: (reports) => {
            for (const report of reports) emit(cspEvent(report))
          },
        })

  return {
    redirect: createRedirects({
      ...options.redirect,
      // an absolute URL of the application itself leads nowhere else
      origins: [...settings.origins, ...(options.redirect?.origins ?? [])],
      clock,
      report: (report) => emit(tamperEvent(report)),
    }),
    url: () => {
      if (signed === undefined) throw missing('url', 'keyring or secret')
      return signed
    },
    id: () => {
      if (ids === undefined) throw missing('id', 'publicIds')
      return ids
    },
    errors,
    audit,
    own: (c) => {
      const consent = deps.assessment?.answer(c.request.method, c.path)
      if (consent !== undefined) return Promise.resolve(consented(c.id(), consent))
      if (collector === undefined || settings.isReports === undefined || !settings.isReports(c.request.method, c.path)) return undefined
      return (async () => {
        const body = await c.request.body?.(MOST_REPORT)
        if (body !== undefined) collector.take(c.request, body)
        return taken(c.id())
      })()
    },
    close: () => collector?.flush(),
  }
}
