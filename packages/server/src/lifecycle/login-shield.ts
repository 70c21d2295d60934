import type { AuditEntry, Clock } from '@parapet/core'
import type { LoginReport } from '@parapet/guard'
import type { Logger } from 'pino'
import type { NewNotice } from '../modules/notices/index.js'
import type { Operators } from '../modules/operators/index.js'
import { deviceName } from '../modules/sessions/index.js'

const OPERATOR_ID = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[\da-f]{4}-[\da-f]{12}$/

/**
 * Whom an attempt counts for: an operator by id, whatever spelling of the name was typed and whether it was a password or a code; a name
 * that nobody goes by as it is, folded.
 */
export const createSubjects =
  (operators: Pick<Operators, 'byName'>): ((typed: string) => Promise<string>) =>
  async (typed) => {
    const folded = typed.normalize('NFKC').trim().toLowerCase()
    if (OPERATOR_ID.test(folded)) return folded
    return (await operators.byName(typed.slice(0, 256)))?.id ?? folded
  }

/** Turns what the login shield tells into log lines and, where an operator was locked, into a notice and an entry of the record. */
export const createLoginReport = (deps: {
  operators: Pick<Operators, 'byName' | 'get'>
  log: Pick<Logger, 'info' | 'warn'>
  clock: Clock
  recordAct: (entry: AuditEntry) => Promise<void>
  tell: (operatorId: string, notice: NewNotice) => void
  /** his addresses lose the protection of an operator's */
  suspect: (operatorId: string) => void
}): ((report: LoginReport) => void) => {
  const { operators, log, clock, recordAct, tell, suspect } = deps
  const noteLock = async (report: LoginReport, address: string | undefined): Promise<void> => {
    const operator = OPERATOR_ID.test(report.subject) ? await operators.get(report.subject) : await operators.byName(report.subject)
    // a name that nobody goes by: strangers could write the record full
    if (operator === undefined) return
    suspect(operator.id)
    tell(operator.id, { kind: 'lockout', address, device: deviceName(report.request.header('user-agent')) })
    await recordAct({
      at: clock(),
      actor: { kind: 'system', id: 'login-shield' },
      action: 'operator.locked',
      resource: { type: 'operator', id: operator.id },
      outcome: 'success',
      ...(address === undefined ? {} : { address }),
      detail: { method: report.method, scope: report.lock ?? 'subject' },
    })
  }
  return (report) => {
    const { outcome, reason, lock, client, method } = report
    const address = client.kind === 'known' ? client.address : undefined
    log.info({ outcome, reason, lock, method, address }, 'sign-in attempt')
    if (outcome === 'failed' && (lock === 'subject' || lock === 'device'))
      noteLock(report, address).catch((error: unknown) => log.warn({ err: error }, 'a lock could not be noted'))
  }
}
