import type { AttackReport, Finding, Statement } from '@parapet/assess'
import { escapeText } from '../../output/escape.js'
import { formatCount, formatTook, inLevelColor, plural } from '../../output/format.js'
import type { Terminal } from '../../output/terminal.js'
import { wrap } from '../../output/width.js'

type Severity = Finding['severity']

const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info']
/** A shape beside the colour and the word: some read neither colours nor long words. */
const SHAPES: Readonly<Record<Severity, string>> = { critical: '◆', high: '▲', medium: '■', low: '●', info: '○' }
const MOST_EXCHANGES = 3

const inColor = (terminal: Terminal, severity: Severity, text: string): string =>
  inLevelColor(terminal.colors, severity === 'info' ? 'informational' : severity, text)

/** Running text under a label: `fix  …`, its further lines below its first. */
const labelled = (label: string, text: string, terminal: Terminal, indent = 4): string[] => {
  const { dim } = terminal.colors
  const pad = ' '.repeat(indent)
  const width = label.length + 2
  return wrap(escapeText(text), Math.max(20, terminal.textWidth - indent - width)).map((line, i) =>
    i === 0 ? `${pad}${dim(label)}  ${line}` : `${pad}${' '.repeat(width)}${line}`,
  )
}

const evidenceLines = (finding: Finding, terminal: Terminal): string[] => {
  const shown = finding.evidence.slice(0, MOST_EXCHANGES)
  const lines = shown.flatMap(({ as, method, url, status, note }) => {
    const answer = status === 0 ? 'no answer' : String(status)
    return labelled('seen', `${as}: ${method} ${url} → ${answer}${note === undefined ? '' : ` (${note})`}`, terminal)
  })
  const rest = finding.evidence.length - shown.length
  return rest > 0 ? [...lines, `    ${terminal.colors.dim(`and ${plural(rest, 'more exchange')} in the report`)}`] : lines
}

const formatFinding = (finding: Finding, terminal: Terminal): string => {
  const { bold, dim } = terminal.colors
  const { severity } = finding
  const head = `${inColor(terminal, severity, bold(`${SHAPES[severity]} ${severity.toUpperCase()}`))}  ${bold(escapeText(finding.title))}`
  return [
    head,
    dim(
      `    ${finding.id} · ${escapeText(finding.probe)} · CWE-${finding.cwe}${finding.asvs.length === 0 ? '' : ` · ASVS ${finding.asvs.join(', ')}`}`,
    ),
    ...labelled('at', finding.locator, terminal),
    ...wrap(escapeText(finding.description), Math.max(20, terminal.textWidth - 4)).map((line) => `    ${line}`),
    ...evidenceLines(finding, terminal),
    ...labelled('fix', finding.fix, terminal),
  ].join('\n')
}

/** Statements by what they say, so that eleven probes without a target file are one line and not eleven. */
const formatOpen = (title: string, statements: readonly Statement[], terminal: Terminal, paint: (text: string) => string): string[] => {
  if (statements.length === 0) return []
  const byReason = new Map<string, Set<string>>()
  for (const { probe, because } of statements) byReason.set(because, (byReason.get(because) ?? new Set()).add(probe))
  const lines: string[] = []
  for (const [because, probes] of byReason) {
    for (const line of wrap([...probes].map(escapeText).join(', '), Math.max(20, terminal.textWidth - 2))) lines.push(`  ${line}`)
    for (const line of wrap(escapeText(because), Math.max(20, terminal.textWidth - 4))) lines.push(`    ${terminal.colors.dim(line)}`)
  }
  return [`${terminal.colors.bold(paint(title))}\n${lines.join('\n')}`]
}

const countsOf = (report: AttackReport, terminal: Terminal): string =>
  SEVERITIES.filter((severity) => report.findings_by_severity[severity] > 0)
    .map((severity) => inColor(terminal, severity, `${report.findings_by_severity[severity]} ${severity}`))
    .join(', ')

const probesWith = (statements: readonly Statement[], ...verdicts: readonly Statement['verdict'][]): number =>
  new Set(statements.filter(({ verdict }) => verdicts.includes(verdict)).map(({ probe }) => probe)).size

/** The report for people: findings with their fixes, what could not be said and why, what was not tried, what held. */
export const formatAttack = (report: AttackReport, terminal: Terminal): string => {
  const { bold, dim, yellow, red, green } = terminal.colors
  const open = report.statements.filter(({ verdict }) => verdict === 'inconclusive' || verdict === 'error')
  const skipped = report.statements.filter(({ verdict }) => verdict === 'skipped')
  const failing = new Set(report.findings.map(({ probe }) => probe))
  const unsure = new Set(open.map(({ probe }) => probe))
  const held = [...new Set(report.statements.filter(({ verdict }) => verdict === 'pass').map(({ probe }) => probe))].filter(
    (probe) => !failing.has(probe) && !unsure.has(probe),
  )
  const sections = [
    ...(report.state === 'failed' ? [red(bold(`The target could not be judged: ${escapeText(report.reason ?? '')}`))] : []),
    ...report.findings.map((finding) => formatFinding(finding, terminal)),
    ...(report.state === 'failed' ? [] : formatOpen('No statement', open, terminal, yellow)),
    ...formatOpen('Not tried', skipped, terminal, yellow),
    ...(held.length === 0
      ? []
      : [
          `${bold(green('Held'))}\n${wrap(held.map(escapeText).join(', '), Math.max(20, terminal.textWidth - 2))
            .map((line) => `  ${dim(line)}`)
            .join('\n')}`,
        ]),
  ]
  const found =
    report.total_findings === 0
      ? bold(
          report.state === 'complete'
            ? 'Nothing found'
            : report.state === 'failed'
              ? 'Nothing could be found'
              : 'Nothing found in what could be judged',
        )
      : `${bold(plural(report.total_findings, 'finding'))} (${countsOf(report, terminal)})`
  const rest = [
    `${held.length} held`,
    ...(unsure.size > 0 ? [yellow(`${unsure.size} without a statement`)] : []),
    ...(skipped.length > 0 ? [yellow(`${probesWith(skipped, 'skipped')} not tried`)] : []),
    dim(`${plural(report.requests, 'request')} in ${formatTook(report.took_ms)}`),
  ]
  return [
    ...sections,
    `${found} at ${escapeText(report.target)}\n${formatCount(report.probes.length)} probes: ${rest.join(dim(' · '))}`,
  ].join('\n\n')
}
