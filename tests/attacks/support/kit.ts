import { type AttackReport, chooseProbes, PROBES, readTarget, runAttack } from '@parapet/assess'
import { findProgram } from '@parapet/testkit'
import { withoutIds } from './expected.js'

/** Attacks a site with all probes, or those named. */
export const attack = (url: string, targetFile: string, only?: readonly string[]): Promise<AttackReport> =>
  runAttack({
    url,
    target: readTarget(targetFile, 'attack.yml', {}),
    probes: only === undefined ? PROBES : chooseProbes(PROBES, { only }),
    options: { insecure: true, browserPath: findProgram('chromium') },
  })

/** Each finding as `probe @ place`, sorted. */
export const foundIn = (report: AttackReport): readonly string[] =>
  [...new Set(report.findings.map(({ probe, locator }) => `${probe} @ ${withoutIds(locator)}`))].toSorted()

/** What a run came to, in a few lines for people. */
export const figuresOf = (name: string, report: AttackReport): string => {
  const counts = new Map<string, number>([['fail', report.findings.length]])
  for (const { verdict } of report.statements) counts.set(verdict, (counts.get(verdict) ?? 0) + 1)
  const slowest = report.probes.toSorted((a, b) => b.took_ms - a.took_ms).slice(0, 6)
  return [
    `${name}: ${report.probes.length} probes, ${report.requests} requests, ${(report.took_ms / 1_000).toFixed(1)} s, ${report.state}`,
    [...counts].map(([verdict, count]) => `${count} ${verdict}`).join(', '),
    `slowest: ${slowest.map(({ probe, took_ms }) => `${probe} ${(took_ms / 1_000).toFixed(1)} s`).join(', ')}`,
  ].join('\n  ')
}
