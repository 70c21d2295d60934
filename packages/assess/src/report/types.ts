import type { Probe, ProbeKind } from '../probe.js'
import type { Exchange, Severity } from '../verdict.js'

/** Severities, the gravest first. */
export const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info']

/** One fault that was found, with the exchanges that show it. Masked. */
export type Finding = {
  /** of the check, such as `CFG-013` */
  readonly id: string
  readonly probe: string
  readonly category: Probe['family']
  readonly title: string
  /** what is wrong, where */
  readonly description: string
  /** what an attacker gains */
  readonly why: string
  readonly severity: Severity
  /** ISO 8601, UTC */
  readonly timestamp: string
  /** route, parameter or cookie; never a line number or a time */
  readonly locator: string
  readonly evidence: readonly Exchange[]
  readonly fix: string
  readonly cwe: number
  readonly asvs: readonly string[]
  /** the same for the same fault of the same target in every run: 32 hex digits of a hash over check, probe, target and locator */
  readonly fingerprint: string
}

/** Every statement of a run that is no finding. `because` is the control of a pass, the reason of everything else. */
export type Statement = {
  readonly id: string
  readonly probe: string
  readonly category: Probe['family']
  readonly title: string
  readonly verdict: 'pass' | 'inconclusive' | 'error' | 'skipped'
  readonly locator: string
  readonly because: string
  readonly evidence?: readonly Exchange[]
}

/** How collecting went. `facts` are what the judge was given, left out unless asked for, and when they were too large to keep. */
export type Outcome =
  | { readonly kind: 'facts'; readonly facts?: unknown; readonly doubt?: string }
  | { readonly kind: 'inconclusive' | 'error' | 'skipped'; readonly reason: string }

/** One probe of the run. */
export type ProbeRecord = {
  readonly probe: string
  readonly kind: ProbeKind
  /** ISO 8601, UTC: when it ended */
  readonly at: string
  readonly took_ms: number
  readonly requests: number
  readonly outcome: Outcome
}

/** The report of a run, as it is written with `--json`. Its schema is `attackReportSchema`. */
export type AttackReport = {
  readonly version: 1
  readonly run_id: string
  readonly target: string
  /** ISO 8601, UTC */
  readonly scan_date: string
  readonly took_ms: number
  readonly requests: number
  /** why the host may be attacked */
  readonly consent: 'loopback' | 'private' | 'token'
  /** `complete`: every probe made its statement or was skipped. `partial`: some could not. `failed`: the target could not be judged */
  readonly state: 'complete' | 'partial' | 'failed'
  /** why it is not complete */
  readonly reason?: string
  readonly total_findings: number
  readonly findings_by_severity: Readonly<Record<Severity, number>>
  readonly findings: readonly Finding[]
  readonly statements: readonly Statement[]
  readonly probes: readonly ProbeRecord[]
}
