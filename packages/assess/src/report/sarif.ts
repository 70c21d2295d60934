import type { Severity } from '../verdict.js'
import type { AttackReport, Finding } from './types.js'

const LEVELS: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  info: 'note',
}
/** Scores by which code hosts sort security results. */
const SCORES: Readonly<Record<Severity, string>> = { critical: '9.5', high: '8.0', medium: '5.5', low: '3.0', info: '0.0' }

const ruleOf = (finding: Finding): object => ({
  id: finding.probe,
  name: finding.probe,
  shortDescription: { text: finding.title },
  fullDescription: { text: finding.why },
  help: { text: finding.fix },
  properties: {
    tags: ['security', `external/cwe/cwe-${finding.cwe}`, ...finding.asvs.map((id) => `ASVS-${id}`)],
    'security-severity': SCORES[finding.severity],
  },
})

/**
 * The findings as SARIF 2.1.0, for code hosts and dashboards. Places are those of a running application, so they are logical locations; the
 * fingerprint keeps one fault one fault over runs. Source: OASIS SARIF 2.1.0.
 */
export const toSarif = (report: AttackReport, version: string): object => {
  const rules = [...new Map(report.findings.map((finding) => [finding.probe, finding])).values()]
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Parapet', semanticVersion: version, rules: rules.map(ruleOf) } },
        automationDetails: { id: `parapet-attack/${report.run_id}` },
        invocations: [
          {
            executionSuccessful: report.state !== 'failed',
            startTimeUtc: report.scan_date,
            toolExecutionNotifications: report.statements
              .filter(({ verdict }) => verdict !== 'pass')
              .map(({ probe, verdict, because }) => ({
                level: verdict === 'skipped' ? 'note' : 'warning',
                message: { text: `${probe}: ${verdict}: ${because}` },
              })),
          },
        ],
        results: report.findings.map((finding) => ({
          ruleId: finding.probe,
          ruleIndex: rules.findIndex(({ probe }) => probe === finding.probe),
          level: LEVELS[finding.severity],
          message: { text: `${finding.description} ${finding.fix}` },
          locations: [{ logicalLocations: [{ fullyQualifiedName: finding.locator, kind: 'resource' }] }],
          partialFingerprints: { 'parapet/v1': finding.fingerprint },
        })),
      },
    ],
  }
}
