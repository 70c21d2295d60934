import type { AuditEntry, Clock } from '@parapet/core'
import type { SessionReport } from '@parapet/guard'
import type { Logger } from 'pino'
import type { NewNotice } from '../modules/notices/index.js'

/** What becomes of a session at risk, in words for its operator. */
const OUTCOME: Readonly<Partial<Record<Extract<SessionReport, { kind: 'at_risk' }>['risk']['kind'], string>>> = {
  step_up: 'It has to prove itself before it does anything of weight.',
  rotate: 'It goes on under a new id, and has to prove itself before it does anything of weight.',
  revoke: 'It was ended.',
}

/**
 * Turns what sessions have to tell into log lines and, where one looks like somebody else's, into a notice and an entry of the record.
 * Sessions that an operator or an admin ended are told of where that was done.
 */
export const createSessionReport = (deps: {
  log: Pick<Logger, 'info' | 'warn'>
  clock: Clock
  recordAct: (entry: AuditEntry) => Promise<void>
  tell: (operatorId: string, notice: NewNotice) => void
  /** his addresses lose the protection of an operator's */
  suspect: (operatorId: string) => void
}): ((report: SessionReport) => void) => {
  const { log, clock, recordAct, tell, suspect } = deps
  return (report) => {
    if (report.kind === 'revoked') {
      log.info({ operator: report.subject, sessions: report.ids.length, reason: report.reason }, 'sessions were ended')
      return
    }
    // signing in and out is in the record already
    if (report.kind !== 'at_risk') return
    const { kind, signals } = report.risk
    log.warn({ operator: report.subject, risk: kind, signals }, 'a session looks like somebody else\u2019s')
    const detail = OUTCOME[kind]
    if (detail === undefined) return
    suspect(report.subject)
    tell(report.subject, { kind: 'session_at_risk', device: report.device, detail })
    recordAct({
      at: clock(),
      actor: { kind: 'system', id: 'sessions' },
      action: 'session.at_risk',
      resource: { type: 'session', id: report.id },
      outcome: 'success',
      detail: { operator: report.subject, risk: kind, signals: signals.join(' ') },
    }).catch((error: unknown) => log.warn({ err: error }, 'a session at risk could not be noted'))
  }
}
