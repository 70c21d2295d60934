import type { SecurityEvent } from '@parapet/core'
import type { ClientAddress } from '../client-address/client-address.js'
import { campaignEvent, credentialEvent, sessionEvent } from '../events/part-events.js'
import { loginEvent } from '../events/security-events.js'
import type { GeoLookup } from '../geo/types.js'
import type { LoginReport } from '../login/report.js'
import type { CampaignReport } from '../login/types.js'
import type { KnownPlaces } from '../notices/known-places.js'
import type { NoticeInput, Notices } from '../notices/types.js'
import type { GuardRequest, RequestLike } from '../request/guard-request.js'
import type { SessionReport } from '../session/types.js'

/** What parts outside of the guard report: second factors, passkeys, passwords. Told apart by `kind`. */
export type PartReport = { readonly kind: string; readonly at: number; readonly subject: string }

/** Turns what parts tell into events for the control plane and notices for people. */
export type Reports = {
  readonly login: (report: LoginReport) => void
  readonly session: (report: SessionReport, request: GuardRequest | undefined) => void
  readonly campaign: (report: CampaignReport) => void
  readonly part: (report: PartReport) => void
}

/** A text below `report`, wherever a part keeps it. */
const textAt = (report: object, ...path: readonly string[]): string | undefined => {
  let value: unknown = report
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[name]
  }
  return typeof value === 'string' ? value : undefined
}

/** Kinds of reports that tell of something that did not work. */
const FAILURES = /refused|failed|cloned|rejected|invalid/

/** Builds the translation. Nothing here throws: a listener that fails must not decide who gets in. */
export const createReports = (deps: {
  readonly emit: (event: SecurityEvent) => void
  readonly notices: Notices
  readonly clientAddress: (request: RequestLike) => ClientAddress
  readonly canonical: (name: string) => string | Promise<string>
  readonly deviceCookies: () => boolean
  readonly geo: GeoLookup | undefined
  readonly places: KnownPlaces
}): Reports => {
  const { emit, notices } = deps

  const from = (request: GuardRequest | undefined, client: ClientAddress | undefined): Pick<NoticeInput, 'address' | 'userAgent'> => ({
    address: client?.kind === 'known' ? client.address : undefined,
    userAgent: request?.header('user-agent'),
  })

  /** Beside the request: who signs in need not wait for a mail. */
  const afterLogin = async (report: LoginReport): Promise<void> => {
    try {
      const subject = await deps.canonical(report.subject)
      const about = { subject, at: report.at, ...from(report.request, report.client) }
      if (report.method === 'recovery_code') notices.tell({ ...about, kind: 'recovery_code_used' })
      const country = report.client.kind === 'known' ? deps.geo?.lookup(report.client.address)?.country : undefined
      const abroad = country !== undefined && (await deps.places.isNew(subject, country))
      if (abroad) notices.tell({ ...about, kind: 'new_country', country })
      else if (report.device === 'unknown' && deps.deviceCookies()) notices.tell({ ...about, kind: 'new_device', country })
    } catch {
      // a store that is away: the sign-in is in the events, and no notice is better than a wrong one
    }
  }

  const lockedOut = async (report: LoginReport): Promise<void> => {
    try {
      notices.tell({
        kind: 'locked_out',
        subject: await deps.canonical(report.subject),
        at: report.at,
        ...from(report.request, report.client),
      })
    } catch {
      // as above
    }
  }

  const part = (report: PartReport): void => {
    const factor = textAt(report, 'factor', 'kind') ?? textAt(report, 'factor')
    const name = textAt(report, 'factor', 'name') ?? factor
    emit(
      credentialEvent(
        report.at,
        report.subject,
        `factor-${report.kind.replaceAll('_', '-')}`,
        FAILURES.test(report.kind) ? 'failure' : 'success',
        {
          reason: textAt(report, 'reason'),
          factor,
        },
      ),
    )
    const about = { subject: report.subject, at: report.at }
    if (report.kind === 'enrolled' || report.kind === 'registered') notices.tell({ ...about, kind: 'factor_added', detail: name })
    else if (report.kind === 'removed' || report.kind === 'reset') notices.tell({ ...about, kind: 'factor_removed', detail: name })
    else if (report.kind === 'verified' && factor === 'recovery_code') notices.tell({ ...about, kind: 'recovery_code_used' })
  }

  return {
    login: (report) => {
      emit(loginEvent(report))
      if (report.outcome === 'ok') void afterLogin(report)
      // the attempt that set the lock, and only where somebody goes by the name
      else if (report.outcome === 'failed' && report.lock === 'subject' && report.reason !== 'unknown_user') void lockedOut(report)
    },
    session: (report, request) => {
      const client = request === undefined ? undefined : deps.clientAddress(request)
      emit(sessionEvent(report, request, client))
      if (report.kind === 'started' || report.kind === 'signed_out') return
      const about = { subject: report.subject, at: report.at, ...from(request, client) }
      if (report.kind === 'at_risk') {
        if (report.risk.kind !== 'none' && report.risk.kind !== 'observe') notices.tell({ ...about, kind: 'session_hijack' })
      } else if (report.reason === 'risk' || report.reason === 'address_changed' || report.reason === 'replayed')
        notices.tell({ ...about, kind: 'session_hijack' })
      else if (report.reason === 'revoked') notices.tell({ kind: 'session_revoked', subject: report.subject, at: report.at })
    },
    campaign: (report) => emit(campaignEvent(report)),
    part,
  }
}
