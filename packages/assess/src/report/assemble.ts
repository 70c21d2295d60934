import { createHash } from 'node:crypto'
import { createMasker } from '@parapet/privacy'
import type { Probe } from '../probe.js'
import type { Exchange, ProbeVerdict, Severity } from '../verdict.js'
import { SEVERITIES, type AttackReport, type Finding, type ProbeRecord, type Statement } from './types.js'

/** Characters of one text in a report, and exchanges of one verdict. */
const LONGEST = { text: 1_000, excerpt: 300, header: 500, url: 500 } as const
const MOST = { exchanges: 4, headers: 12, verdicts: 100 } as const

const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text)

/** Hides secrets and personal data; the exact secrets of the target file first, which no rule could know. */
export type Hide = (text: string) => string

/** Building one takes longer than a whole report. */
let shared: ReturnType<typeof createMasker> | undefined

/** Builds {@link Hide}: `secrets` are the passwords and authenticator secrets of the declared accounts. */
export const createHide = (secrets: readonly string[]): Hide => {
  const masker = (shared ??= createMasker())
  const known = [...new Set(secrets)].filter((secret) => secret.length >= 6).toSorted((a, b) => b.length - a.length)
  return (text) => masker.content(known.reduce((rest, secret) => rest.replaceAll(secret, '[test secret]'), text))
}

/** Values of cookies are sessions; what stands behind them (flags, paths) is what a finding is about. */
const hideCookies = (name: string, value: string): string => {
  if (name !== 'set-cookie' && name !== 'cookie') return value
  return value.replaceAll(/(^|[;,]\s?)([\w.$-]{1,100})=([^;,]{8,})/g, (whole, lead: string, key: string, secret: string) =>
    /^(?:path|domain|expires|max-age|samesite|priority)$/i.test(key) ? whole : `${lead}${key}=[${secret.length} characters]`,
  )
}

const hideExchange = (exchange: Exchange, hide: Hide): Exchange => ({
  as: cut(hide(exchange.as), LONGEST.header),
  method: cut(exchange.method, 20),
  url: cut(hide(exchange.url), LONGEST.url),
  status: exchange.status,
  ...(exchange.headers === undefined
    ? {}
    : {
        headers: Object.fromEntries(
          Object.entries(exchange.headers)
            .slice(0, MOST.headers)
            .map(([name, value]) => [cut(name, 100), cut(hide(hideCookies(name.toLowerCase(), value)), LONGEST.header)]),
        ),
      }),
  ...(exchange.excerpt === undefined ? {} : { excerpt: hide(cut(exchange.excerpt, LONGEST.excerpt)) }),
  ...(exchange.note === undefined ? {} : { note: cut(hide(exchange.note), LONGEST.text) }),
})

const hideEvidence = (evidence: readonly Exchange[], hide: Hide): readonly Exchange[] =>
  evidence.slice(0, MOST.exchanges).map((exchange) => hideExchange(exchange, hide))

/** The same fault of the same target has the same one in every run. */
export const fingerprintOf = (id: string, probe: string, target: string, locator: string): string =>
  createHash('sha256')
    .update(JSON.stringify([id, probe, target, locator]))
    .digest('hex')
    .slice(0, 32)

/** What a probe says of what was collected: its judge's verdicts, or the one statement that follows from an outcome without facts. */
export const verdictsOf = (probe: Probe, outcome: ProbeRecord['outcome']): readonly ProbeVerdict[] => {
  if (outcome.kind !== 'facts') return [{ verdict: outcome.kind, locator: 'target', reason: outcome.reason }]
  if (!('facts' in outcome))
    return [
      { verdict: 'error', locator: 'target', reason: 'what it collected was not kept, or was too large to keep; run the probe again' },
    ]
  let verdicts: readonly ProbeVerdict[]
  try {
    verdicts = probe.judge(outcome.facts).slice(0, MOST.verdicts)
  } catch (error) {
    return [
      {
        verdict: 'error',
        locator: 'target',
        reason: `the kit failed to judge what it saw: ${error instanceof Error ? error.message : 'unknown'}`,
      },
    ]
  }
  if (verdicts.length === 0) return [{ verdict: 'error', locator: 'target', reason: 'the probe made no statement' }]
  const { doubt } = outcome
  if (doubt === undefined) return verdicts
  // what was found stays found; that nothing was found means nothing when the target was not well
  return verdicts.map((verdict) =>
    verdict.verdict === 'pass' ? { verdict: 'inconclusive', locator: verdict.locator, reason: doubt } : verdict,
  )
}

const findingOf = (probe: Probe, verdict: ProbeVerdict & { verdict: 'fail' }, target: string, at: string, hide: Hide): Finding => ({
  id: probe.id,
  probe: probe.name,
  category: probe.family,
  title: probe.title,
  description: cut(hide(verdict.says), LONGEST.text),
  why: probe.why,
  severity: verdict.severity ?? probe.severity,
  timestamp: at,
  locator: cut(hide(verdict.locator), LONGEST.header),
  evidence: hideEvidence(verdict.evidence, hide),
  fix: probe.fix,
  cwe: probe.cwe,
  asvs: probe.asvs,
  fingerprint: fingerprintOf(probe.id, probe.name, target, verdict.locator),
})

const statementOf = (probe: Probe, verdict: Exclude<ProbeVerdict, { verdict: 'fail' }>, hide: Hide): Statement => ({
  id: probe.id,
  probe: probe.name,
  category: probe.family,
  title: probe.title,
  verdict: verdict.verdict,
  locator: cut(hide(verdict.locator), LONGEST.header),
  because: cut(hide(verdict.verdict === 'pass' ? verdict.control : verdict.reason), LONGEST.text),
  ...('evidence' in verdict && verdict.evidence !== undefined ? { evidence: hideEvidence(verdict.evidence, hide) } : {}),
})

/** What is known of a run beside its probes. */
export type RunFacts = Pick<AttackReport, 'run_id' | 'target' | 'scan_date' | 'took_ms' | 'requests' | 'consent'> & {
  /** the target could not be judged at all, or the run was ended */
  readonly stopped?: { readonly state: 'partial' | 'failed'; readonly reason: string }
}

const rank = (severity: Severity): number => SEVERITIES.indexOf(severity)

/**
 * Makes the report of what was collected. Pure: the same records and probes give the same report. `live` are facts that are judged now but
 * were too large to keep.
 */
export const assemble = (
  run: RunFacts,
  records: readonly ProbeRecord[],
  probes: readonly Probe[],
  hide: Hide,
  live: ReadonlyMap<string, unknown> = new Map(),
): AttackReport => {
  const findings: Finding[] = []
  const statements: Statement[] = []
  for (const record of records) {
    const probe = probes.find(({ name }) => name === record.probe)
    if (probe === undefined) continue
    const kept = record.outcome
    const outcome = kept.kind === 'facts' && !('facts' in kept) && live.has(probe.name) ? { ...kept, facts: live.get(probe.name) } : kept
    for (const verdict of verdictsOf(probe, outcome)) {
      if (verdict.verdict === 'fail') findings.push(findingOf(probe, verdict, run.target, record.at, hide))
      else statements.push(statementOf(probe, verdict, hide))
    }
  }
  findings.sort((a, b) => rank(a.severity) - rank(b.severity) || a.id.localeCompare(b.id) || a.locator.localeCompare(b.locator))
  const open = new Set(statements.filter(({ verdict }) => verdict === 'inconclusive' || verdict === 'error').map(({ probe }) => probe))
  const state = run.stopped?.state ?? (open.size > 0 ? 'partial' : 'complete')
  const reason = run.stopped?.reason ?? (open.size > 0 ? `${open.size} of ${records.length} probes could make no statement` : undefined)
  const { stopped: _stopped, ...known } = run
  return {
    version: 1,
    ...known,
    state,
    ...(reason === undefined ? {} : { reason: hide(reason) }),
    total_findings: findings.length,
    findings_by_severity: Object.fromEntries(
      SEVERITIES.map((severity) => [severity, findings.filter((finding) => finding.severity === severity).length]),
    ) as AttackReport['findings_by_severity'],
    findings,
    statements,
    probes: records,
  }
}

/** Judges the facts of an earlier report by the probes of today, with nothing sent. Probes that are not there any more are left out. */
export const judgeAgain = (report: AttackReport, probes: readonly Probe[]): AttackReport => {
  const { run_id, target, scan_date, took_ms, requests, consent, state, reason } = report
  const stopped = state === 'failed' ? { stopped: { state, reason: reason ?? 'the run was ended' } } : {}
  return assemble({ run_id, target, scan_date, took_ms, requests, consent, ...stopped }, report.probes, probes, createHide([]))
}
